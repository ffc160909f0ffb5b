/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of cow/ share. */
#ifndef WARREN_COW_INTERNAL_H
#define WARREN_COW_INTERNAL_H

#include "../engine/base/cleanup.h"
#include "../engine/base/raw.h"
#include "index.h"
#include "layer.h"
#include "listing_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define N_SHARDS    64
#define BELOW	    (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define XATTR_MARK  "user.overlay."
#define XATTR_OPAQ  XATTR_MARK "opaque"
#define XATTR_WHITE XATTR_MARK "whiteout"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#define RENAME_WHITEOUT	 4
#endif

struct wr_lower {
	int fd;
	int lock_fd; /* of a layer, else -1 */
	char *path;  /* as the user named it */
	char *host;  /* as /proc/self/fd shows it */
	bool marks;  /* it may hold whiteouts and opaque marks: every lower but the bottom */
};

#define WR_RECENT 16
struct wr_recent { /* a file that was opened for writing, with limited bytes */
	int fd;	   /* O_PATH, -1: none */
	uint64_t counted;
};

struct wr_held; /* held.c: copies that were renamed */
struct wr_base; /* base.c: what the lower looked like when a path was first changed */

struct wr_layer {
	int dir, upper, work, lock_fd;
	char *dir_path, *upper_host, *work_host;
	uint64_t id; /* of this opening, for the listing cache */
	struct wr_cache_owner cached;
	struct wr_lower lowers[WR_LAYER_MAX_LOWERS];
	unsigned n_lowers;
	uint64_t lowers_id; /* of their directories */
	struct wr_index *index;
	struct wr_base *base;
	struct wr_held *held;
	bool readonly, idle;
	bool xattrs, devices; /* what the upper's file system can hold */
	bool file_marks;      /* there may be whiteouts that are files */
	int64_t created;      /* nanoseconds since the epoch */
	char *covers, *command;
	atomic_ullong tmp_serial;
	pthread_mutex_t shards[N_SHARDS];

	pthread_mutex_t flight_lock;
	struct wr_flight *flights; /* copies under way, copyup.c */

	uint64_t max_bytes, max_files;
	atomic_ullong bytes, files;
	pthread_mutex_t recent_lock; /* quota.c */
	struct wr_recent recent[WR_RECENT];
	unsigned next_recent;

	atomic_bool touched, by_fd; /* by_fd: the upper directory itself, perhaps, through an fd */
	struct stat born;	    /* of the upper directory when it was opened */
};

/* The covered directory: the lowest of the lowers. */
static inline int wr_bottom(const struct wr_layer *l)
{
	return l->lowers[l->n_lowers - 1].fd;
}

/* Something is about to be changed. */
static inline void wr_layer_mark(struct wr_layer *l)
{
	if (!atomic_load_explicit(&l->touched, memory_order_relaxed))
		atomic_store(&l->touched, true);
}

/* ---- paths ---- */

struct wr_path {
	const char *full; /* without slash at the end */
	size_t len;
	size_t dir_len;	  /* of the parent; 0 for one in the covered directory itself */
	const char *name; /* last component, in full */
	bool slash;	  /* there was one */
	char buf[PATH_MAX];
};
/* -ENOENT for "", -ENAMETOOLONG. */
int wr_path_parse(const char *rel, struct wr_path *ret);
static inline const char *wr_path_dir(const struct wr_path *p, char buf[static PATH_MAX])
{
	memcpy(buf, p->full, p->dir_len);
	buf[p->dir_len] = '\0';
	return buf;
}

/* openat2 of rel ("" is the directory itself) below dirfd; flags get O_CLOEXEC. */
int wr_open_below(int dirfd, const char *rel, uint64_t flags, mode_t mode);
int wr_cow_rename(int from, const char *a, int to, const char *b, unsigned flags);
const char *wr_cow_proc(int fd, char buf[static 32]);
/* Adds a name for scratch files in work/. */
const char *wr_work_name(struct wr_layer *l, char buf[static 32]);

/* ---- lookup.c ---- */

