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
/* Whose objects are dropped together, because nobody else will ask for them. */
struct wr_cache_owner {
	struct wr_cache_node *nodes; /* of the cache; NULL at first */
};
/* Takes a reference of its own. What does not fit, or exists, is not added. owner: NULL, or lives until
 * wr_cache_drop(). */
void wr_cache_put(const struct wr_cache_key *key, struct wr_cached *obj, struct wr_cache_owner *owner);
/* Its objects leave the cache; it may be used again. */
void wr_cache_drop(struct wr_cache_owner *owner);
void wr_cached_unref(struct wr_cached *obj);

/* Default 64 MiB; a single object may have an eighth. 0 empties it. */
void wr_cache_limit(size_t bytes);

struct wr_cache_stats {
	size_t bytes, objects;
	uint64_t hits, misses, evicted;
};
void wr_cache_stats(struct wr_cache_stats *ret);

#endif
