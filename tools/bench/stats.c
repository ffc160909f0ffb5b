/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXACT 25 /* the ways to choose 25 of 50 are still a whole number in a double */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Those that are numbers, ascending; room for STATS_MAX. */
static size_t sorted(const double *v, size_t n, double *to)
{
	size_t k = 0;

	for (size_t i = 0; i < n && k < STATS_MAX; i++)
		if (!isnan(v[i]))
			to[k++] = v[i];
	qsort(to, k, sizeof(*to), by_value);
	return k;
}

struct spread stats_spread(const double *v, size_t n)
{
	double s[STATS_MAX];
	size_t k = sorted(v, n, s);

	if (!k)
		return (struct spread){NAN, NAN, NAN, 0};
	return (struct spread){k % 2 ? s[k / 2] : (s[k / 2 - 1] + s[k / 2]) / 2, s[0], s[k - 1], k};
}

struct spread stats_ratios(const double *a, const double *b, size_t n)
{
	double r[STATS_MAX];

	if (n > STATS_MAX)
		n = STATS_MAX;
	for (size_t i = 0; i < n; i++)
		r[i] = b[i] > 0 ? a[i] / b[i] : NAN;
	return stats_spread(r, n);
}

/* ---- Mann-Whitney ---- */

struct ranked {
	double v;
	bool first; /* it is one of a's */
};

static int by_rank(const void *a, const void *b)
{
	return by_value(&((const struct ranked *)a)->v, &((const struct ranked *)b)->v);
}

/* Of all ways to choose which n of n + m values are a's, the share whose U is at most u. The number of ways
 * to reach each U follows from whether the greatest value is one of a's: w(n, m, u) = w(n - 1, m, u - m) +
 * w(n, m - 1, u). */
static double share_below(size_t n, size_t m, size_t u)
{
	static double ways[MAX_EXACT + 1]
			  [MAX_EXACT * MAX_EXACT + 1]; /* by how many are a's; of b's, the row's */
	double below = 0, all = 0;

	memset(ways, 0, sizeof(ways));
	for (size_t i = 0; i <= n; i++)
		ways[i][0] = 1; /* without any of b's */
	for (size_t j = 1; j <= m; j++)
		for (size_t i = 1; i <= n; i++)
			for (size_t k = i * j + 1; k-- > j;)
				ways[i][k] += ways[i - 1][k - j];
	for (size_t k = 0; k <= n * m; k++) {
		all += ways[n][k];
		below += k <= u ? ways[n][k] : 0;
	}
	return below / all;
}

static double normal_p(double u, double n, double m, double ties)
{
	double both = n + m, variance = n * m / 12 * (both + 1 - ties / (both * (both - 1)));

	if (!(variance > 0))
		return 1; /* all are equal */
	double z = (fabs(u - n * m / 2) - 0.5) / sqrt(variance);
	return z <= 0 ? 1 : erfc(z / sqrt(2));
}

double stats_mann_whitney(const double *a, size_t n, const double *b, size_t m)
{
	struct ranked all[2 * STATS_MAX];
	size_t in_a = 0, k = 0;
	double ranks = 0, ties = 0;

	for (size_t i = 0; i < n && i < STATS_MAX; i++)
		if (!isnan(a[i]))
			all[k++] = (struct ranked){a[i], true};
	in_a = k;
	for (size_t i = 0; i < m && i < STATS_MAX; i++)
		if (!isnan(b[i]))
			all[k++] = (struct ranked){b[i], false};
	n = in_a;
	m = k - in_a;
	if (!n || !m)
		return 1;
	qsort(all, k, sizeof(*all), by_rank);
	for (size_t i = 0, end; i < k; i = end) {
		for (end = i + 1; end < k && all[end].v <= all[i].v; end++)
			;
		double t = (double)(end - i), rank = (double)(i + 1 + end) / 2;
		ties += t * t * t - t;
		for (size_t j = i; j < end; j++)
			ranks += all[j].first ? rank : 0;
	}
	double u = ranks - (double)(n * (n + 1)) / 2;
	if (ties > 0 || n > MAX_EXACT || m > MAX_EXACT)
		return normal_p(u, (double)n, (double)m, ties);
	double p = 2 * share_below(n, m, (size_t)fmin(u, (double)(n * m) - u));
	return p < 1 ? p : 1;
}

double stats_least_p(size_t n, size_t m)
{
	double ways = 1;

	for (size_t i = 1; i <= n; i++)
		ways = ways * (double)(m + i) / (double)i;
	return ways > 2 ? 2 / ways : 1;
}

struct ordered {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	return by_value(&((const struct ordered *)a)->p, &((const struct ordered *)b)->p);
}

void stats_benjamini_hochberg(const double *p, size_t n, double *to)
{
	struct ordered *o = calloc(n + 1, sizeof(*o));
	double least = 1;

	for (size_t i = 0; i < n; i++) {
		if (o)
			o[i] = (struct ordered){p[i], i};
		to[i] = o ? p[i] : 1; /* without memory nothing is significant */
	}
	if (o)
		qsort(o, n, sizeof(*o), by_p);
	for (size_t i = n; o && i-- > 0;) {
		least = fmin(least, o[i].p * (double)n / (double)(i + 1));
		to[o[i].at] = least;
	}
	free(o);
}
