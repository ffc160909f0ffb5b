/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "resolve.h"
#include "byfd.h"
#include "frozen.h"
#include "walk.h"
#include <string.h>

/* Renames in all sandboxes. A walk by the name of its base during which one began is done again from the base
 * itself, which may have been moved. Written by rename alone. */
#define MAX_ROUNDS 40 /* of making a path canonical */

static atomic_uint renames_begun, renames_done;

void wr_rename_begins(void)
{
	atomic_fetch_add(&renames_begun, 1);
}

void wr_rename_ends(void)
{
	atomic_fetch_add(&renames_done, 1);
}

void wr_target_release(struct wr_target *t)
{
	wr_cleanup_close(&t->fd);
	wr_cleanup_close(&t->parent);
}

struct wr_layer *wr_target_layer(const struct wr_target *t, char *buf)
{
	if (!t->mnt || !t->mnt->layer || !t->gpath || t->held)
		return NULL;
	const char *rel = t->gpath + t->mnt->guest_len;
	snprintf(buf, 2 * PATH_MAX, "%s%s", rel + (*rel == '/'), t->name && t->slash ? "/" : "");
	return t->mnt->layer;
}

int wr_target_copy_up(struct warren_request *rq, struct wr_target *t, int why)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l = wr_target_layer(t, rel);

	if (t->mnt && (t->mnt->kind == WR_MOUNT_PROC || t->held))
		return wr_linked_to_layer(rq, why, t);
	int r = l ? wr_layer_copy_up(l, rel, why, &f) : 0;

	if (!l && t->mnt && t->mnt->layer)
		wr_layer_touch(t->mnt->layer, t->fd); /* an fd of the guest's own */

	if (!l || r < 0)
		return r;
	wr_cleanup_close(&t->fd);
	t->fd = wr_steal_fd(&f.fd);
	return 0;
}