enum wr_kind {
	WR_PLACE_LOWER, /* not touched: the lowers know */
	WR_PLACE_UPPER, /* the upper knows; the leaf is an entry of the index or lies below a pure directory
			 */
	WR_PLACE_WHITEOUT, /* deleted, or below something deleted */
};

struct wr_place {
	enum wr_kind kind;
	uint64_t word;	/* of the entry that decided; LOWER: of the deepest merged directory above */
	size_t at;	/* the path of that entry is full[0..at) */
	bool leaf;	/* that entry is the path itself */
	bool check_dir; /* a merged directory on the way has other permissions than its lower part */
};
void wr_place(struct wr_layer *l, const char *full, size_t len, struct wr_place *ret);
/* Whether what the place says may be acted upon after the system calls made since. */
bool wr_place_holds(struct wr_layer *l, const char *full, const struct wr_place *p);

/* The object in the lowers, O_PATH; -ENOENT. full: without a slash at the end. */
int wr_lower_lookup(struct wr_layer *l, const char *full, uint64_t flags, unsigned *ret_lower);
/* The directories of the lowers that are merged there, topmost first; their number. ENOENT if none. */
int wr_lower_dirs(struct wr_layer *l, const char *full, int fds[static WR_LAYER_MAX_LOWERS]);
bool wr_lower_exists(struct wr_layer *l, const char *full);
/* The visible object with flags that change nothing in a lower layer; O_CREAT, O_EXCL and O_TRUNC are
 * ignored. */
int wr_open_visible(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret);
/* In the upper layer only, O_TRUNC is honoured. -ESTALE: it is not there (yet, or any more). */
int wr_open_upper(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret);

/* ---- whiteout.c ---- */

int wr_marks_probe(struct wr_layer *l);
bool wr_is_whiteout(int dirfd, const char *name, const struct stat *st);
bool wr_is_opaque(int fd); /* O_PATH will do */
/* Makes a whiteout called name in work/. */
int wr_whiteout_make(struct wr_layer *l, const char *name);
/* A whiteout at a name of an upper directory that is not taken: -EEXIST. */
int wr_whiteout_put(struct wr_layer *l, int dirfd, const char *name);
/* In place of what is at the name and not a directory. */
int wr_whiteout_replace(struct wr_layer *l, int dirfd, const char *name);
int wr_opaque_set(struct wr_layer *l, int fd);

/* ---- copyup.c ---- */

struct wr_updir {
	int fd;	       /* O_PATH, in the upper layer */
	bool merged;   /* it has entries in the index: changes of its names need its lock */
	uint64_t word; /* its own, with merged */
};
#define _cleanup_updir_ __attribute__((cleanup(wr_updir_release)))
void wr_updir_release(struct wr_updir *d);
/* The directory full[0..len) in the upper layer, copied up with its parents if need be. With write the
 * calling thread must be allowed to change what is visible there. */
int wr_up_dir(struct wr_layer *l, const char *full, size_t len, bool write, struct wr_updir *ret);
int wr_up_rights(int fd, const struct stat *st, int why);
/* A copy of any object but its names, of a file without data if need be, as a new name in dir. */
int wr_make_copy(int dir, int from, struct stat *st, bool data, const char *name);
/* In a directory that is locked: the name's mode and times stay. From work/, NOREPLACE. */
int wr_put_quietly(struct wr_layer *l, const char *tmp, int dirfd, const char *name);

/* ---- copy.c ---- */

int wr_copy_data(int in, int out, const struct stat *st);
int wr_copy_xattrs(int in, int out);
/* Owner (as far as permitted), mode, times. from: O_PATH will do. */
int wr_copy_meta(const struct stat *st, int out);

/* ---- locks ---- */

/* Several directories at once, always taken in the same order. */
struct wr_lockset {
	unsigned n, shards[4];
};
void wr_lockset_add(struct wr_lockset *s, const char *dir, size_t len);
void wr_lockset_lock(struct wr_layer *l, const struct wr_lockset *s);
void wr_lockset_unlock(struct wr_layer *l, const struct wr_lockset *s);
void wr_dir_lock(struct wr_layer *l, const char *dir, size_t len);
void wr_dir_unlock(struct wr_layer *l, const char *dir, size_t len);

