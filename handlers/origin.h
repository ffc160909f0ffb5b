/* SPDX-License-Identifier: Apache-2.0 */
/* What a relative path starts from: the guest's working directory or one of its fds. Most have a name, and
 * the walk goes by that; where there is none, or where it does not lead there, the walk starts from the
 * object. */
#ifndef WARREN_HANDLERS_ORIGIN_H
#define WARREN_HANDLERS_ORIGIN_H

#include "../engine/policy.h"

#define WR_WALK_BUF (2 * PATH_MAX)

struct wr_origin {
	int fd;	    /* O_PATH of the directory, -1: none. Owned. */
	size_t len; /* of its path at the beginning of the walk's cur */
	const struct wr_mount *mnt;
	bool deleted; /* nothing can be made in it any more */
	bool lost; /* a lower object of a layer that was deleted or replaced: not to be entered, it is as it
		      was */
	bool is_dir;
};

/* The canonical guest path ("" for the root) of dirfd (AT_FDCWD: the working directory), in WR_WALK_BUF
 * bytes. 0; WR_NAMELESS: it was deleted, or its name is too long for /proc; WR_LOST: see above; -EBADF;
 * -ENOTDIR: it is no file; -EACCES: it lies outside of the sandbox. */
#define WR_NAMELESS 1
#define WR_LOST	    2
int wr_origin_name(struct warren_request *rq, int dirfd, char *cur);

/* The magic link to dirfd in /proc. */
const char *wr_origin_link(const struct warren_request *rq, int dirfd, char buf[static 48]);

/* Opens dirfd itself and finds out where it lies. cur: its guest path; where that cannot be had, the nearest
 * ancestor's with a component that names nothing, so that the same rules apply. Errors as above. */
int wr_origin_open(struct warren_request *rq, int dirfd, struct wr_origin *base, char *cur);
/* The same for an object that is open as fd, O_PATH, which becomes base's. */
int wr_origin_take(const struct warren_policy *p, int fd, struct wr_origin *base, char *cur);
/* ".." of a base: base and cur are replaced. resolve: RESOLVE_NO_XDEV or 0. */
int wr_origin_up(const struct warren_policy *p, struct wr_origin *base, char *cur, uint64_t resolve);
/* Where the object lies that the guest's dirfd is, opened as fd, and what may be done with it: by the rules
 * if it is in the sandbox, or was before it was deleted; else, as with stdio of the host, what dirfd is open
 * for. */
int wr_origin_object(struct warren_request *rq, int dirfd, int fd, char *cur, const struct wr_mount **ret_mnt,
		     unsigned *ret_may);
/* WR_MAY_* by the mode that fd n of the task is open for; 0 if it is not the object obj, or not any more. */
unsigned wr_held_rights(pid_t tid, int n, int obj);

#endif
