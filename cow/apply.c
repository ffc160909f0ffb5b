/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a commit. Each looks first whether it was done already, by the inode at the name, so that a
 * list of steps can be applied, or undone, again from the start after a crash anywhere in it. */
#define _GNU_SOURCE
#include "stage.h"

#include <sys/xattr.h>

struct at {
	int dir;
	struct wr_path p;
	char proc[32];
	bool there;
	struct stat st;
};

bool wr_same_object(const struct stat *st, const struct wr_base_id *id)
{
	if (st->st_ino != id->ino || (st->st_mode & S_IFMT) != (id->mode & S_IFMT))
		return false;
	if (S_ISDIR(st->st_mode)) /* its times change with its names; we may have opened it to move it */
		return ((st->st_mode ^ id->mode) & ~(mode_t)0300) == 0 && st->st_uid == id->uid &&
		       st->st_gid == id->gid;
	return (uint64_t)st->st_size == id->size && st->st_mtim.tv_sec == id->mtime &&
	       st->st_mtim.tv_nsec == id->mtime_ns && st->st_mode == id->mode && st->st_uid == id->uid &&
	       st->st_gid == id->gid;
}

static int look(struct wr_layer *l, const struct wr_step *s, struct at *a)
{
	char dir[PATH_MAX];
	int r = wr_path_parse(s->path, &a->p);

	if (r < 0)
		return r;
	a->dir = wr_open_below(wr_bottom(l), wr_path_dir(&a->p, dir), O_PATH | O_DIRECTORY, 0);
	if (a->dir < 0)
		return a->dir;
	a->there = fstatat(a->dir, a->p.name, &a->st, AT_SYMLINK_NOFOLLOW) == 0;
	return a->there || errno == ENOENT ? 0 : -errno;
}

static bool is_new(const struct at *a, const struct wr_step *s)
{
	return a->there && a->st.st_ino == s->new_ino && a->st.st_dev == s->new_dev;
}

/* A directory without write permission is opened for the step. The journal has its mode, so that a crash in
 * between is repaired when the step is repeated. */
static void unlock_parent(struct at *a, const struct wr_step *s)
{
	if (s->pad)
		chmod(wr_cow_proc(a->dir, a->proc), (s->pad & 07777) | 0300);
}

static void lock_parent(struct at *a, const struct wr_step *s)
{
	if (s->pad)
		chmod(wr_cow_proc(a->dir, a->proc), s->pad & 07777);
}

/* Moves what is at the name, maybe in exchange. A directory can only be moved to another one by who may write
 * it, for its ".."; its mode is given back. */
static int move(struct at *a, int to, const char *name, unsigned flags)
{
	char proc[32];
	int r = wr_cow_rename(a->dir, a->p.name, to, name, flags);

	if (r != -EACCES || !S_ISDIR(a->st.st_mode))
		return r;
	_cleanup_close_ int fd = openat(a->dir, a->p.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || chmod(wr_cow_proc(fd, proc), (a->st.st_mode & 07777) | 0300) < 0)
		return r;
	r = wr_cow_rename(a->dir, a->p.name, to, name, flags);
	chmod(proc, a->st.st_mode & 07777);
	return r;
}

static int remove_old(const struct wr_stage *st, const struct wr_step *s, struct at *a)
{
	char old[32];
	struct stat taken;

	if (!a->there)
		return 0; /* done, or somebody else did it */
	if (!wr_same_object(&a->st, &s->expected))
		return -ESTALE;
	wr_step_old_name(s, old);
	int r = move(a, st->fd, old, RENAME_NOREPLACE);
	if (r < 0)
		return r;
	if (fstatat(st->fd, old, &taken, AT_SYMLINK_NOFOLLOW) < 0 || !wr_same_object(&taken, &s->expected)) {
		wr_cow_rename(st->fd, old, a->dir, a->p.name, RENAME_NOREPLACE);
		return -ESTALE;
	}
	return 0;
}

static int put_new(const struct wr_stage *st, const struct wr_step *s, struct at *a)
{
	char name[32];

	if (is_new(a, s))
		return 0;
	if (a->there)
		return -ESTALE;
	wr_step_new_name(s, name);
	int r = wr_cow_rename(st->fd, name, a->dir, a->p.name, RENAME_NOREPLACE);
	return r == -EEXIST ? -ESTALE : r;
}

static int swap(const struct wr_stage *st, const struct wr_step *s, struct at *a)
{
	char name[32];
	struct stat taken;

	if (is_new(a, s))
		return 0;
	if (!a->there || !wr_same_object(&a->st, &s->expected))
		return -ESTALE;
	wr_step_new_name(s, name);
	int r = move(a, st->fd, name, RENAME_EXCHANGE);
	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	if (fstatat(st->fd, name, &taken, AT_SYMLINK_NOFOLLOW) < 0 || !wr_same_object(&taken, &s->expected)) {
		wr_cow_rename(st->fd, name, a->dir, a->p.name, RENAME_EXCHANGE);
		return -ESTALE;
	}
	return 0;
}

