/* SPDX-License-Identifier: Apache-2.0 */
/* Copy-up: an object of a lower layer gets its like in the upper one. It is made in work/ without any lock,
 * and published by one rename with the directory's lock held, after checking that nobody was faster. Until
 * the index has the name everybody goes on using the lower object.
 *
 * A copy under way is a flight; who wants the same path waits for it. */
#define _GNU_SOURCE
#include "internal.h"

#include <utlist.h>

#define TRIES 100

struct wr_flight {
	struct wr_flight *prev, *next;
	const char *path;
	unsigned waiters;
	bool done;
	pthread_cond_t cond;
};

void wr_updir_release(struct wr_updir *d)
{
	wr_cleanup_close(&d->fd);
}

/* 1: somebody else copied it meanwhile, look again. 0: it is ours, end it. */
static int flight_begin(struct wr_layer *l, struct wr_flight *own)
{
	struct wr_flight *f;

	pthread_mutex_lock(&l->flight_lock);
	DL_FOREACH (l->flights, f)
		if (!strcmp(f->path, own->path))
			break;
	if (f) {
		f->waiters++;
		while (!f->done)
			pthread_cond_wait(&f->cond, &l->flight_lock);
		/* the last to leave tells its owner, whose stack it is on */
		if (--f->waiters == 0)
			pthread_cond_broadcast(&f->cond);
		pthread_mutex_unlock(&l->flight_lock);
		return 1;
	}
	pthread_cond_init(&own->cond, NULL);
	DL_APPEND(l->flights, own);
	pthread_mutex_unlock(&l->flight_lock);
	return 0;
}

static void flight_end(struct wr_layer *l, struct wr_flight *own)
{
	pthread_mutex_lock(&l->flight_lock);
	DL_DELETE(l->flights, own);
	own->done = true;
	pthread_cond_broadcast(&own->cond);
	while (own->waiters)
		pthread_cond_wait(&own->cond, &l->flight_lock);
	pthread_mutex_unlock(&l->flight_lock);
	pthread_cond_destroy(&own->cond);
}

/* ---- rights ---- */

/* On a read-only file system the kernel says EROFS before it looks at the mode. */
static bool mode_allows(const struct stat *st, unsigned bits)
{
	uid_t uid = geteuid();
	gid_t groups[256];

	if (uid == 0)
		return true;
	if (uid == st->st_uid)
		return ((st->st_mode >> 6) & bits) == bits;
	bool member = getegid() == st->st_gid;
	int n = getgroups(256, groups);
	for (int i = 0; i < n && !member; i++)
		member = groups[i] == st->st_gid;
	return ((member ? st->st_mode >> 3 : st->st_mode) & bits) == bits;
}

static int may(int fd, const struct stat *st, int access)
{
	int r = (int)wr_ret(syscall(SYS_faccessat2, fd, "", access, AT_EMPTY_PATH | AT_EACCESS));

	if (r == -EROFS)
		r = mode_allows(st, (unsigned)access) ? 0 : -EACCES;
	return r;
}

int wr_up_rights(int fd, const struct stat *st, int why)
{
	/* who serves a root guest keeps CAP_FOWNER */
	bool owner = geteuid() == st->st_uid || geteuid() == 0;

	switch (why) {
	case WR_UP_OWNER:
		return owner ? 0 : -EPERM;
	case WR_UP_TOUCH:
		return owner ? 0 : may(fd, st, W_OK);
	case WR_UP_WRITE:
	case WR_UP_TRUNC:
	case WR_UP_XATTR:
		return S_ISLNK(st->st_mode) ? 0 : may(fd, st, W_OK);
	default:
		return 0;
	}
}

/* ---- making the copy in work/ ---- */

