/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong words: what was meant instead. */
#ifndef WARREN_TOOLS_WORDS_H
#define WARREN_TOOLS_WORDS_H

#include <argp.h>

/* The one of names (NULL-terminated) that a typing error may have made word of; NULL: none is close. */
const char *words_closest(const char *word, const char *const names[]);
/* Splits a line as a shell does, with its quotes and backslashes and nothing else of it. *ret:
 * NULL-terminated, malloc as each word is. -EINVAL: a quote is not closed; -ENOMEM. */
int words_split(const char *line, char ***ret);
void words_free(char **words);
/* Looks for options that argp does not know, or whose argument is missing, in front of the program; says so
 * in one line that begins with command. 0 or -EINVAL. */
int words_check(const struct argp *argp, const char *command, char *const argv[]);

#endif
