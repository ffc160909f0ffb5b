/* SPDX-License-Identifier: Apache-2.0 */
/* Results of results.h to a person. Each returns an exit status and has said what is wrong: 2 for a bad file,
 * 1 for what cannot be written. */
#ifndef WARREN_TOOLS_BENCH_PRESENT_H
#define WARREN_TOOLS_BENCH_PRESENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The table to standard output, the page to the file html (NULL: none; - is standard output). */
int present_results(const cJSON *results, const char *html, bool table);
/* The same of a file. */
int present_file(const char *path, const char *html);
/* 1 also if something became slower by more than fail_over percent (< 0: not asked for). */
int present_comparison(const char *before, const char *after, double fail_over);

#endif
