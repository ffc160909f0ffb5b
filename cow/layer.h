/* SPDX-License-Identifier: Apache-2.0 */
/* A copy-on-write layer over a stack of directories that are only read.
 *
 * Names. rel is a path below the covered directory, bytes without a leading slash, without "." and ".."; ""
 * is the covered directory itself. It may end in a slash, which then asks for a directory as the kernel does.
 * No symlink is ever followed: one on the way is -ELOOP, and wr_layer_find_link() says where it is, so that
 * the caller, who knows the mounts and the policy, goes on from its text.
 *
 * Rights. Everything is done with the credentials and the umask of the calling thread, below the upper and
 * the lower directories only (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS from their own fds). Where
 * copying up would hide a missing right (a file of another user becomes one's own), the right is asked of the
 * lower object first.
 *
 * Threads. All calls but wr_layer_close() may be made from any number of threads at once. Lookups take no
 * lock. Changes of names lock their directory, for a few system calls; data is copied without any lock, and
 * only who wants the same file waits for it.
 *
 * Errors are negative errno, the kernel's own for the call of that name. Moreover: -EXDEV for the rename of a
 * directory that has a lower part (as overlayfs without redirect_dir; mv(1) copies then), -EDQUOT when the
 * layer's limits are reached, -ENOSPC from the file system.
 *
 * The form on disk is docs/layer-format.md. */
#ifndef WARREN_COW_LAYER_H
#define WARREN_COW_LAYER_H

#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define WR_LAYER_MAX_LOWERS 32

struct wr_layer;

struct wr_layer_options {
	const char *dir; /* the layer's own directory; made, with its parent, when it is missing or empty */
	const char *const *lowers;     /* host paths, the topmost first; the last is the covered directory. A
					* directory that is itself a layer stands for its upper directory. */
	const int *lower_fds;	       /* their directories if opened already, else NULL; not taken over */
	unsigned n_lowers;	       /* 0: those that the existing layer names */
	const char *covers;	       /* guest path, kept for the tools; may be NULL */
	const char *command;	       /* kept for the tools; may be NULL */
	uint64_t max_bytes, max_files; /* 0: no limit. What counts: docs/layer-format.md */
	bool recover;  /* open it although a commit was killed (commit.h); else that is -EUCLEAN */
	bool readonly; /* for diff: nothing is written, not even a lock taken exclusively */
	bool idle;     /* with readonly, of one that this process has open: no sandbox is at work in it */
};

/* Opens or makes a layer. It is locked against a second supervisor: -EBUSY. -EOPNOTSUPP: its file system can
 * hold neither whiteout devices nor user xattrs. -EINVAL: not a layer, or one of another format. -ENOTEMPTY:
 * no layer, and not empty. -ESTALE: the lowers are not those it was made over. -ETXTBSY: one of the lowers is
 * a layer that another supervisor writes; as long as this one is open nobody can. ret is not set then. */
int wr_layer_open(const struct wr_layer_options *o, struct wr_layer **ret);
/* Nobody may use it any more. NULL is fine. What was written is not synced. */
void wr_layer_close(struct wr_layer *l);

enum wr_where { WR_ABSENT, WR_LOWER, WR_UPPER };

struct wr_found {
	int fd; /* O_PATH, or as asked for; owned by the caller, -1 if none */
	enum wr_where where;
	unsigned lower; /* with WR_LOWER: which, 0 the topmost */
	bool merged;	/* a directory whose names come from several places: wr_layer_list() has them all */
};

#define WR_FOUND_INIT                                                                                        \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}
void wr_found_release(struct wr_found *f);
#define _cleanup_found_ __attribute__((cleanup(wr_found_release)))

/* The object as an O_PATH fd (of the symlink itself when the last component is one). flags: 0 or O_DIRECTORY;
 * then a symlink is -ELOOP as one on the way; with O_NOFOLLOW, too, the kernel says -ENOTDIR of it. A path
 * that the layer never touched costs one hash lookup more than without the layer. On failure, too, ret->where
 * says who was asked: WR_LOWER for the lower directories alone. */
