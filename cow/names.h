/* SPDX-License-Identifier: Apache-2.0 */
/* The names of one directory of one layer, sorted, immutable, counted. */
#ifndef WARREN_COW_NAMES_H
#define WARREN_COW_NAMES_H

#include "internal.h"

struct wr_name {
	uint64_t hash; /* decides the order, and the position in a listing */
	uint64_t ino;
	const char *name;
	uint16_t len;
	uint8_t type;
	bool hidden; /* a whiteout */
};

struct wr_names {
	size_t n, bytes; /* of memory */
	struct wr_name *v;
};

enum wr_marks { /* what may be a whiteout there */
		WR_MARKS_NONE,
		WR_MARKS_DEVICES,
		WR_MARKS_FILES, /* empty files with an xattr, too */
};

/* fd: O_RDONLY of the directory, its position is used. */
int wr_names_read(int fd, enum wr_marks marks, struct wr_names **ret);
void wr_names_free(struct wr_names *n);
uint64_t wr_name_hash(const char *name, size_t len);

#endif
