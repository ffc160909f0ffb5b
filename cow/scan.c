/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the upper layer when it is opened: the index of merged directories, and what the limits count. The
 * directories are taken from a list, not by recursion: their depth is the last guest's choice. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <sys/file.h>

struct todo {
	struct todo *next;
	bool merged;
	size_t len;
	char path[];
};

static int push(struct todo **list, const char *path, size_t len, bool merged)
{
	struct todo *t = malloc(sizeof(*t) + len + 1);

	if (!t)
		return -ENOMEM;
	*t = (struct todo){*list, merged, len};
	memcpy(t->path, path, len + 1);
	*list = t;
	return 0;
}

struct wr_opened {
	struct wr_opened *next;
	mode_t mode;
	char path[];
};

/* Who only reads has no lock. With the shared one no sandbox writes. */
static bool may_open_up(struct wr_layer *l)
{
	if (!l->readonly || l->idle || l->lock_fd >= 0)
		return true;
	_cleanup_close_ int fd = openat(l->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
		return false;
	l->lock_fd = wr_steal_fd(&fd);
	return true;
}

/* Reading an attribute takes the right to read the directory. */
bool wr_upper_is_opaque(struct wr_layer *l, int fd, const struct stat *st)
{
	char proc[32];

	if ((st->st_mode & 0400) || geteuid() == 0 || st->st_uid != geteuid() || !may_open_up(l) ||
	    chmod(wr_cow_proc(fd, proc), (st->st_mode & 07777) | 0400) < 0)
		return wr_is_opaque(fd);
	bool opaque = wr_is_opaque(fd);
	chmod(proc, st->st_mode & 07777);
	return opaque;
}

/* A directory in a merged one: WR_IS_MERGED (with WR_ATTR) or WR_IS_PURE. */
static unsigned dir_state(struct wr_layer *l, const char *path, int fd, const struct stat *st)
{
	struct stat low;

	if (wr_upper_is_opaque(l, fd, st))
		return WR_IS_PURE;
	_cleanup_close_ int lower = wr_lower_lookup(l, path, O_DIRECTORY, NULL);
	if (lower < 0 || fstat(lower, &low) < 0)
		return WR_IS_PURE;
	if (low.st_mode != st->st_mode || low.st_uid != st->st_uid || low.st_gid != st->st_gid)
		return WR_IS_MERGED | WR_ATTR;
	return WR_IS_MERGED;
}

static int scan_entry(struct wr_layer *l, const struct todo *t, int dir, const char *name, struct todo **list)
{
	char path[PATH_MAX];
	struct stat st;
	unsigned state = WR_IS_PURE;
	int len = snprintf(path, sizeof(path), "%s%s%s", t->path, t->len ? "/" : "", name), r = 0;

	if (len >= (int)sizeof(path))
		return 0; /* nobody can name it */
	_cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode)) {
		if (t->merged)
			state = dir_state(l, path, fd, &st);
		r = push(list, path, (size_t)len, wr_state(state) == WR_IS_MERGED);
	} else if (wr_is_whiteout(dir, name, &st)) {
		/* below an opaque directory it says nothing, and must not be taken for a device */
		if (!t->merged)
			return unlinkat(dir, name, 0) < 0 && !l->readonly ? -errno : 0;
		l->file_marks |= S_ISREG(st.st_mode);
		return wr_index_set(l->index, path, (size_t)len, WR_IS_WHITEOUT);
	} else {
		state = WR_IS_FILE;
	}
	if (r == 0 && t->merged)
		r = wr_index_set(l->index, path, (size_t)len, state);
	atomic_fetch_add(&l->files, 1);
	if (S_ISREG(st.st_mode))
		atomic_fetch_add(&l->bytes,
				 (unsigned long long)st.st_blocks * 512 / (st.st_nlink ? st.st_nlink : 1));
	return r;
}

static int open_up(struct wr_layer *l, const char *path, int fd, mode_t mode, struct wr_opened **opened)
{
	char proc[32];
	size_t size = strlen(path) + 1;
	struct wr_opened *o = malloc(sizeof(*o) + size);

	if (!o)
		return -ENOMEM;
	if (!may_open_up(l) || chmod(wr_cow_proc(fd, proc), mode | 0700) < 0) {
		free(o);
		return -EACCES;
	}
	*o = (struct wr_opened){*opened, mode};
	memcpy(o->path, path, size);
	*opened = o;
	return 0;
}

int wr_open_readable(struct wr_layer *l, const char *path, struct wr_opened **opened)
{
	struct stat st;
	_cleanup_close_ int fd = wr_open_below(l->upper, path, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (geteuid() != 0 && st.st_uid == geteuid() && (st.st_mode & 0500) != 0500) {
		int r = open_up(l, path, fd, st.st_mode & 07777, opened);
		if (r < 0)
			return r;
	}
	int r = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

/* The last one first: what is above it is then still open. */
void wr_close_again(struct wr_layer *l, struct wr_opened **opened)
{
	char proc[32];

	while (*opened) {
		struct wr_opened *o = *opened;
		_cleanup_close_ int fd = wr_open_below(l->upper, o->path, O_PATH | O_DIRECTORY, 0);
		if (fd >= 0)
			chmod(wr_cow_proc(fd, proc), o->mode);
		*opened = o->next;
		free(o);
	}
}

static int scan_dir(struct wr_layer *l, const struct todo *t, struct todo **list, struct wr_opened **opened)
{
	struct dirent *e;
	int r = 0, fd = wr_open_readable(l, t->path, opened);

	if (fd < 0) /* a sandbox may be at work in it, when we only look */
		return fd == -ENOENT && l->readonly ? 0 : fd;
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && (errno = 0, e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = scan_entry(l, t, dirfd(d), e->d_name, list);
	if (r == 0 && errno)
		r = -errno;
	return r;
}

int wr_scan(struct wr_layer *l)
{
	struct todo *list = NULL;
	struct wr_opened *opened = NULL;
	struct stat up, low;
	unsigned root = WR_IS_MERGED;

	if (fstat(l->upper, &up) < 0 || fstat(l->lowers[0].fd, &low) < 0)
		return -errno;
	if (up.st_mode != low.st_mode || up.st_uid != low.st_uid || up.st_gid != low.st_gid)
		root |= WR_ATTR;
	if (wr_is_opaque(l->upper))
		root = WR_IS_PURE;
	int r = wr_index_set(l->index, "", 0, root);
	if (r == 0)
		r = push(&list, "", 0, root != WR_IS_PURE);
	while (list) {
		struct todo *t = list;
		list = t->next;
		if (r == 0)
			r = scan_dir(l, t, &list, &opened);
		free(t);
	}
	wr_close_again(l, &opened);
	return r;
}
