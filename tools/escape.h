/* SPDX-License-Identifier: Apache-2.0 */
/* Text that may hold any bytes, for those who read it. */
#ifndef WARREN_TOOLS_ESCAPE_H
#define WARREN_TOOLS_ESCAPE_H

#include <stdio.h>

/* As UTF-8: what is not becomes U+FFFD. For free(); NULL: no memory. */
char *escape_utf8(const char *s);
/* In the content or a quoted attribute of XML and HTML. What XML 1.0 cannot hold, even escaped, becomes '?'.
 */
void escape_xml(FILE *f, const char *s);
/* On a terminal, at most `most` characters: what would move the cursor becomes '?'. The number of characters.
 */
int escape_terminal(FILE *f, const char *s, int most);

#endif
