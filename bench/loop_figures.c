// SPDX-License-Identifier: Apache-2.0
/* What those who only time something need of loop.h. */
#include "loop.h"

#include <stdlib.h>
#include <time.h>

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double loop_percentile(double *v, size_t n, double percent)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), by_value);
	return v[(size_t)((double)(n - 1) * percent / 100.0 + 0.5)];
}
