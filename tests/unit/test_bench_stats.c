/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics of warren bench, against known values (R, SciPy). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../tools/bench/stats.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void near(double is, double should, double within)
{
	if (!(fabs(is - should) <= within))
		fail_msg("%.10g is not %.10g", is, should);
}

static void spreads(void **state)
{
	const double v[] = {3, NAN, 1, 2}, even[] = {4, 1, 3, 2}, none[] = {NAN};
	struct spread s = stats_spread(v, N(v));

	(void)state;
	near(s.median, 2, 0);
	near(s.low, 1, 0);
	near(s.high, 3, 0);
	assert_int_equal(s.n, 3);
	near(stats_spread(even, N(even)).median, 2.5, 0);
	assert_true(isnan(stats_spread(none, 1).median));
	assert_int_equal(stats_spread(NULL, 0).n, 0);
}

/* The median of the ratios is not the ratio of the medians. */
static void ratios(void **state)
{
	const double a[] = {10, 40, 30, 7}, b[] = {10, 10, 15, NAN}, zero[] = {0, 0, 0, 0};
	struct spread s = stats_ratios(a, b, 4);

	(void)state;
	near(s.median, 2, 1e-12);
	near(s.low, 1, 1e-12);
	near(s.high, 4, 1e-12);
	assert_int_equal(s.n, 3);
	assert_int_equal(stats_ratios(a, zero, 4).n, 0);
}

/* wilcox.test(x, y): the example of its manual, and samples that lie apart. */
static void mann_whitney_exact(void **state)
{
	const double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
	const double y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
	const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10}, mixed[] = {1.5, 0.5, 3.5, 5.5, 4.5};

	(void)state;
	near(stats_mann_whitney(x, N(x), y, N(y)), 0.2544122544, 1e-9);
	near(stats_mann_whitney(y, N(y), x, N(x)), 0.2544122544, 1e-9);
	near(stats_mann_whitney(low, 5, high, 5), 2.0 / 252, 1e-12);
	near(stats_mann_whitney(low, 3, high, 3), 0.1, 1e-12);
	near(stats_mann_whitney(low, 5, mixed, 5), 1, 1e-12);
	near(stats_mann_whitney(low, 1, high, 1), 1, 1e-12);
}

/* mannwhitneyu(a, b, method='asymptotic'), which corrects for continuity as wilcox.test(exact = FALSE) does.
 */
static void mann_whitney_ties(void **state)
{
	const double a[] = {1, 2, 2, 3, 5, 5, 6}, b[] = {2, 4, 5, 7, 8, 8, 9, 10}, same[] = {4, 4, 4};
	const double holes[] = {NAN, 1, 2, 2, NAN, 3, 5, 5, 6};

	(void)state;
	near(stats_mann_whitney(a, N(a), b, N(b)), 0.04118085448, 1e-9);
	near(stats_mann_whitney(holes, N(holes), b, N(b)), 0.04118085448, 1e-9);
	near(stats_mann_whitney(same, 3, same, 3), 1, 0);
	near(stats_mann_whitney(holes, 1, b, N(b)), 1, 0);
}

/* Beyond what is counted exactly the two must still be close: 26 values, none of them twice. */
static void mann_whitney_large(void **state)
{
	double a[26], b[26];

	(void)state;
	for (int i = 0; i < 26; i++) {
		a[i] = i;
		b[i] = i + 7.5;
	}
	near(stats_mann_whitney(a, 25, b, 25), stats_mann_whitney(a, 26, b, 26), 0.003);
	assert_true(stats_mann_whitney(a, 26, b, 26) < 0.01);
}

static void least_p(void **state)
{
	(void)state;
	near(stats_least_p(3, 3), 0.1, 1e-12);
	near(stats_least_p(5, 5), 2.0 / 252, 1e-12);
	near(stats_least_p(7, 5), 2.0 / 792, 1e-12);
	near(stats_least_p(1, 1), 1, 0);
	near(stats_least_p(0, 9), 1, 0);
}

/* p.adjust(p, "BH") */
static void benjamini_hochberg(void **state)
{
	const double p[] = {0.01, 0.04, 0.03, 0.005, 0.5}, want[] = {0.025, 0.05, 0.05, 0.025, 0.5};
	double q[N(p)];

	(void)state;
	stats_benjamini_hochberg(p, N(p), q);
	for (size_t i = 0; i < N(p); i++)
		near(q[i], want[i], 1e-12);
	stats_benjamini_hochberg(p, 0, q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spreads),
		cmocka_unit_test(ratios),
		cmocka_unit_test(mann_whitney_exact),
		cmocka_unit_test(mann_whitney_ties),
		cmocka_unit_test(mann_whitney_large),
		cmocka_unit_test(least_p),
		cmocka_unit_test(benjamini_hochberg),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