const char *wr_fd_path(int fd, char buf[static 32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

int wr_denied(const struct wr_mount *m, unsigned need)
{
	return m->readonly && need == WR_MAY_WRITE ? -EROFS : -EACCES;
}

/* AT_EMPTY_PATH: the object itself, by the guest's own fd. It is opened first and judged then: the number may
 * be another object's by now. */
static int resolve_empty(struct warren_request *rq, int dirfd, unsigned need, char *cur, struct wr_target *t)
{
	char link[48];

	if (dirfd < 0 && dirfd != AT_FDCWD)
		return -EBADF;
	t->fd = open(wr_origin_link(rq, dirfd, link), O_PATH | O_CLOEXEC);
	if (t->fd < 0)
		return errno == ENOENT ? -EBADF : -errno;
	int r = wr_origin_object(rq, dirfd, t->fd, cur, &t->mnt, &t->may);
	if (r == 0 && (t->may & need) != need)
		r = wr_denied(t->mnt, need & ~t->may);
	return r;
}

/* Relative to a lower directory that was deleted, or replaced by another one. There are no names in it;
 * itself it can be looked at. */
static int in_lost(struct wr_walk *w, int dirfd, const char *path)
{
	const uint64_t flags = w->how ? w->how->flags : O_PATH | O_CLOEXEC;
	struct open_how how = {.flags = flags & ~(uint64_t)O_NOFOLLOW};
	char link[48];
	struct stat st;

	if (stat(wr_origin_link(w->rq, dirfd, link), &st) < 0 || !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (path[strspn(path, "./")] || strstr(path, "..") || (w->flags & WR_PARENT) ||
	    (flags & O_TMPFILE) == O_TMPFILE)
		return -ENOENT;
	if (flags & O_CREAT)
		return (flags & O_EXCL) ? -EEXIST : -EISDIR;
	int r = resolve_empty(w->rq, dirfd, w->need, w->cur, w->t);
	w->t->held = true;
	if (r == 0 && (fstat(w->t->fd, &st) < 0 || !S_ISDIR(st.st_mode)))
		r = -ENOTDIR;
	if (r == 0 && faccessat(w->t->fd, ".", X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r < 0 || !w->how)
		return r;
	int fd = wr_openat2(AT_FDCWD, wr_fd_path(w->t->fd, link), &how);
	wr_cleanup_close(&w->t->fd);
	w->t->fd = fd;
	return fd < 0 ? fd : 0;
}

/* Cuts the last component off rest, into the target. */
static void split(struct wr_walk *w)
{
	size_t n = strlen(w->rest);

	while (n && w->rest[n - 1] == '/')
		w->rest[--n] = '\0';
	char *slash = strrchr(w->rest, '/');
	char *name = slash ? slash + 1 : w->rest;
	/* one that is too long stays so: the kernel shall say it when it is its turn */
	snprintf(w->t->last, sizeof(w->t->last), "%s", name);
	w->name = w->t->last;
	*name = '\0';
}

static int start(struct wr_walk *w, const char *path)
{
	w->rest = w->restbuf;
	w->tail = "";
	w->links = w->opens = 0;
	w->careful = false;
	if (w->t->ask)
		w->t->ask->known = w->t->ask->frozen = false;
	w->rooted = path[0] == '/';
	if (path != w->restbuf)
		memmove(w->restbuf, path, strlen(path) + 1);
	if (w->flags & WR_PARENT) {
		size_t n = strlen(path);
		w->t->slash = path[n - 1] == '/';
		split(w);
		if (!*w->name) { /* nothing but slashes: the root */
			w->t->name = "";
			w->t->mnt = &w->p->mounts[w->p->n_mounts - 1];
			return 0;
		}
	}
	return wr_walk(w);
}

/* The walk begins at the object that the base is, not at its name. */
static int from_base(struct wr_walk *w, int dirfd, const char *path)
{
	wr_target_release(w->t);
	int r = wr_origin_open(w->rq, dirfd, &w->base, w->cur);
	if (r < 0)
		return r;
	if (w->base.lost)
		return in_lost(w, dirfd, path);
	if (!w->base.is_dir)
		return -ENOTDIR;
	w->named = 0;
	w->scoped = w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT);
	w->scope = w->base.len;
	return start(w, path);
}

/* Can a walk by the base's name have gone wrong where one from the base itself would not? */
static bool by_name_failed(const struct wr_walk *w, int r, unsigned renames)
{
	switch (r) {
	case -ESTALE:	    /* a symlink is where the base was */
	case -EACCES:	    /* an ancestor of the base may not be searched: the kernel would not, either */
	case -ENAMETOOLONG: /* with the name of the base before it */
		return true;
	default:
		if (atomic_load(&renames_begun) == renames)
			return false;
		return r < 0 || !w->how || !(w->how->flags & (O_CREAT | O_TRUNC));
	}
}

/* A layer goes by names: who was there may have been renamed since, and what is no directory any more has no
 * names in it whatever its own is. */
static bool base_is_no_directory(const struct wr_walk *w, int dirfd)
{
	char link[48];
	struct stat st;

	return w->m && w->m->layer && dirfd != AT_FDCWD &&
	       stat(wr_origin_link(w->rq, dirfd, link), &st) == 0 && !S_ISDIR(st.st_mode);
}

static int resolve_relative(struct wr_walk *w, int dirfd, const char *given)
{
	char path[PATH_MAX];
	const char *rel;
	unsigned renames = atomic_load(&renames_done);

	strcpy(path, given);
	if (w->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_NO_XDEV))
		return from_base(w, dirfd, path);
	int r = wr_origin_name(w->rq, dirfd, w->cur);
	if (r < 0)
		return r;
	if (r == WR_LOST)
		return in_lost(w, dirfd, path);
	/* the name of a link in /proc that is held by O_PATH would be followed */
	if (r == WR_NAMELESS || wr_policy_mount(w->p, w->cur, &rel)->kind == WR_MOUNT_PROC)
		return from_base(w, dirfd, path);
	w->named = true;
	r = start(w, path);
	if (r == -ENOENT && base_is_no_directory(w, dirfd))
		return -ENOTDIR;
	return by_name_failed(w, r, renames) ? from_base(w, dirfd, path) : r;
}

int wr_resolve(struct warren_request *rq, int dirfd, const char *path, unsigned flags,
	       const struct open_how *how, unsigned need, unsigned buf, struct wr_target *ret)
{
	char raw[WR_WALK_BUF];
	struct wr_walk w = {.p = wr_sandbox_policy(rq->sandbox),
			    .rq = rq,
			    .flags = flags,
			    .need = need,
			    .how = how,
			    .resolve = how ? how->resolve : 0,
			    .t = ret,
			    .cur = rq->scratch->path[2 * buf + 1],
			    .restbuf = rq->scratch->path[2 * buf],
			    .raw = raw,
			    .base.fd = -1};
	int r;

	ret->gpath = w.cur;
	ret->may = WR_MAY_READ | WR_MAY_WRITE | WR_MAY_LIST;
	w.cur[0] = '\0';
	if (!path[0])
		return (flags & WR_EMPTY_PATH) ? resolve_empty(rq, dirfd, need, w.cur, ret) : -ENOENT;
	if (path[0] == '/' && (w.resolve & RESOLVE_BENEATH))
		r = -EXDEV;
	else if (path[0] == '/' && !(w.resolve & RESOLVE_IN_ROOT))
		r = start(&w, path);
	else
		r = resolve_relative(&w, dirfd, path);
	wr_cleanup_close(&w.base.fd);
	return r;
}

static int canonical_once(const struct warren_policy *p, const char *path, char *buf, size_t size)
{
	struct wr_target t = WR_TARGET_INIT;
	char cur[WR_WALK_BUF] = "", rest[WR_WALK_BUF], raw[WR_WALK_BUF];
	struct wr_walk w = {
		.p = p, .flags = WR_FOLLOW, .t = &t, .cur = cur, .restbuf = rest, .raw = raw, .base.fd = -1};

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	int r = start(&w, path);
	wr_target_release(&t);
	if (r < 0 && r != -ENOENT)
		return r;
	/* what does not exist is kept as it is spelled */
	snprintf(buf, size, "%s", cur[0] ? cur : "/");
	return 0;
}

/* Where ".." follows what does not exist, the walk ends with a path that may have symlinks in it: once more
 * from there. */
int wr_policy_canonical(const struct warren_policy *p, const char *path, char *buf, size_t size)
{
	char last[WR_WALK_BUF];
	int r = canonical_once(p, path, buf, size);

	/* the kernel did not get to see what is behind a missing component */
	for (const char *c = buf; r == 0 && *c; c += strcspn(c, "/")) {
		c += strspn(c, "/");
		if (strcspn(c, "/") > NAME_MAX)
			r = -ENAMETOOLONG;
	}
	for (int i = 0; r == 0 && i < MAX_ROUNDS; i++) {
		snprintf(last, sizeof(last), "%s", buf);
		r = canonical_once(p, last, buf, size);
		if (r == 0 && !strcmp(last, buf))
			return 0;
	}
	return r < 0 ? r : -ELOOP;
}
