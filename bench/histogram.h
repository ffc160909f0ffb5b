/* SPDX-License-Identifier: Apache-2.0 */
/* A log-linear histogram of nanoseconds: exact below 32, then 32 buckets for each power of two, so that no
 * bucket is wider than 3 % of its values. Shared by the guest that counts and by the command that adds up. */
#ifndef WARREN_BENCH_HISTOGRAM_H
#define WARREN_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS	  5
#define HISTOGRAM_STEPS	  (1u << HISTOGRAM_BITS)
#define HISTOGRAM_POWERS  40 /* longer than 2^40 ns, 18 minutes, counts as that */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_POWERS - HISTOGRAM_BITS + 1) * HISTOGRAM_STEPS)

struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t ns)
{
	unsigned power, step;

	if (ns < HISTOGRAM_STEPS)
		return (unsigned)ns;
	if (ns >> HISTOGRAM_POWERS)
		return HISTOGRAM_BUCKETS - 1;
	power = 63u - (unsigned)__builtin_clzll(ns);
	step = (unsigned)(ns >> (power - HISTOGRAM_BITS)) & (HISTOGRAM_STEPS - 1);
	return (power - HISTOGRAM_BITS + 1) * HISTOGRAM_STEPS + step;
}

/* The least value of bucket i; that of i + 1 is the first above it. */
static inline uint64_t histogram_lower(unsigned i)
{
	unsigned power = i / HISTOGRAM_STEPS;

	if (!power)
		return i;
	return (uint64_t)(HISTOGRAM_STEPS + i % HISTOGRAM_STEPS) << (power - 1);
}

/* The value below which `percent` of all lie, in the middle of its bucket; 0: it is empty. */
static inline double histogram_percentile(const struct histogram *h, double percent)
{
	uint64_t total = 0, seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->count[i];
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen && (double)seen >= (double)total * percent / 100)
			return (double)(histogram_lower(i) + histogram_lower(i + 1) - 1) / 2;
	}
	return 0;
}

#endif