int wr_layer_lookup(struct wr_layer *l, const char *rel, unsigned flags, struct wr_found *ret);

/* The lower directories alone say what is at rel[0..len), or that nothing is there: the layer has nothing to
 * do with it, nor with the rights on its way. No system call. */
bool wr_layer_untouched(struct wr_layer *l, const char *rel, size_t len);
/* A directory at rel, if one is there, is the layer's alone: no lower one has a part in it, now or later, so
 * that what the file system lists of it is all. No system call. */
bool wr_layer_owns(struct wr_layer *l, const char *rel);
/* The same for layers over the same lower directories, and not for others; never 0. */
uint64_t wr_layer_lowers_id(const struct wr_layer *l);

/* open(2) with all its flags; how->mode as given by the guest (the thread's umask applies), how->resolve is
 * ignored. Copies up when it is opened for writing: with O_TRUNC without its data, never for O_RDONLY or
 * O_PATH. Sockets and devices are not copied up, FIFOs are; the caller passes O_NONBLOCK where it must not
 * block. *ret_created (may be NULL): this call made the file. */
int wr_layer_open_file(struct wr_layer *l, const char *rel, const struct open_how *how, struct wr_found *ret,
		       bool *ret_created);

struct wr_link {
	size_t start, end; /* the component is rel[start..end) */
	enum wr_where where;
	char text[PATH_MAX];
};
/* The first symlink on the way, the last component included: 1 and *ret, 0 if there is none (any more). */
int wr_layer_find_link(struct wr_layer *l, const char *rel, struct wr_link *ret);

enum {		     /* why to copy up: decides what is copied and which right is asked of the lower object */
       WR_UP_WRITE,  /* its content will be changed: all, needs write permission */
       WR_UP_TRUNC,  /* its content will be replaced: metadata alone, the file is then empty */
       WR_UP_OWNER,  /* chmod, chown, utimes with times: needs ownership */
       WR_UP_TOUCH,  /* utimes now: ownership or write permission */
       WR_UP_XATTR,  /* setxattr: write permission (the kernel checks the rest on the copy) */
       WR_UP_ALWAYS, /* no right is asked */
};
/* Makes sure that the object is in the upper layer; *ret is an O_PATH fd of it there, on which the change is
 * then made. Directories get their metadata, never their content. Works for every type. */
int wr_layer_copy_up(struct wr_layer *l, const char *rel, int why, struct wr_found *ret);

int wr_layer_mkdir(struct wr_layer *l, const char *rel, mode_t mode);
int wr_layer_mknod(struct wr_layer *l, const char *rel, mode_t mode, dev_t dev); /* device 0:0: -EPERM */
int wr_layer_symlink(struct wr_layer *l, const char *text, const char *rel);
int wr_layer_unlink(struct wr_layer *l, const char *rel);
int wr_layer_rmdir(struct wr_layer *l, const char *rel);
/* RENAME_NOREPLACE, RENAME_EXCHANGE; RENAME_WHITEOUT is -EINVAL. */
int wr_layer_rename(struct wr_layer *l, const char *from, const char *to, unsigned flags);
/* The lower name of a file that has several links is copied up alone (the link is broken, as overlayfs
 * without index does). */
int wr_layer_link(struct wr_layer *l, const char *from, const char *to);
/* For O_TMPFILE and fds: fd is any descriptor of an object in this upper layer. */
int wr_layer_link_fd(struct wr_layer *l, int fd, const char *to);

/* For a name that a guest's own system call will make (bind of a socket): *ret is an O_PATH fd of the
 * directory in the upper layer, copied up, without a whiteout of the name. Whether it was made or not, call
 * settle then; in between the name is absent. -EEXIST if it exists. */
