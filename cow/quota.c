/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's limits. What is counted: docs/layer-format.md. */
#define _GNU_SOURCE
#include "internal.h"

int wr_quota_take(struct wr_layer *l, uint64_t bytes, uint64_t files)
{
	uint64_t b = atomic_fetch_add(&l->bytes, bytes) + bytes;
	uint64_t f = atomic_fetch_add(&l->files, files) + files;

	if ((l->max_bytes && bytes && b > l->max_bytes) || (l->max_files && files && f > l->max_files)) {
		wr_quota_give(l, bytes, files);
		return -EDQUOT;
	}
	return 0;
}

static void give(atomic_ullong *at, uint64_t n)
{
	unsigned long long old = atomic_load(at);

	while (!atomic_compare_exchange_weak(at, &old, old > n ? old - n : 0))
		;
}

void wr_quota_give(struct wr_layer *l, uint64_t bytes, uint64_t files)
{
	give(&l->bytes, bytes);
	give(&l->files, files);
}

void wr_layer_usage(const struct wr_layer *l, struct wr_layer_usage *ret)
{
	ret->bytes = atomic_load(&((struct wr_layer *)l)->bytes);
	ret->files = atomic_load(&((struct wr_layer *)l)->files);
}
