/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the walk have in common: the stretches (walk.c), the symlinks in them (walk_links.c),
 * opening them (walk_open.c), /proc (walk_proc.c). Of the results below, WR_WALK_AGAIN is no error: the
 * stretch is over, wr_walk() goes on with cur and rest. Everything else that is negative is an errno. */
#ifndef WARREN_HANDLERS_WALK_PRIVATE_H
#define WARREN_HANDLERS_WALK_PRIVATE_H

#include "walk.h"
#include <string.h>

#define WR_WALK_MAX_LINKS 40	    /* MAXSYMLINKS, include/linux/namei.h */
#define WR_WALK_MAX_OPENS 2048	    /* of one walk: far more than it takes without renames meanwhile */
#define WR_WALK_AGAIN	  (-ECHILD) /* a symlink was stepped over; openat2(2) never gives it */

extern const struct open_how wr_walk_dir; /* a directory on the way */

/* Cuts the last component off. */
static inline void wr_walk_up(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
}

static inline void wr_walk_drop_base(struct wr_walk *w)
{
	wr_cleanup_close(&w->base.fd);
}

/* Of every openat2 in a stretch. */
static inline uint64_t wr_walk_step_flags(const struct wr_walk *w)
{
	return RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
	       (w->resolve & (RESOLVE_NO_XDEV | RESOLVE_CACHED));
}

/* ---- walk.c ---- */

/* Puts a component behind raw, and takes it into cur: a name, or "..". 0 or -ENAMETOOLONG. */
int wr_walk_append(struct wr_walk *w, const char *c, size_t n, bool dotdot);
/* ".." in the stretch cannot be left to the kernel: the stretch again, every directory that ".." leaves
 * opened by itself. */
int wr_walk_be_careful(struct wr_walk *w);

/* ---- walk_links.c ---- */

/* The symlink at cur[0..at) has this text: go on from there, then with what is behind it in cur and rest.
 * WR_WALK_AGAIN, or an errno. */
int wr_walk_follow(struct wr_walk *w, size_t at, const char *text);
/* The same for the one that ends at raw[0..end). */
int wr_walk_follow_raw(struct wr_walk *w, size_t end, const char *text);
/* The kernel says that there is a symlink somewhere in raw. -ESTALE: there is none any more. */
int wr_walk_find_link(struct wr_walk *w, bool last);
/* One that is known without asking the kernel about the stretch. 0: none is. */
int wr_walk_try_hint(struct wr_walk *w);
int wr_walk_follow_known(struct wr_walk *w, bool last);
/* Not permitted at cur, which is canonical but for symlinks: a prefix that may be listed may have one to
 * where it is permitted. err if there is none. */
int wr_walk_link_out_of_hidden(struct wr_walk *w, int err);

/* ---- walk_open.c, walk_proc.c ---- */

/* Opens cur, with a suffix of "", "/" or "/.". last: it is what the path names, not a directory on the way. 0
 * with *ret_fd, which the caller owns. */
int wr_walk_open(struct wr_walk *w, const char *suffix, const struct open_how *given, bool last, int *ret_fd);
/* openat2 from at, of a path that may be longer than PATH_MAX. */
int wr_walk_open_long(struct wr_walk *w, const char *path, const struct open_how *how);
/* rel, below /proc. An fd. */
int wr_walk_open_proc(struct wr_walk *w, const char *rel, bool last, const struct open_how *how);

#endif
