/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer has touched: one entry for each name in the upper layer whose directory also has a lower part.
 * Below a directory of the upper layer alone there are no entries. Lookups take no lock. */
#ifndef WARREN_COW_INDEX_H
#define WARREN_COW_INDEX_H

#include <stddef.h>
#include <stdint.h>

enum wr_state {
	WR_NONE,	/* no entry: untouched */
	WR_IS_MERGED,	/* a directory in the upper and in a lower layer */
	WR_IS_PURE,	/* a directory below which only the upper layer counts */
	WR_IS_FILE,	/* anything else in the upper layer */
	WR_IS_WHITEOUT, /* deleted */
	WR_STATE_MASK = 7,
	WR_ATTR = 8,  /* with WR_IS_MERGED: its permissions may differ from the lower part's */
	WR_COPY = 8,  /* with WR_IS_FILE: it is the copy of the lower object of this very name */
	WR_BUSY = 16, /* its directory is locked and the name on disk is about to change: wait for the lock */
	WR_STAMP_SHIFT = 5,
};

/* A word is state | WR_ATTR or WR_COPY | WR_BUSY | stamp << WR_STAMP_SHIFT; no two settings of one index have
 * the same stamp. 0: no entry. */
static inline enum wr_state wr_state(uint64_t word)
{
	return (enum wr_state)(word & WR_STATE_MASK);
}

struct wr_index;

int wr_index_new(struct wr_index **ret);
void wr_index_free(struct wr_index *ix);
uint64_t wr_index_get(struct wr_index *ix, const char *path, size_t len);
/* Makes or changes the entry, state WR_NONE removes it. Only making one can fail: -ENOMEM. */
int wr_index_set(struct wr_index *ix, const char *path, size_t len, unsigned state);
/* Sets WR_BUSY, if there is an entry, until the next wr_index_set(). */
void wr_index_busy(struct wr_index *ix, const char *path, size_t len);
/* Sets WR_ATTR without a new stamp. */
void wr_index_set_attr(struct wr_index *ix, const char *path, size_t len);
/* How often the names in this merged directory have changed; 0 without an entry. */
uint64_t wr_index_generation(struct wr_index *ix, const char *path, size_t len);
void wr_index_changed(struct wr_index *ix, const char *path, size_t len);
size_t wr_index_count(const struct wr_index *ix);
uint64_t wr_index_hash(const char *path, size_t len);

#endif