/* Attributes that the upper object has not are removed. */
static void drop_xattrs(int upper, int lower)
{
	char from[32], to[32];
	_cleanup_free_ char *names = NULL;
	ssize_t n = listxattr(wr_cow_proc(lower, to), NULL, 0);

	if (n <= 0 || !(names = malloc((size_t)n)))
		return;
	n = listxattr(to, names, (size_t)n);
	wr_cow_proc(upper, from);
	for (char *name = names; name < names + n; name += strlen(name) + 1)
		if (getxattr(from, name, NULL, 0) < 0 && errno == ENODATA)
			removexattr(to, name);
}

/* What the layer shows; also in directories that their owner closed. */
static int open_shown(struct wr_layer *l, const char *path, struct wr_found *ret)
{
	struct wr_opened *opened = NULL;
	char part[PATH_MAX];
	int r = wr_layer_lookup(l, path, 0, ret);

	for (size_t n = 0; r == -EACCES && path[n]; n++) {
		if (path[n] != '/')
			continue;
		memcpy(part, path, n);
		part[n] = '\0';
		int fd = wr_open_readable(l, part, &opened);
		if (fd < 0)
			break;
		close(fd);
	}
	if (opened)
		r = wr_layer_lookup(l, path, 0, ret);
	wr_close_again(l, &opened);
	return r;
}

static int copy_attributes(struct wr_layer *l, const struct wr_step *s)
{
	struct stat st;
	_cleanup_found_ struct wr_found shown = WR_FOUND_INIT;
	_cleanup_close_ int lower = wr_open_below(wr_bottom(l), s->path, O_PATH | O_NOFOLLOW, 0);
	int r = open_shown(l, s->path, &shown);

	if (r < 0 || lower < 0)
		return r < 0 ? r : lower;
	if (fstat(shown.fd, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode)) {
		drop_xattrs(shown.fd, lower);
		r = wr_copy_xattrs(shown.fd, lower);
	}
	return r < 0 ? r : wr_copy_meta(&st, lower);
}

static int apply_one(struct wr_layer *l, const struct wr_stage *st, const struct wr_step *s)
{
	struct at a = {.dir = -1};
	int r;

	if (s->kind == WR_STEP_ATTR)
		return copy_attributes(l, s);
	r = look(l, s, &a);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? -ESTALE : r;
	unlock_parent(&a, s);
	switch (s->kind) {
	case WR_STEP_REMOVE:
		r = remove_old(st, s, &a);
		break;
	case WR_STEP_PUT:
		r = put_new(st, s, &a);
		break;
	default:
		r = swap(st, s, &a);
	}
	lock_parent(&a, s);
	wr_cleanup_close(&a.dir);
	return r;
}

int wr_steps_apply(struct wr_layer *l, const struct wr_stage *st, const struct wr_journal *j, int *ret_attr)
{
	int attr = 0;

	for (size_t i = 0; i < j->n; i++) {
		int r = apply_one(l, st, &j->v[i]);
		if (r < 0 && j->v[i].kind != WR_STEP_ATTR)
			return r;
		if (r < 0 && !attr)
			attr = r;
	}
	*ret_attr = attr;
	return 0;
}

static int give_back(struct at *a, int stage, const char *name, const struct wr_step *s,
		     const struct stat *old)
{
	char proc[32];
	_cleanup_close_ int fd = openat(stage, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool dir = S_ISDIR(old->st_mode);

	if (fd < 0)
		return -errno;
	if (dir)
		chmod(wr_cow_proc(fd, proc), (s->expected.mode & 07777) | 0300);
	int r = wr_cow_rename(stage, name, a->dir, a->p.name, RENAME_NOREPLACE);
	if (dir)
		chmod(proc, s->expected.mode & 07777);
	return r;
}

static int undo_one(struct wr_layer *l, const struct wr_stage *st, const struct wr_step *s)
{
	struct at a = {.dir = -1};
	struct stat staged;
	char name[32];
	int r = look(l, s, &a);

	if (r < 0) /* its directory was never put there */
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	unlock_parent(&a, s);
	if (s->kind == WR_STEP_REMOVE) {
		wr_step_old_name(s, name);
		if (!a.there && fstatat(st->fd, name, &staged, AT_SYMLINK_NOFOLLOW) == 0)
			r = give_back(&a, st->fd, name, s, &staged);
	} else if (is_new(&a, s)) {
		wr_step_new_name(s, name);
		r = move(&a, st->fd, name, s->kind == WR_STEP_SWAP ? RENAME_EXCHANGE : RENAME_NOREPLACE);
	}
	lock_parent(&a, s);
	wr_cleanup_close(&a.dir);
	return r;
}

int wr_steps_undo(struct wr_layer *l, const struct wr_stage *st, const struct wr_journal *j)
{
	for (size_t i = j->n; i-- > 0;) {
		if (j->v[i].kind == WR_STEP_ATTR)
			continue; /* they come last, when nothing can conflict any more */
		int r = undo_one(l, st, &j->v[i]);
		if (r < 0)
			return r;
	}
	return 0;
}
