/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of one path (see resolve.h for what it does). */
#ifndef WARREN_HANDLERS_WALK_H
#define WARREN_HANDLERS_WALK_H

#include "origin.h"
#include "resolve.h"

struct wr_walk {
	const struct warren_policy *p;
	struct warren_request *rq; /* NULL while a policy is built */
	unsigned flags, need;	   /* as given to wr_resolve() */
	const struct open_how *how;
	uint64_t resolve; /* the guest's RESOLVE_* */
	struct wr_target *t;

	char *cur;  /* canonical guest path so far: "" or "/a/b". Of a stretch with ".." in it: what it is
		     * if no symlink is in it */
	size_t len; /* of cur, within a stretch */
	char *rest; /* what is left to walk, in restbuf (WR_WALK_BUF bytes) */
	char *restbuf;
	const char *tail; /* what the path ended in, once rest is used up: "", "/" or "/." */
	const char *name; /* with WR_PARENT: the last component, which is not in rest */

	struct wr_origin base; /* fd -1: the walk goes by names alone */
	size_t named;	       /* given: does the walk begin with the name of its base? Within the first
				* stretch, how much of raw that is */
	bool rooted;	       /* for RESOLVE_NO_XDEV: has the kernel looked at the root on the way? */
	bool scoped;	       /* RESOLVE_BENEATH, RESOLVE_IN_ROOT: ".." stops at cur[0..scope) */
	size_t scope;

	/* The stretch: what the kernel is asked to walk in one call, from at to cur. */
	const struct wr_mount *m; /* where cur lies */
	int at;			  /* the mount, or the base */
	size_t at_len;		  /* of its path in cur */
	char *raw;		  /* relative to at, as the guest spelled it; WR_WALK_BUF bytes */
	size_t n_raw;
	bool dots;    /* raw has ".." in it */
	bool careful; /* from now on none is left to the kernel */
	bool lower;   /* what was looked for last is a lower object of a layer, or would be */

	unsigned links, opens;
};

/* Walks rest, beginning at cur. 0, or a negative errno; -ESTALE: the name of the base does not lead there. */
int wr_walk(struct wr_walk *w);

#endif
