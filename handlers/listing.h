/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of a directory that the kernel does not list as the guest shall see it: a snapshot, immutable
 * once finished, then shared by reference between any number of readers and threads.
 *
 * Entries have a place of their own, a number that depends on their name alone: it is their d_off and with
 * that the position of the guest's directory fd. A reader that goes on in a later snapshot of the same
 * directory therefore neither misses an entry that was there all the time nor meets one twice, and nothing
 * has to be kept for a reader between its calls: no snapshot belongs to an fd. */
#ifndef WARREN_HANDLERS_LISTING_H
#define WARREN_HANDLERS_LISTING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WR_LISTING_MAX 65536 /* entries; in a larger directory the kernel's own listing has to do */

struct wr_listing_entry {
	uint64_t place; /* > 0, ascending; below 2^39, which every file system takes as a position */
	uint64_t ino;
	uint32_t name; /* offset in names */
	uint16_t len;  /* of the name, without NUL */
	uint8_t type;  /* DT_* */
};

struct wr_listing {
	atomic_uint refs;
	size_t n, room;
	struct wr_listing_entry *entries;
	char *names;
	size_t names_len, names_room;
};

/* NULL: no memory. One reference, the caller's. */
struct wr_listing *wr_listing_new(void);
struct wr_listing *wr_listing_ref(struct wr_listing *l);
void wr_listing_unref(struct wr_listing *l); /* NULL is allowed */

/* While it is made, by one thread: adds what the kernel lists of dir_fd (from its position on; -E2BIG:
 * WR_LISTING_MAX), adds or replaces one entry, puts all in their places. */
int wr_listing_read(struct wr_listing *l, int dir_fd);
int wr_listing_set(struct wr_listing *l, const char *name, uint64_t ino, uint8_t type);
void wr_listing_finish(struct wr_listing *l);

/* The index of the first entry behind this position; l->n: none. */
size_t wr_listing_after(const struct wr_listing *l, uint64_t position);

static inline const char *wr_listing_name(const struct wr_listing *l, const struct wr_listing_entry *e)
{
	return l->names + e->name;
}

#endif
