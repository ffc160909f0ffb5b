/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a stretch, by what kind of mount it lies in. */
#define _GNU_SOURCE
#include "walk_private.h"
#include "frozen.h"
#include "pts.h"
#include <string.h>

const struct open_how wr_walk_dir = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC};

int wr_walk_open_long(struct wr_walk *w, const char *path, const struct open_how *how)
{
	struct open_how step = wr_walk_dir;
	_cleanup_close_ int dir = -1;

	step.resolve = how->resolve;
	for (size_t len = strlen(path);;) {
		if (++w->opens > WR_WALK_MAX_OPENS)
			return -ELOOP;
		if (len < PATH_MAX)
			return wr_openat2(dir < 0 ? w->at : dir, path, how);
		char part[PATH_MAX];
		const char *cut = memrchr(path, '/', PATH_MAX - 1);
		if (!cut)
			return -ENAMETOOLONG;
		memcpy(part, path, (size_t)(cut - path));
		part[cut - path] = '\0';
		int fd = wr_openat2(dir < 0 ? w->at : dir, part, &step);
		if (fd < 0)
			return fd;
		wr_cleanup_close(&dir);
		dir = fd;
		len -= (size_t)(cut - path) + 1;
		path = cut + 1;
	}
}

/* The stretch is empty: the mount point, or a file bound there; or the base. */
static int open_start(struct wr_walk *w, const char *suffix, const struct open_how *how)
{
	char path[32];
	struct open_how h = *how;

	/* a name with a slash behind it; of the root and of a base the path has none */
	bool by_name = w->at == w->m->fd && w->len && !(w->scoped && w->len == w->scope);
	if ((h.flags & O_CREAT) && !strcmp(suffix, "/") && by_name)
		return -EISDIR;
	if (w->at == w->m->fd ? w->m->is_dir : w->base.is_dir) {
		int fd = wr_openat2(w->at, ".", &h);
		/* without a component, or reached by "..", the kernel would not ask for the right to search
		 * it */
		if (fd != -EACCES || !strcmp(suffix, "/."))
			return fd;
		if (h.flags & O_CREAT)
			return -EISDIR;
	} else if (*suffix || (h.flags & O_DIRECTORY)) {
		return -ENOTDIR;
	}
	if ((h.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	h.flags &= ~(uint64_t)(O_CREAT | O_NOFOLLOW);
	h.mode = 0;
	h.resolve = 0;
	if (w->m->kind == WR_MOUNT_TTY) /* ours is not the guest's */
		h.flags = (h.flags & (O_DIRECTORY | O_CLOEXEC)) | O_PATH;
	return wr_openat2(AT_FDCWD, wr_fd_path(w->at, path), &h);
}

static int open_raw(struct wr_walk *w, const char *suffix, const struct open_how *how)
{
	memcpy(w->raw + w->n_raw, suffix, strlen(suffix) + 1);
	int fd = wr_walk_open_long(w, w->raw, how);
	w->raw[w->n_raw] = '\0';
	return fd;
}

/* "x/." to be made: x must be there, and then is what it is. */
static int open_dot(struct wr_layer *l, const char *rel, const struct open_how *how)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	struct stat st;
	int r = wr_layer_lookup(l, rel, O_DIRECTORY, &f);

	if (r == 0 && fstatat(f.fd, ".", &st, 0) < 0)
		r = -errno;
	return r < 0 ? r : (how->flags & O_EXCL) ? -EEXIST : -EISDIR;
}

/* In a layer: its lookup says where the object is, upper or lower, and copies up what is opened to be
 * written. It follows no symlink, as the kernel does not in a stretch. */
static int open_layer(struct wr_walk *w, const char *suffix, const struct open_how *how, bool last)
{
	char rel[WR_WALK_BUF + 2];
	struct wr_link link;
	struct stat st;

	/* a scope has no name, as the root has none: a slash behind it is nothing */
	bool named = w->n_raw && !(w->scoped && w->len == w->scope);

	snprintf(rel, sizeof(rel), "%s%s", w->raw, *suffix && named ? "/" : "");
	while (++w->opens <= WR_WALK_MAX_OPENS) {
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		int r = (how->flags & O_PATH)
				? wr_layer_lookup(w->m->layer, rel,
						  (unsigned)how->flags & (O_DIRECTORY | O_NOFOLLOW), &f)
			: (how->flags & O_CREAT) && !strcmp(suffix, "/.")
				? open_dot(w->m->layer, rel, how)
				: wr_layer_open_file(w->m->layer, rel, how, &f, NULL);
		w->lower = f.where == WR_LOWER;
		if (r == 0 && (how->flags & O_PATH) && !(how->flags & (O_NOFOLLOW | O_DIRECTORY)) &&
		    fstat(f.fd, &st) == 0 && S_ISLNK(st.st_mode))
			r = -ELOOP;
		/* "x/." wants the right to search x */
		if (r == 0 && !strcmp(suffix, "/.") && (how->flags & O_TMPFILE) != O_TMPFILE &&
		    fstatat(f.fd, ".", &st, 0) < 0)
			return -errno;
		if (r == 0 && last && w->how && (how->flags & (O_PATH | O_NOFOLLOW)) == O_PATH) {
			char path[32]; /* the guest's own: without the flag by which it was looked up */
			r = wr_openat2(AT_FDCWD, wr_fd_path(f.fd, path),
				       &(struct open_how){.flags = how->flags});
			return r;
		}
		if (r == 0)
			return wr_steal_fd(&f.fd);
		if (r != -ELOOP)
			return r;
		r = wr_layer_find_link(w->m->layer, rel, &link);
		if (r < 0)
			return r;
		if (r == 0)
			continue; /* it was a symlink a moment ago */
		if (link.end == w->n_raw && last && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
			return (how->flags & O_DIRECTORY) ? -ENOTDIR : -ELOOP;
		if (link.where == WR_LOWER)
			wr_frozen_found_link(w, link.end, link.text);
		return wr_walk_follow_raw(w, link.end, link.text);
	}
	return -ELOOP;
}

int wr_walk_open(struct wr_walk *w, const char *suffix, const struct open_how *given, bool last, int *ret_fd)
{
	struct open_how how = *given;
	const char *rel = w->cur + w->m->guest_len;
	int fd, r;

	how.resolve = wr_walk_step_flags(w);
	w->lower = false;
	r = wr_walk_follow_known(w, last);
	if (r < 0)
		return r;
	if (w->m->kind == WR_MOUNT_PROC && *rel) {
		fd = wr_walk_open_proc(w, rel + 1, last, &how);
	} else if (w->m->kind == WR_MOUNT_PTS && *rel) {
		if (last && (how.flags & O_CREAT) && !strcmp(w->tail, "/"))
			return -EISDIR;
		if (last && *w->tail)
			how.flags |= O_DIRECTORY;
		fd = wr_pts_open(w->rq, w->m, rel + 1, &how);
	} else if (w->m->layer && w->at != w->base.fd) {
		fd = open_layer(w, suffix, &how, last);
	} else if (!w->n_raw) {
		fd = open_start(w, suffix, &how);
	} else {
		r = wr_walk_try_hint(w);
		if (r < 0)
			return r;
		do {
			fd = open_raw(w, suffix, &how);
			if (fd == -ELOOP)
				fd = wr_walk_find_link(w, last);
		} while (fd == -ESTALE && !w->named);
		if ((fd == -EAGAIN || fd == -EXDEV) && w->dots)
			return wr_walk_be_careful(w); /* something was renamed meanwhile */
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}
