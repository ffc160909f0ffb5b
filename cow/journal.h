/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a commit: DIR/journal, written whole, synced, and renamed into place. DIR/stage names the
 * staging directory and is there before it is. */
#ifndef WARREN_COW_JOURNAL_H
#define WARREN_COW_JOURNAL_H

#include "internal.h"

enum wr_step_kind {
	WR_STEP_REMOVE = 1, /* path -> stage/old-N */
	WR_STEP_PUT,	    /* stage/N -> path, which is not there */
	WR_STEP_SWAP,	    /* stage/N <-> path */
	WR_STEP_ATTR,	    /* rights, xattrs and times of path become those of the upper object */
};

struct wr_step {
	uint32_t kind, number, path_len, pad;
	uint64_t new_dev, new_ino;  /* PUT, SWAP: of the staged object */
	struct wr_base_id expected; /* REMOVE, SWAP: the object that goes */
	const char *path;	    /* not on disk; follows the rest there */
};

struct wr_journal {
	struct wr_step *v;
	size_t n, room;
	bool undo;
};

int wr_journal_add(struct wr_journal *j, const struct wr_step *s); /* copies the path */
void wr_journal_release(struct wr_journal *j);
int wr_journal_write(int dir, const struct wr_journal *j);
/* -ENOENT: there is none. -EUCLEAN: it is damaged, or says what no commit would. */
int wr_journal_read(int dir, struct wr_journal *ret);
/* The content of the file, to be released in any case; and back (malloc, NULL: no memory). */
int wr_journal_parse(const char *buf, size_t len, struct wr_journal *ret);
char *wr_journal_print(const struct wr_journal *j, size_t *ret_len);
/* From now on it is undone, also after a crash. */
int wr_journal_mark_undo(int dir);
int wr_journal_remove(int dir);

int wr_sync_dir(int fd); /* O_PATH will do */

#endif