int wr_layer_prepare(struct wr_layer *l, const char *rel, int *ret);
int wr_layer_settle(struct wr_layer *l, const char *rel);

/* Where the object behind a host path (as /proc/self/fd shows it) lies: WR_UPPER or WR_LOWER with its rel in
 * buf, -ENOENT if it is not of this layer, -ERANGE. Purely textual. *ret_lower may be NULL. */
int wr_layer_rel_of_path(const struct wr_layer *l, const char *host, char *buf, size_t size,
			 unsigned *ret_lower);
/* The same of an fd, checked to be the very object there, or what it was copied to: of a lower object whose
 * copy was renamed WR_UPPER and where that is. -ENOENT also when it was deleted or replaced. */
int wr_layer_rel_of_fd(struct wr_layer *l, int fd, char *buf, size_t size, unsigned *ret_lower);
/* What became of the lower object that was at rel: 0, it has its name still; 1, rel is where its copy was
 * renamed to; -ENOENT, it was deleted or replaced. No system call, so a copy that was removed since is 1,
 * too. */
int wr_layer_now(struct wr_layer *l, char *rel, size_t size);
/* The same as wr_layer_copy_up() for an fd of a lower object, whatever became of its name: *ret is its copy
 * where that is now, or, when it was deleted or replaced, one without a name that nobody else will see. */
int wr_layer_copy_up_fd(struct wr_layer *l, int fd, int why, struct wr_found *ret);

/* The directories besides the covered one, which are warren's own: 0 is the upper, then the lowers above the
 * covered directory; -1 behind the last. Borrowed, O_PATH. */
int wr_layer_dir(const struct wr_layer *l, unsigned i);

/* Names of xattrs that are the layer's own: guests must neither see nor set them (EPERM; ENODATA to get). */
bool wr_layer_private_xattr(const char *name);

/* ---- listings ---- */

struct wr_layer_dirent {
	uint64_t ino;
	uint64_t off; /* d_off: where to go on after this entry; rises along the array, 1 is ".", 2 is ".." */
	const char *name;
	uint16_t len;
	uint8_t type; /* DT_* */
};

/* Immutable; whoever holds a reference may read it. off of a name is a function of the name (a keyed hash),
 * so a position taken in one listing is good in every later one of the same directory, whatever was made or
 * removed meanwhile. */
struct wr_layer_listing {
	size_t n;
	const struct wr_layer_dirent *entries;
};

/* Every name in rel, "." and ".." first with their visible inode numbers. */
int wr_layer_list(struct wr_layer *l, const char *rel, const struct wr_layer_listing **ret);
void wr_layer_listing_unref(const struct wr_layer_listing *ls);
/* The off of a name that is in no directory of the layer, as that of a mount point. */
uint64_t wr_layer_listing_off(const char *name);
/* The first entry whose off is larger; n if none. */
size_t wr_layer_listing_seek(const struct wr_layer_listing *ls, uint64_t off);

/* ---- what became of it ---- */

/* Has anything been changed in it, or tried to be, since it was opened? If not it is as good as a new one.
 * Exact once nobody uses it. */
bool wr_layer_touched(struct wr_layer *l);
/* Throws away what was written, nobody may use it meanwhile: it is then as if it had been made and opened
 * now, but for the date that it tells. On failure it can only be discarded. */
int wr_layer_reset(struct wr_layer *l);
/* The object that fd stands for, perhaps one of the upper layer, is about to be changed by another way. */
void wr_layer_touch(struct wr_layer *l, int fd);

/* ---- limits ---- */

struct wr_layer_usage {
	uint64_t bytes, files;
};
void wr_layer_usage(const struct wr_layer *l, struct wr_layer_usage *ret);
/* Looks at every file in the layer, which costs a system call each: what was written meanwhile through
 * descriptors is then counted, too. */
int wr_layer_measure(struct wr_layer *l, struct wr_layer_usage *ret);

#endif
