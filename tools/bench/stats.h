/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics over rounds. A value that is NAN is a round that failed, and is passed over. */
#ifndef WARREN_TOOLS_BENCH_STATS_H
#define WARREN_TOOLS_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_MAX 1000 /* rounds that are looked at */

struct spread {
	double median, low, high; /* NAN if n is 0 */
	size_t n;
};

struct spread stats_spread(const double *v, size_t n);
/* Of a[i] / b[i], each of one round; the first `n` of both. */
struct spread stats_ratios(const double *a, const double *b, size_t n);

/* The two-sided p of the Mann-Whitney U test, whether a and b are of one distribution: exact if all values
 * differ and each has at most 25, else by the normal approximation with corrections for ties and continuity.
 * 1 if one of them is empty. */
double stats_mann_whitney(const double *a, size_t n, const double *b, size_t m);
/* The smallest p that so many rounds can give. */
double stats_least_p(size_t n, size_t m);
/* Benjamini-Hochberg: to[i] <= q holds for the discoveries at a false discovery rate of q. May be in place.
 */
void stats_benjamini_hochberg(const double *p, size_t n, double *to);

#endif
