/* SPDX-License-Identifier: Apache-2.0 */
/* From a guest's path to the object it names. The kernel walks every symlink-free stretch (openat2 with
 * RESOLVE_NO_SYMLINKS and RESOLVE_BENEATH from the mount's own fd), so what is reached lies at the canonical
 * path that the policy was asked about; symlinks, mounts and /proc are stepped over in walk*.c. A relative
 * path goes by the name of what it is relative to, if that leads there (origin.c). */
#ifndef WARREN_HANDLERS_RESOLVE_H
#define WARREN_HANDLERS_RESOLVE_H

#include "../engine/policy.h"

enum {
	WR_FOLLOW = 1,	   /* follow a symlink in the last component */
	WR_EMPTY_PATH = 2, /* "" is the dirfd itself (AT_EMPTY_PATH) */
	WR_PARENT = 4,	   /* the last component need not exist: parent and name are wanted */
};

struct wr_ask;

struct wr_target {
	const struct wr_mount *mnt;
	int fd;		    /* the object: O_PATH, or as the given open_how says; -1 with WR_PARENT. Owned. */
	int parent;	    /* with WR_PARENT: O_PATH of the directory. Owned. */
	const char *name;   /* with WR_PARENT: the last component, "" if the path names a mount point or the
			     * root. "." or ".." if it ends so: only for calls that refuse those. */
	bool slash;	    /* with WR_PARENT: the path ended in a slash */
	char *gpath;	    /* canonical guest path of the object; a scratch buffer */
	unsigned may;	    /* WR_MAY_* there */
	bool held;	    /* nothing has a name that leads to it: gpath says only which rules apply */
	struct wr_ask *ask; /* given: what the caller wants to know, if that is all that it wants (frozen.h).
			     * When that is known already fd stays -1. Borrowed, may be NULL */
	char last[NAME_MAX + 2];
};

/* The layer that the target lies in, and its path there (of the name, with WR_PARENT; with the slash that the
 * guest gave) in buf of 2 * PATH_MAX bytes. NULL: in none. */
struct wr_layer *wr_target_layer(const struct wr_target *t, char *buf);
/* In a layer: the object is copied up if it is not there yet, and fd is then the copy's. why: WR_UP_*. */
int wr_target_copy_up(struct warren_request *rq, struct wr_target *t, int why);

void wr_target_release(struct wr_target *t);
#define _cleanup_target_ __attribute__((cleanup(wr_target_release)))
#define WR_TARGET_INIT                                                                                       \
	{                                                                                                    \
		.fd = -1, .parent = -1                                                                       \
	}

/* Resolves path (read from the guest already) relative to the guest's dirfd. how: the open of the last
 * component, NULL for O_PATH (of the link itself without WR_FOLLOW). buf: 0..WR_PATH_BUFS/2-1, which scratch
 * buffers to use; a second path in the same call takes another. need: WR_MAY_* that the object must allow
 * (else -EACCES, or -EROFS when the mount is read-only; with WR_PARENT, parent is open then if the path was
 * right otherwise). how->resolve: the guest's RESOLVE_* flags, relative to its dirfd. In a layer an object
 * that is opened to be written is copied up; for other changes the caller does that: wr_target_copy_up(). */
int wr_resolve(struct warren_request *rq, int dirfd, const char *path, unsigned flags,
	       const struct open_how *how, unsigned need, unsigned buf, struct wr_target *ret);

/* Around a rename: walks that overlap with it look again. */
void wr_rename_begins(void);
void wr_rename_ends(void);

/* -errno for a missing right: EROFS where a mount is read-only, else EACCES. */
int wr_denied(const struct wr_mount *m, unsigned need);

/* "/proc/self/fd/N" for calls that take no dirfd. */
const char *wr_fd_path(int fd, char buf[static 32]);

#endif
