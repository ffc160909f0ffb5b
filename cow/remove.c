/* SPDX-License-Identifier: Apache-2.0 */
/* unlink and rmdir. Where a lower layer has the name a whiteout takes its place, in one step. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>

#define TRIES 100

int wr_sticky(struct wr_layer *l, const struct wr_path *p, int dirfd, const struct stat *victim)
{
	struct stat dir, low;
	char path[PATH_MAX];
	uid_t uid = geteuid();

	if (fstat(dirfd, &dir) < 0)
		return -errno;
	if (!(dir.st_mode & S_ISVTX) || uid == 0 || victim->st_uid == uid)
		return 0;
	_cleanup_close_ int fd = wr_lower_lookup(l, wr_path_dir(p, path), O_DIRECTORY, NULL);
	if (fd >= 0 && fstat(fd, &low) == 0)
		dir.st_uid = low.st_uid;
	return dir.st_uid == uid ? 0 : -EPERM;
}

static int note_lower(struct wr_layer *l, const struct wr_path *p)
{
	struct stat st;
	_cleanup_close_ int fd = wr_lower_lookup(l, p->full, 0, NULL);

	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	return fstat(fd, &st) < 0 ? -errno : wr_base_note(l, p->full, p->len, &st);
}

/* The upper layer has nothing there: a whiteout alone. */
static int hide_lower(struct wr_layer *l, const struct wr_path *p, int dirfd)
{
	int r = note_lower(l, p);

	if (r == 0)
		r = wr_whiteout_put(l, dirfd, p->name);
	if (r == 0) {
		r = wr_index_set(l->index, p->full, p->len, WR_IS_WHITEOUT);
		if (r < 0)
			unlinkat(dirfd, p->name, 0);
	}
	return r;
}

static int remove_file(struct wr_layer *l, const struct wr_path *p, int dirfd)
{
	bool lower = wr_lower_exists(l, p->full);
	uint64_t word = wr_index_get(l->index, p->full, p->len);
	int r;

	wr_index_busy(l->index, p->full, p->len);
	if (lower)
		r = wr_whiteout_replace(l, dirfd, p->name);
	else
		r = unlinkat(dirfd, p->name, 0) < 0 ? -errno : 0;
	wr_index_set(l->index, p->full, p->len,
		     r < 0   ? (unsigned)(word & (WR_STATE_MASK | WR_COPY))
		     : lower ? WR_IS_WHITEOUT
			     : WR_NONE);
	return r;
}

/* With the directory locked. -ESTALE: look again. */
static int unlink_merged(struct wr_layer *l, const struct wr_path *p, const struct wr_updir *dir,
			 const struct stat *st)
{
	uint64_t now = wr_index_get(l->index, p->full, p->dir_len);
	enum wr_state state = wr_state(wr_index_get(l->index, p->full, p->len));
	int r;

	if ((now ^ dir->word) & ~(uint64_t)WR_ATTR)
		return -ESTALE;
	if (state != WR_NONE && state != WR_IS_FILE)
		return -ESTALE;
	r = wr_sticky(l, p, dir->fd, st);
	if (r < 0)
		return r;
	r = state == WR_NONE ? hide_lower(l, p, dir->fd) : remove_file(l, p, dir->fd);
	if (r == 0)
		wr_index_changed(l->index, p->full, p->dir_len);
	return r;
}

/* ---- directories ---- */

static int physically_empty(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d)
		return errno == EACCES ? 0 : -errno; /* rmdir needs no right to read: it will say */
	for (int n = 0; readdir(d); n++)
		if (n == 2)
			return -ENOTEMPTY;
	return 0;
}

void wr_forget_children(struct wr_layer *l, const char *full, int dirfd, const char *name)
{
	char path[2 * PATH_MAX];
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int n = snprintf(path, sizeof(path), "%s/%s", full, e->d_name);
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			wr_index_set(l->index, path, (size_t)n, WR_NONE);
	}
}

/* Moving a directory takes write permission on it for its "..", removing it does not. */
static int exchange_dir(int from, const char *tmp, int dirfd, const char *name)
{
	char path[32];
	int r = wr_cow_rename(from, tmp, dirfd, name, RENAME_EXCHANGE);

	if (r == -EACCES) {
		_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && chmod(wr_cow_proc(fd, path), 0700) == 0)
			r = wr_cow_rename(from, tmp, dirfd, name, RENAME_EXCHANGE);
	}
	return r;
}

