/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and the latency histogram. Relaxed atomics: each is exact in the end, a reading while workers run
 * is a moment's approximation. */
#define _GNU_SOURCE
#include "engine.h"
#include <string.h>

#define STEPS 8 /* per power of two */

static unsigned bucket_of(uint64_t ns)
{
	if (ns < STEPS)
		return (unsigned)ns;
	unsigned top = 63 - (unsigned)__builtin_clzll(ns);
	unsigned b = (top - 2) * STEPS + (unsigned)((ns >> (top - 3)) & (STEPS - 1));
	return b < WARREN_HISTOGRAM_BUCKETS ? b : WARREN_HISTOGRAM_BUCKETS - 1;
}

uint64_t warren_histogram_bound(unsigned i)
{
	if (i < STEPS)
		return i;
	unsigned top = i / STEPS + 2;
	return ((STEPS + i % STEPS + 1ULL) << (top - 3)) - 1;
}

static void add64(atomic_uint_least64_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

void wr_count(struct wr_counters *c, unsigned row, const struct warren_verdict *v, uint64_t ns)
{
	add64(&c->nanoseconds, ns);
	add64(&c->verdicts[v->kind], 1);
	if (v->value < 0)
		add64(&c->errors, 1);
	atomic_fetch_add_explicit(&c->histogram[bucket_of(ns)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->per_syscall[row], 1, memory_order_relaxed);
}

static void sum(const struct wr_counters *c, struct warren_stats *ret)
{
	ret->errors += c->errors;
	ret->nanoseconds += c->nanoseconds;
	for (unsigned i = 0; i < WARREN_VERDICT_KINDS; i++) {
		ret->verdicts[i] += c->verdicts[i];
		ret->notifications += c->verdicts[i];
	}
	for (unsigned i = 0; i < WARREN_HISTOGRAM_BUCKETS; i++)
		ret->histogram[i] += c->histogram[i];
	for (unsigned i = 0; ret->per_syscall && i < wr_table_len; i++)
		ret->per_syscall[i] += c->per_syscall[i];
}

void wr_count_ended(struct wr_counters *to, const struct wr_counters *c)
{
	add64(&to->errors, c->errors);
	add64(&to->nanoseconds, c->nanoseconds);
	for (unsigned i = 0; i < WARREN_VERDICT_KINDS; i++)
		add64(&to->verdicts[i], c->verdicts[i]);
	for (unsigned i = 0; i < WARREN_HISTOGRAM_BUCKETS; i++)
		atomic_fetch_add_explicit(&to->histogram[i], c->histogram[i], memory_order_relaxed);
	for (unsigned i = 0; i < wr_table_len; i++)
		atomic_fetch_add_explicit(&to->per_syscall[i], c->per_syscall[i], memory_order_relaxed);
}

int warren_stats_get(struct warren_engine *e, struct warren_sandbox *s, struct warren_stats *ret)
{
	uint64_t *per = ret->per_syscall;

	memset(ret, 0, sizeof(*ret));
	ret->per_syscall = per;
	if (per)
		memset(per, 0, wr_table_len * sizeof(*per));
	if (s) {
		sum(s->counters, ret);
		return 0;
	}
	pthread_mutex_lock(&e->lock);
	sum(&e->ended, ret);
	for (struct warren_sandbox *a = e->alive; a; a = a->alive_next)
		sum(a->counters, ret);
	pthread_mutex_unlock(&e->lock);
	return 0;
}

unsigned warren_syscall_count(void)
{
	return wr_table_len;
}

int warren_syscall_info(unsigned index, struct warren_syscall_info *ret)
{
	if (index >= wr_table_len)
		return -ENOENT;
	const struct wr_syscall *row = &wr_table[index];
	*ret = (struct warren_syscall_info){row->name, row->canonical, row->nr, row->support, row->note};
	return 0;
}
