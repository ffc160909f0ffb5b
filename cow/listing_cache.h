/* SPDX-License-Identifier: Apache-2.0 */
/* A cache of immutable objects for the whole process: directories of lower layers, whoever reads them, and
 * merged listings. A lookup takes no lock. */
#ifndef WARREN_COW_LISTING_CACHE_H
#define WARREN_COW_LISTING_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First in an object; refs starts at 1, the maker's. */
struct wr_cached {
	atomic_uint refs;
	size_t bytes;
	void (*free_fn)(struct wr_cached *);
};

struct wr_cache_key {
	uint64_t v[8]; /* v[0] says which kind of object */
};

/* A reference, or NULL. */
struct wr_cached *wr_cache_get(const struct wr_cache_key *key);
/* Takes a reference of its own. What does not fit, or exists, is not added. */
void wr_cache_put(const struct wr_cache_key *key, struct wr_cached *obj);
void wr_cached_unref(struct wr_cached *obj);

/* Default 64 MiB; a single object may have an eighth. 0 empties it. */
void wr_cache_limit(size_t bytes);

struct wr_cache_stats {
	size_t bytes, objects;
	uint64_t hits, misses, evicted;
};
void wr_cache_stats(struct wr_cache_stats *ret);

#endif