/* A directory with a lower part: whiteout and directory change places, then the directory goes. */
static int replace_dir(struct wr_layer *l, const struct wr_path *p, int dirfd, bool merged)
{
	char tmp[32];
	int r = merged ? 0 : physically_empty(dirfd, p->name);

	if (r == 0)
		r = wr_whiteout_make(l, wr_work_name(l, tmp));
	if (r < 0)
		return r;
	r = exchange_dir(l->work, tmp, dirfd, p->name);
	if (r < 0) {
		unlinkat(l->work, tmp, 0);
		return r;
	}
	if (merged) {
		wr_forget_children(l, p->full, l->work, tmp);
		wr_purge(l->work, tmp);
	} else if (unlinkat(l->work, tmp, AT_REMOVEDIR) < 0) {
		r = -errno; /* somebody put something in meanwhile */
		if (wr_cow_rename(l->work, tmp, dirfd, p->name, RENAME_EXCHANGE) == 0)
			unlinkat(l->work, tmp, 0);
	}
	return r;
}

/* With the locks of the directory and of its parent. */
static int rmdir_merged(struct wr_layer *l, const struct wr_path *p, const struct wr_updir *dir,
			const struct stat *st)
{
	uint64_t now = wr_index_get(l->index, p->full, p->dir_len);
	uint64_t word = wr_index_get(l->index, p->full, p->len);
	enum wr_state state = wr_state(word);
	bool lower = true;
	int r;

	if ((now ^ dir->word) & ~(uint64_t)WR_ATTR || state == WR_IS_FILE || state == WR_IS_WHITEOUT)
		return -ESTALE;
	r = wr_sticky(l, p, dir->fd, st);
	if (r == 0 && state != WR_IS_PURE)
		r = wr_dir_empty(l, p->full);
	if (r == 0 && state == WR_NONE)
		r = hide_lower(l, p, dir->fd);
	else if (r == 0) {
		lower = state == WR_IS_MERGED || wr_lower_exists(l, p->full);
		wr_index_busy(l->index, p->full, p->len);
		if (lower)
			r = replace_dir(l, p, dir->fd, state == WR_IS_MERGED);
		else
			r = unlinkat(dir->fd, p->name, AT_REMOVEDIR) < 0 ? -errno : 0;
		wr_index_set(l->index, p->full, p->len,
			     r < 0   ? (unsigned)(word & (WR_STATE_MASK | WR_ATTR))
			     : lower ? WR_IS_WHITEOUT
				     : WR_NONE);
	}
	if (r == 0)
		wr_index_changed(l->index, p->full, p->dir_len);
	return r;
}

/* ---- both ---- */

static int check_type(const struct wr_path *p, const struct stat *st, bool dir)
{
	if (dir)
		return S_ISDIR(st->st_mode) ? 0 : -ENOTDIR;
	return S_ISDIR(st->st_mode) ? -EISDIR : p->slash ? -ENOTDIR : 0;
}

/* From a merged directory: with its lock, and of a directory with its own, too. */
static int remove_merged(struct wr_layer *l, const struct wr_path *p, const struct wr_updir *up,
			 const struct stat *st, bool dir)
{
	struct wr_lockset locks = {0};

	wr_lockset_add(&locks, p->full, p->dir_len);
	if (dir)
		wr_lockset_add(&locks, p->full, p->len);
	wr_lockset_lock(l, &locks);
	int r = dir ? rmdir_merged(l, p, up, st) : unlink_merged(l, p, up, st);
	wr_lockset_unlock(l, &locks);
	return r;
}

/* -ESTALE: look again. */
static int remove_once(struct wr_layer *l, const struct wr_path *p, bool dir)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	_cleanup_updir_ struct wr_updir up = {.fd = -1};
	struct stat st;
	int r = wr_layer_lookup(l, p->full, 0, &f);

	if (r == 0 && fstat(f.fd, &st) < 0)
		r = -errno;
	if (r == 0)
		r = check_type(p, &st, dir);
	if (r == 0)
		r = wr_up_dir(l, p->full, p->dir_len, true, &up);
	if (r < 0)
		return r;
	if (up.merged)
		r = remove_merged(l, p, &up, &st, dir);
	else if (unlinkat(up.fd, p->name, dir ? AT_REMOVEDIR : 0) < 0)
		r = -errno;
	if (r == 0 && f.where == WR_UPPER && (dir || st.st_nlink == 1))
		wr_quota_give(l, S_ISREG(st.st_mode) ? (uint64_t)st.st_blocks * 512 : 0, 1);
	return r;
}

static int remove_name(struct wr_layer *l, const char *rel, bool dir)
{
	struct wr_path p;
	int r = wr_path_parse(rel, &p);

	if (r < 0)
		return *rel ? r : dir ? -EBUSY : -EISDIR;
	for (int i = 0; i < TRIES; i++) {
		r = remove_once(l, &p, dir);
		if (r != -ESTALE)
			return r;
	}
	return -EBUSY;
}

int wr_layer_unlink(struct wr_layer *l, const char *rel)
{
	return remove_name(l, rel, false);
}

int wr_layer_rmdir(struct wr_layer *l, const char *rel)
{
	return remove_name(l, rel, true);
}