static int make_regular(int dir, int lower, struct stat *st, bool data, const char *tmp)
{
	char path[32];
	struct stat after;
	_cleanup_close_ int out = openat(dir, tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (out < 0)
		return -errno;
	for (int i = 0; data && i < 3; i++) {
		_cleanup_close_ int in =
			open(wr_cow_proc(lower, path), O_RDONLY | O_NOATIME | O_NONBLOCK | O_CLOEXEC);
		if (in < 0)
			in = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (in < 0)
			return -errno;
		int r = wr_copy_data(in, out, st);
		if (r < 0)
			return r;
		if (fstat(in, &after) < 0)
			return -errno;
		if (after.st_size == st->st_size && after.st_mtim.tv_sec == st->st_mtim.tv_sec &&
		    after.st_mtim.tv_nsec == st->st_mtim.tv_nsec)
			break;
		*st = after; /* somebody writes to it: what is copied must not be a mixture */
		if (ftruncate(out, 0) < 0)
			return -errno;
	}
	struct stat meta = *st;
	if (!data && st->st_size) /* it is being cut off, and says since when */
		meta.st_mtim.tv_nsec = UTIME_NOW;
	int r = wr_copy_xattrs(lower, out);
	return r < 0 ? r : wr_copy_meta(&meta, out);
}

static int make_symlink(int dir, int lower, const char *tmp)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(lower, "", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return symlinkat(text, dir, tmp) < 0 ? -errno : 0;
}

int wr_make_copy(int dir, int lower, struct stat *st, bool data, const char *tmp)
{
	int r;

	if (S_ISREG(st->st_mode))
		return make_regular(dir, lower, st, data, tmp);
	if (S_ISLNK(st->st_mode))
		r = make_symlink(dir, lower, tmp);
	else if (S_ISDIR(st->st_mode))
		r = mkdirat(dir, tmp, 0700) < 0 ? -errno : 0;
	else
		r = mknodat(dir, tmp, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	_cleanup_close_ int out = openat(dir, tmp, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return -errno;
	r = wr_copy_xattrs(lower, out);
	return r < 0 ? r : wr_copy_meta(st, out);
}

/* ---- publishing ---- */

int wr_put_quietly(struct wr_layer *l, const char *tmp, int dirfd, const char *name)
{
	char path[32], tmp_path[32];
	struct stat dir, obj;

	if (fstat(dirfd, &dir) < 0 || fstatat(l->work, tmp, &obj, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	struct timespec times[2] = {dir.st_atim, dir.st_mtim};
	int r = wr_cow_rename(l->work, tmp, dirfd, name, RENAME_NOREPLACE);
	if (r == -EACCES) {
		/* A directory that not even its owner may write (0555), as the new parent or as what is
		 * moved: a change of content below it is legal all the same. */
		_cleanup_close_ int fd = openat(l->work, tmp, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		bool isdir = S_ISDIR(obj.st_mode);
		wr_cow_proc(dirfd, path);
		if (chmod(path, (dir.st_mode & 07777) | 0300) < 0)
			return r;
		if (isdir)
			chmod(wr_cow_proc(fd, tmp_path), (obj.st_mode & 07777) | 0200);
		r = wr_cow_rename(l->work, tmp, dirfd, name, RENAME_NOREPLACE);
		if (isdir)
			chmod(tmp_path, obj.st_mode & 07777);
		chmod(path, dir.st_mode & 07777);
	}
	/* Copying up is no change of the directory; best effort. */
	syscall(SYS_utimensat, dirfd, "", times, AT_EMPTY_PATH);
	return r;
}

/* -ESTALE: look again. */
static int publish(struct wr_layer *l, const struct wr_path *p, const struct wr_updir *dir, const char *tmp,
		   const struct stat *st)
{
	unsigned state = S_ISDIR(st->st_mode) ? WR_IS_MERGED : WR_IS_FILE | WR_COPY;
	int r = 0;

	wr_dir_lock(l, p->full, p->dir_len);
	uint64_t now = wr_index_get(l->index, p->full, p->dir_len);
	if (((now ^ dir->word) & ~(uint64_t)WR_ATTR) || wr_index_get(l->index, p->full, p->len))
		r = -ESTALE;
	if (r == 0)
		r = wr_base_note(l, p->full, p->len, st);
	if (r == 0)
		r = wr_put_quietly(l, tmp, dir->fd, p->name);
	if (r == 0) {
		r = wr_index_set(l->index, p->full, p->len, state);
		if (r < 0)
			wr_cow_rename(dir->fd, p->name, l->work, tmp, 0);
		else
			wr_index_changed(l->index, p->full, p->dir_len);
	}
	wr_dir_unlock(l, p->full, p->dir_len);
	return r == -EEXIST ? -EIO : r; /* on disk but not in the index: somebody else writes there */
}

static int copy_one(struct wr_layer *l, const struct wr_path *p, int lower, struct stat *st, int why)
{
	char tmp[32];
	struct wr_updir dir = {.fd = -1};
	uint64_t bytes = S_ISREG(st->st_mode) && why != WR_UP_TRUNC ? (uint64_t)st->st_blocks * 512 : 0;
	int r = wr_up_dir(l, p->full, p->dir_len, false, &dir);

	if (r == 0 && !dir.merged)
		r = -ESTALE;
	if (r == 0)
		r = wr_quota_take(l, bytes, 1);
	if (r == 0) {
		r = wr_make_copy(l->work, lower, st, why != WR_UP_TRUNC, wr_work_name(l, tmp));
		if (r == 0)
			r = publish(l, p, &dir, tmp, st);
		if (r < 0) {
			unlinkat(l->work, tmp, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0);
			wr_quota_give(l, bytes, 1);
		}
	}
	wr_updir_release(&dir);
	return r;
}

/* One object whose place is in the lowers. -ESTALE: look again. */
static int up_object(struct wr_layer *l, const struct wr_path *p, int why)
{
	struct stat st;
	struct wr_flight flight = {.path = p->full};
	struct wr_place place;
	unsigned k;
	_cleanup_close_ int lower = wr_lower_lookup(l, p->full, 0, &k);

	if (lower < 0)
		return lower;
	if (fstat(lower, &st) < 0)
		return -errno;
	int r = wr_up_rights(lower, &st, why);
	if (r < 0)
		return r;
	if (flight_begin(l, &flight))
		return -ESTALE;
	wr_place(l, p->full, p->len, &place);
	r = place.kind == WR_PLACE_LOWER ? copy_one(l, p, lower, &st, why) : -ESTALE;
	flight_end(l, &flight);
	return r;
}

/* ---- directories ---- */

static int up_chain(struct wr_layer *l, const char *full, size_t from, size_t len)
{
	char part[PATH_MAX];
	struct wr_path p;

	while (from < len) {
		const char *slash = memchr(full + from + !!from, '/', len - from - !!from);
		from = slash ? (size_t)(slash - full) : len;
		memcpy(part, full, from);
		part[from] = '\0';
		int r = wr_path_parse(part, &p);
		if (r == 0)
			r = up_object(l, &p, WR_UP_ALWAYS);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The visible directory is a lower one: it and its parents come up. */
static int up_lower_dir(struct wr_layer *l, const char *dir, size_t at, size_t len, bool write)
{
	struct stat st;
	_cleanup_close_ int fd = wr_lower_lookup(l, dir, O_DIRECTORY, NULL);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	int r = write ? may(fd, &st, W_OK | X_OK) : 0;
	return r < 0 ? r : up_chain(l, dir, at, len);
}

int wr_up_dir(struct wr_layer *l, const char *full, size_t len, bool write, struct wr_updir *ret)
{
	char dir[PATH_MAX];
	struct wr_place p;

	wr_layer_mark(l);
	memcpy(dir, full, len);
	dir[len] = '\0';
	for (int i = 0; i < TRIES; i++) {
		wr_place(l, dir, len, &p);
		if (p.kind == WR_PLACE_WHITEOUT)
			return -ENOENT;
		if (p.kind == WR_PLACE_LOWER) {
			int r = up_lower_dir(l, dir, p.at, len, write);
			if (r < 0 && r != -ESTALE)
				return r;
			continue;
		}
		_cleanup_close_ int fd = wr_open_below(l->upper, dir, O_PATH | O_DIRECTORY, 0);
		if (!wr_place_holds(l, dir, &p))
			continue;
		if (fd < 0)
			return fd;
		ret->fd = wr_steal_fd(&fd);
		ret->merged = p.leaf && wr_state(p.word) == WR_IS_MERGED;
		ret->word = p.word;
		return 0;
	}
	return -EBUSY;
}

int wr_layer_copy_up(struct wr_layer *l, const char *rel, int why, struct wr_found *ret)
{
	struct wr_path p;
	struct wr_place place;
	int r = wr_path_parse(rel, &p);

	wr_layer_mark(l);
	if (r < 0 && *rel)
		return r;
	for (int i = 0; r == 0 && i < TRIES; i++) {
		wr_place(l, p.full, p.len, &place);
		if (place.kind == WR_PLACE_WHITEOUT)
			return -ENOENT;
		if (place.kind == WR_PLACE_LOWER) {
			r = up_object(l, &p, why);
			if (r < 0 && r != -ESTALE)
				return r;
			r = 0;
			continue;
		}
		r = wr_open_upper(l, rel, O_PATH | O_NOFOLLOW, ret);
		if (r == -ESTALE) {
			r = 0;
			continue;
		}
		if (r == 0 && ret->merged && (why == WR_UP_OWNER || why == WR_UP_XATTR))
			wr_index_set_attr(l->index, p.full, p.len);
		return r;
	}
	if (*rel)
		return -EBUSY;
	if (why == WR_UP_OWNER || why == WR_UP_XATTR)
		wr_index_set_attr(l->index, "", 0);
	return wr_open_upper(l, "", O_PATH, ret);
}