/* ---- base.c ---- */

struct wr_base_id {
	uint64_t dev, ino, size;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
	uint32_t mode, uid, gid, pad;
};
/* Of the layer in dir, which another one may lie over: readonly, and then none at all if it has none. */
int wr_base_open(int dir, bool readonly, struct wr_base **ret);
void wr_base_close(struct wr_base *b);
int wr_base_reset(struct wr_base *b); /* forgets all */
/* The first one of a path is kept. */
int wr_base_note(struct wr_layer *l, const char *full, size_t len, const struct stat *st);
bool wr_base_get(struct wr_base *b, const char *full, size_t len, struct wr_base_id *ret);
void wr_base_id_of(const struct stat *st, struct wr_base_id *ret);

/* ---- held.c ---- */

struct wr_held *wr_held_new(void);
void wr_held_free(struct wr_held *h);
/* The copy of the lower object was, which is WR_COPY there, has the name now as well, or instead. For lack of
 * memory nothing is noted. */
void wr_held_note(struct wr_layer *l, const char *was, int copy, const char *now);
/* Something in the upper layer was renamed, which notes may be about. */
void wr_held_renamed(struct wr_layer *l, const char *from, const char *to, bool exchange);

/* ---- remove.c ---- */

/* In a sticky directory only the owner of the file or of the directory removes; the owners are those that are
 * visible, which the upper directory may not have been able to keep. */
int wr_sticky(struct wr_layer *l, const struct wr_path *p, int dirfd, const struct stat *victim);
/* The names in a removed directory, whiteouts all, leave the index. */
void wr_forget_children(struct wr_layer *l, const char *full, int dirfd, const char *name);

/* ---- scan.c, listing.c, quota.c ---- */

/* layer.c */
uint64_t wr_layer_new_id(void);
int wr_scan(struct wr_layer *l);
/* 1: a layer that was never completed, 0: an empty directory, -ENOTEMPTY. */
int wr_layer_unfinished(int dirfd);
/* A directory of the upper layer, O_RDONLY, even if its owner may not read or search it: then it is opened
 * for him, and what is below it can be reached, until wr_close_again(), which the caller owes also after a
 * failure. Not where only reading was asked for and a sandbox is at work in it: -EACCES. */
struct wr_opened;
int wr_open_readable(struct wr_layer *l, const char *path, struct wr_opened **opened);
void wr_close_again(struct wr_layer *l, struct wr_opened **opened);
/* wr_is_opaque() of a directory in the upper layer, whatever its mode. */
bool wr_upper_is_opaque(struct wr_layer *l, int fd, const struct stat *st);
/* What the lowers alone show there. */
int wr_lower_list(struct wr_layer *l, const char *full, const struct wr_layer_listing **ret);
/* What the covered directory alone has there. */
int wr_covered_list(struct wr_layer *l, const char *full, const struct wr_layer_listing **ret);
/* Whether nothing visible is in the directory; the caller holds its lock. */
int wr_dir_empty(struct wr_layer *l, const char *full);
/* Removes a tree, whatever its modes and depth; dirfd is scratch space as well. -ENOENT is success. */
int wr_purge(int dirfd, const char *name);
int wr_purge_content(int dirfd);
/* What a killed wr_purge() left in dirfd. */
int wr_purge_leftovers(int dirfd);

int wr_quota_take(struct wr_layer *l, uint64_t bytes, uint64_t files);
void wr_quota_give(struct wr_layer *l, uint64_t bytes, uint64_t files);
/* -EDQUOT if there is no room for a byte more: before a file is made, or opened to be written to. */
int wr_quota_check(struct wr_layer *l);
/* The file was opened to be written to. */
void wr_quota_watch(struct wr_layer *l, int fd);
void wr_quota_init(struct wr_layer *l);
void wr_quota_close(struct wr_layer *l);

#endif
