/* SPDX-License-Identifier: Apache-2.0 */
/* The names of one directory of one layer, sorted, immutable, counted. */
#ifndef WARREN_COW_NAMES_H
#define WARREN_COW_NAMES_H

#include "internal.h"
#include "listing_cache.h"

struct wr_name {
	uint64_t hash; /* decides the order, and the position in a listing */
	uint64_t ino;
	const char *name;
	uint16_t len;
	uint8_t type;
	bool hidden; /* a whiteout */
};

struct wr_names {
	struct wr_cached cached; /* first */
	size_t n;
	struct wr_name *v;
};

enum wr_marks { /* what may be a whiteout there */
		WR_MARKS_NONE,
		WR_MARKS_DEVICES,
		WR_MARKS_FILES, /* empty files with an xattr, too */
};

/* fd: O_RDONLY of the directory, its position is used. */
int wr_names_read(int fd, enum wr_marks marks, struct wr_names **ret);
/* The same by hand: n->name and n->len are copied; finish sorts, and the builder is the result then. -ENOMEM.
 */
struct wr_names_builder;
struct wr_names_builder *wr_names_new(void); /* NULL: no memory */
int wr_names_add(struct wr_names_builder *b, const struct wr_name *n);
struct wr_names *wr_names_finish(struct wr_names_builder *b);
void wr_names_unref(struct wr_names *n);

/* One listing of several, the topmost first: of a name the first one that has it decides; a whiteout hides
 * it. self, parent: the inode numbers of "." and "..". */
int wr_names_merge(struct wr_names *const *parts, unsigned n, uint64_t self, uint64_t parent,
		   const struct wr_layer_listing **ret);
/* Whether what was read of a directory with this status may be kept: its next change will have another time.
 */
bool wr_names_settled(const struct stat *st);
uint64_t wr_name_hash(const char *name, size_t len);

#endif
