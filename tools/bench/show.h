/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of figures. */
#ifndef WARREN_TOOLS_BENCH_SHOW_H
#define WARREN_TOOLS_BENCH_SHOW_H

#include "figures.h"
#include <stdio.h>

#define SHOW_FALSE_DISCOVERY 0.05 /* the rate at which a difference is called significant */

struct shown {
	char s[48];
};

/* Three digits and a unit, with nothing between them: 2.88us; NAN is "-". */
struct shown show_ns(double ns);
/* Three digits: 1.04, 10.9, 123. */
struct shown show_ratio(double ratio);
/* 1.04 0.98-1.10: the median, the lowest and the highest; the median alone if that is wider than `room`. */
struct shown show_spread(struct spread s, size_t room);
struct shown show_count(double count); /* 12,345 */
/* "25.3 GB", of bytes */
struct shown show_bytes(double bytes);

/* table.c: everything, in at most 100 columns. */
void table_print(FILE *to, const struct figures *f);

/* html.c: one page that needs nothing else. */
void html_print(FILE *to, const struct figures *f);

/* compare.c: what changed in warren's own figures. 1 if something became slower by more than fail_over
 * percent, significantly, and fail_over is not negative; else 0, or a negative errno. */
int compare_print(FILE *to, const struct figures *before, const struct figures *after, double fail_over);

#endif
