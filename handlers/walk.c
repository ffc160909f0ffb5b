/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel walks stretch by stretch: as many components as lie in one mount of the sandbox, ".." included,
 * in one openat2 from the mount's own fd. RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS make sure that what it
 * reaches is at the path that is computed here (with ".." the kernel gives EAGAIN when anything was renamed
 * while it walked); ELOOP says that there is a symlink, which is then looked for, and followed, here. */
#define _GNU_SOURCE
#include "walk.h"
#include "frozen.h"
#include "proc.h"
#include "pts.h"
#include <ctype.h>
#include <string.h>

#define MAX_LINKS    40	  /* MAXSYMLINKS, include/linux/namei.h */
#define MAX_OPENS    2048 /* of one walk: far more than it takes without renames meanwhile */
#define RESOLVE_STEP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define AGAIN	     (-ECHILD) /* a symlink was stepped over, walk on; openat2(2) never gives it */

static const struct open_how dir_how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC};

/* Cuts the last component off. */
static void up(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
}

/* A stretch begins at cur. */
static void begin(struct wr_walk *w)
{
	const char *rel;

	w->m = wr_policy_mount(w->p, w->cur, &rel);
	w->at = w->m->fd;
	w->at_len = w->m->guest_len;
	if (w->base.fd >= 0 && w->base.mnt == w->m && w->m->kind != WR_MOUNT_PROC &&
	    (!w->m->layer || w->base.deleted)) {
		/* cur is at or below the base: whatever leads out of it drops the base */
		w->at = w->base.fd;
		w->at_len = w->base.len;
		rel = w->cur + w->at_len + (w->cur[w->at_len] == '/');
	}
	w->n_raw = strlen(rel);
	memcpy(w->raw, rel, w->n_raw + 1);
	w->len = (size_t)(rel - w->cur) + w->n_raw;
	w->dots = false;
}

static bool at_mount_point(const struct wr_walk *w)
{
	for (size_t i = 0; i < w->p->n_mounts; i++)
		if (w->p->mounts[i].guest_len == w->len && !memcmp(w->p->mounts[i].guest, w->cur, w->len))
			return true;
	return false;
}

static int append(struct wr_walk *w, const char *c, size_t n, bool dotdot)
{
	if (w->len + n + 2 > WR_WALK_BUF || w->n_raw + n + 4 > WR_WALK_BUF)
		return -ENAMETOOLONG;
	if (w->n_raw)
		w->raw[w->n_raw++] = '/';
	memcpy(w->raw + w->n_raw, c, n);
	w->raw[w->n_raw += n] = '\0';
	if (dotdot) {
		up(w->cur);
		w->len = strlen(w->cur);
		w->dots = true;
		return 0;
	}
	w->cur[w->len++] = '/';
	memcpy(w->cur + w->len, c, n);
	w->cur[w->len += n] = '\0';
	return 0;
}

/* Why a stretch ended. */
enum stop {
	STOP_END,    /* the path did */
	STOP_UP,     /* ".." is next, and leads out of the stretch */
	STOP_HIDDEN, /* ".." is next, and cur is not to be seen */
	STOP_MOUNT,  /* cur is a mount point now */
	STOP_DOTS,   /* the same is next, but what is before it is not verified yet */
};

static bool hidden(const struct wr_walk *w)
{
	return w->rq && !w->p->uniform && !wr_policy_may(w->p, w->m, w->cur);
}

/* Moves components from rest into the stretch. */
static int take(struct wr_walk *w)
{
	for (;;) {
		size_t slashes = strspn(w->rest, "/");
		char *c = w->rest + slashes;
		size_t n = strcspn(c, "/");
		w->rest = c;
		if (!n) {
			if (slashes && !*w->tail)
				w->tail = "/";
			return STOP_END;
		}
		if (n == 1 && *c == '.') {
			w->tail = "/.";
			w->rest += n;
			continue;
		}
		w->tail = "";
		if (n == 2 && !memcmp(c, "..", 2)) {
			if (hidden(w))
				return STOP_HIDDEN;
			if (w->len == w->at_len || w->careful || w->m->kind == WR_MOUNT_PROC || w->m->layer)
				return STOP_UP;
			int r = append(w, c, n, true);
			if (r < 0)
				return r;
			w->rest += n;
			continue;
		}
		size_t raw = w->n_raw, len = w->len;
		int r = append(w, c, n, false);
		if (r < 0)
			return r;
		if (at_mount_point(w)) {
			if (w->dots) {
				w->raw[w->n_raw = raw] = '\0';
				w->cur[w->len = len] = '\0';
				return STOP_DOTS;
			}
			w->rest += n;
			return STOP_MOUNT;
		}
		w->rest += n;
	}
}

/* ---- symlinks ---- */

static int read_link(int dirfd, const char *name, char *buf)
{
	ssize_t n = readlinkat(dirfd, name, buf, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static void drop_base(struct wr_walk *w)
{
	wr_cleanup_close(&w->base.fd);
}

/* With RESOLVE_NO_XDEV: is the root on the mount where the walk is? The kernel does not know that before it
 * has come to an absolute path or a ".." (fs/namei.c, nd_jump_root()), and says no. */
static bool root_is_here(const struct wr_walk *w)
{
	const struct wr_mount *root = &w->p->mounts[w->p->n_mounts - 1];
	struct statx a, b;

	return w->rooted && w->m == root && statx(w->at, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) == 0 &&
	       statx(root->fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) == 0 && a.stx_mnt_id == b.stx_mnt_id;
}

/* The symlink at cur[0..at) has this text: go on from there, then with what is behind it in cur and rest.
 * Returns 1, or a negative errno. */
static int follow(struct wr_walk *w, size_t at, const char *text)
{
	char tail[WR_WALK_BUF];

	if (w->resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (!text[0])
		return -ENOENT;
	/* the kernel, which does not put them together, would have gone round a loop until it gives up */
	if (strlen(text) + strlen(w->cur + at) + strlen(w->rest) + 4 > sizeof(tail))
		return -ELOOP;
	snprintf(tail, sizeof(tail), "%s%s%s%s%s", text, w->cur + at, *w->rest ? "/" : "", w->rest,
		 *w->rest ? "" : w->tail);
	w->cur[at] = '\0';
	if (text[0] != '/') {
		up(w->cur);
	} else if (w->scoped) {
		if (w->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		w->cur[w->scope] = '\0';
	} else {
		if ((w->resolve & RESOLVE_NO_XDEV) && !root_is_here(w))
			return -EXDEV;
		w->cur[0] = '\0';
		w->rooted = true;
		drop_base(w);
	}
	strcpy(w->restbuf, tail);
	w->rest = w->restbuf;
	w->tail = "";
	return 1;
}

/* Openat2 of a path that may be longer than PATH_MAX. */
static int open_long(struct wr_walk *w, const char *path, const struct open_how *how)
{
	struct open_how step = dir_how;
	_cleanup_close_ int dir = -1;

	step.resolve = how->resolve;
	for (size_t len = strlen(path);;) {
		if (++w->opens > MAX_OPENS)
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

static uint64_t step_flags(const struct wr_walk *w)
{
	return RESOLVE_STEP | (w->resolve & (RESOLVE_NO_XDEV | RESOLVE_CACHED));
}

/* The symlink that ends at raw[0..end): its text is put in place of it. */
static int follow_raw(struct wr_walk *w, size_t end, const char *text)
{
	char raw[WR_WALK_BUF];
	size_t n = w->n_raw;

	memcpy(raw, w->raw, n + 1);
	w->cur[w->len = w->at_len] = '\0';
	w->raw[w->n_raw = 0] = '\0';
	for (size_t i = 0; i < end;) {
		size_t c = strcspn(raw + i, "/");
		bool dotdot = c == 2 && !memcmp(raw + i, "..", 2);
		w->rooted |= dotdot;
		append(w, raw + i, c, dotdot);
		i += c + 1;
	}
	w->dots = false; /* that stretch is over: what goes wrong from here on is no rename's doing */
	if (end <= w->named)
		return -ESTALE; /* the base is not there any more: it was moved */
	if (w->len + n - end + 1 > WR_WALK_BUF)
		return -ENAMETOOLONG;
	memcpy(w->cur + w->len, raw + end, n - end + 1);
	int r = follow(w, w->len, text);
	return r == 1 ? AGAIN : r;
}

/* The text of the symlink that the component raw[from..end) is, in dir. */
static int link_at(const struct wr_walk *w, int dir, size_t from, size_t end, char *text)
{
	char name[WR_WALK_BUF];

	memcpy(name, w->raw + from, end - from);
	name[end - from] = '\0';
	return read_link(dir, name, text);
}

/* There is a symlink somewhere in raw. The directory of the last component is tried first; if there is one on
 * the way to it, the shortest prefix that has one is found by bisection, at the end of which to ask for a
 * text costs less than to open. AGAIN, or an errno. */
static int find_link(struct wr_walk *w, bool last)
{
	uint16_t end[WR_WALK_BUF / 2];
	char part[WR_WALK_BUF], text[PATH_MAX];
	struct open_how how = dir_how;
	_cleanup_close_ int dir = -1;
	size_t n = 0, lo = 0, hi;
	int r = -EINVAL;

	for (size_t i = 0; i < w->n_raw; i++) {
		i += strcspn(w->raw + i, "/");
		end[n++] = (uint16_t)i;
	}
	how.resolve = step_flags(w);
	hi = n;
	for (size_t k = n - 1; hi - lo > 1; k = (lo + hi) / 2) {
		if (hi - lo == 2 && hi < n &&
		    link_at(w, lo ? dir : w->at, lo ? end[lo - 1] + 1U : 0, end[lo], text) == 0) {
			hi = lo + 1;
			r = 0;
			break;
		}
		memcpy(part, w->raw, end[k - 1]);
		part[end[k - 1]] = '\0';
		int fd = open_long(w, part, &how);
		if (fd == -ELOOP) {
			hi = k;
		} else if (fd < 0) {
			return fd;
		} else {
			wr_cleanup_close(&dir);
			dir = fd;
			lo = k;
		}
	}
	if (r < 0)
		r = link_at(w, lo ? dir : w->at, lo ? end[lo - 1] + 1U : 0, end[hi - 1], text);
	if (r < 0) /* it was a symlink a moment ago: look again */
		return r != -EINVAL ? r : w->opens < MAX_OPENS ? -ESTALE : -ELOOP;
	if (hi == n && last && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
		return -ELOOP;
	wr_frozen_found_link(w, end[hi - 1], text);
	return follow_raw(w, end[hi - 1], text);
}

/* A name in the root that was a symlink when the policy was made: ask for it first. */
static int try_hint(struct wr_walk *w)
{
	char text[PATH_MAX];
	size_t c = strcspn(w->raw, "/");

	if (w->at_len || !w->raw[c])
		return 0;
	for (size_t i = 0; i < w->p->n_links; i++)
		if (!strncmp(w->raw, w->p->links[i], c) && !w->p->links[i][c])
			return read_link(w->at, w->p->links[i], text) == 0 ? follow_raw(w, c, text) : 0;
	return 0;
}

/* ".." in the stretch cannot be left to the kernel: the stretch again, every directory that ".." leaves
 * opened by itself. AGAIN, or an errno. */
static int be_careful(struct wr_walk *w)
{
	char all[WR_WALK_BUF];

	if (w->named)
		return -ESTALE; /* the base's own components are part of it: rather from the base itself */
	if (w->n_raw + strlen(w->rest) + 4 > sizeof(all))
		return -ENAMETOOLONG;
	snprintf(all, sizeof(all), "%s%s%s%s", w->raw, *w->rest ? "/" : "", w->rest, *w->rest ? "" : w->tail);
	strcpy(w->restbuf, all);
	w->rest = w->restbuf;
	w->tail = "";
	w->cur[w->at_len] = '\0';
	w->careful = true;
	return AGAIN;
}

/* ---- opening ---- */

/* The stretch is empty: the mount point, or a file bound there; or the base. */
static int open_start(struct wr_walk *w, const char *suffix, const struct open_how *how)
{
	char path[32];
	struct open_how h = *how;

	if ((h.flags & O_CREAT) && !strcmp(suffix, "/") && w->len)
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

/* The magic link at cur[0..at) leads to an object, whatever is at its name by now, and whether or not the
 * guest may search the directories there: go on from there. -EACCES: it is not where its name says. */
static int enter_object(struct wr_walk *w, size_t at, const struct wr_proc *pr)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	struct wr_origin base = {.fd = -1};
	char rest[WR_WALK_BUF], cur[WR_WALK_BUF];

	if (w->resolve & RESOLVE_NO_XDEV)
		return -EXDEV;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (strlen(w->cur + at) + strlen(w->rest) + 4 > sizeof(rest))
		return -ENAMETOOLONG;
	char *end = stpcpy(rest, w->cur + at);
	strcpy(stpcpy(end, *w->rest ? "/" : w->tail), w->rest);
	int r = wr_openat2(w->m->fd, pr->rel, &how);
	if (r < 0)
		return r;
	r = wr_origin_take(w->p, r, &base, cur);
	if (r == 0 && !wr_task_in_sandbox(w->rq->sandbox, pr->pid))
		r = -ENOENT; /* see wr_proc_open() */
	if (r < 0) {
		wr_cleanup_close(&base.fd);
		return r;
	}
	drop_base(w);
	w->base = base;
	strcpy(w->cur, cur);
	strcpy(w->restbuf, rest);
	w->rest = w->restbuf;
	w->tail = "";
	return AGAIN;
}

/* What is to be made has a slash behind its name: EISDIR, whatever is there, once its directory was found.
 * 0: that is behind a link. */
static int slash_in_proc(struct wr_walk *w, const char *rel)
{
	char dir[WR_WALK_BUF];
	struct wr_proc pr;

	strcpy(dir, rel);
	char *slash = strrchr(dir, '/');
	if (!slash)
		return -EISDIR;
	*slash = '\0';
	int r = wr_proc_lookup(w->rq, dir, &pr);
	if (r < 0 || pr.kind != WR_PROC_FILE)
		return r;
	_cleanup_close_ int fd = wr_proc_open(w->rq, w->m->fd, &pr, &dir_how, "", false, WR_MAY_LIST);
	return fd < 0 ? fd : -EISDIR;
}

static int open_proc(struct wr_walk *w, const char *rel, bool last, const struct open_how *how)
{
	struct wr_proc pr;
	bool through = !last || (w->flags & WR_FOLLOW) || *w->tail;
	int r = last && (how->flags & O_CREAT) && !strcmp(w->tail, "/") ? slash_in_proc(w, rel) : 0;

	if (r == 0)
		r = wr_proc_lookup(w->rq, rel, &pr);
	if (r < 0)
		return r;
	if (pr.kind != WR_PROC_FILE && pr.kind != WR_PROC_TEXT && (through || rel[pr.consumed])) {
		/* the links of a process lead to objects, not to names */
		bool is_magic = isdigit((unsigned char)pr.rel[0]);
		if (w->resolve & (RESOLVE_NO_SYMLINKS | (is_magic ? RESOLVE_NO_MAGICLINKS : 0)))
			return -ELOOP;
		if (is_magic && w->scoped)
			return -EXDEV;
		if (pr.kind == WR_PROC_LINK) {
			r = follow(w, (size_t)(rel - w->cur) + pr.consumed, pr.link);
			return r == 1 ? AGAIN : r;
		}
		if (pr.kind == WR_PROC_OBJECT) {
			r = enter_object(w, (size_t)(rel - w->cur) + pr.consumed, &pr);
			if (r != -EACCES || rel[pr.consumed])
				return r;
			pr.kind = WR_PROC_MAGIC;
			pr.foreign = true;
		}
		if (rel[pr.consumed]) /* it leads to no directory, or to one that is gone */
			return pr.directory ? -ENOENT : -ENOTDIR;
	}
	r = wr_proc_open(w->rq, w->m->fd, &pr, how, last ? w->tail : "", through, last ? w->need : 0);
	if (last)
		w->t->may = pr.may;
	return r;
}

static int open_raw(struct wr_walk *w, const char *suffix, const struct open_how *how)
{
	memcpy(w->raw + w->n_raw, suffix, strlen(suffix) + 1);
	int fd = open_long(w, w->raw, how);
	w->raw[w->n_raw] = '\0';
	return fd;
}

/* In a layer: its lookup says where the object is, upper or lower, and copies up what is opened to be
 * written. It follows no symlink, as the kernel does not in a stretch. */
static int open_layer(struct wr_walk *w, const char *suffix, const struct open_how *how, bool last)
{
	char rel[WR_WALK_BUF + 2];
	struct wr_link link;
	struct stat st;

	snprintf(rel, sizeof(rel), "%s%s", w->raw, *suffix && w->n_raw ? "/" : "");
	while (++w->opens <= MAX_OPENS) {
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		int r = (how->flags & O_PATH)
				? wr_layer_lookup(w->m->layer, rel, (unsigned)how->flags & O_DIRECTORY, &f)
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
			return -ELOOP;
		if (link.where == WR_LOWER)
			wr_frozen_found_link(w, link.end, link.text);
		return follow_raw(w, link.end, link.text);
	}
	return -ELOOP;
}

/* A symlink that is known already: AGAIN, or an errno; 0 if there is none. */
static int follow_known(struct wr_walk *w, bool last)
{
	char text[PATH_MAX];
	size_t end;

	return wr_frozen_link(w, last, &end, text) ? follow_raw(w, end, text) : 0;
}

/* Opens cur. last: it is what the path names, not a directory on the way. AGAIN: a symlink was followed. */
static int open_cur(struct wr_walk *w, const char *suffix, const struct open_how *given, bool last,
		    int *ret_fd)
{
	struct open_how how = *given;
	const char *rel = w->cur + w->m->guest_len;
	int fd, r;

	how.resolve = step_flags(w);
	w->lower = false;
	r = follow_known(w, last);
	if (r < 0)
		return r;
	if (w->m->kind == WR_MOUNT_PROC && *rel) {
		fd = open_proc(w, rel + 1, last, &how);
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
		r = try_hint(w);
		if (r < 0)
			return r;
		do {
			fd = open_raw(w, suffix, &how);
			if (fd == -ELOOP)
				fd = find_link(w, last);
		} while (fd == -ESTALE && !w->named);
		if ((fd == -EAGAIN || fd == -EXDEV) && w->dots)
			return be_careful(w); /* something was renamed meanwhile */
	}
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int check_dir(struct wr_walk *w, const char *suffix)
{
	int fd, r = open_cur(w, suffix, &dir_how, false, &fd);

	if (r == 0)
		close(fd);
	return r;
}

/* ".." next, and not one that is left to the kernel. */
static int step_up(struct wr_walk *w)
{
	int r = 0;

	if (w->n_raw)
		r = check_dir(w, "/.");
	else if (w->at == w->m->fd ? !w->m->is_dir : !w->base.is_dir)
		r = -ENOTDIR;
	/* a directory that ".." leaves, if only for itself, must be one that may be searched */
	else if (w->m->kind != WR_MOUNT_PROC && faccessat(w->at, ".", X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r < 0)
		return r;
	w->rest += 2;
	w->rooted = true;
	if (w->scoped && w->len == w->scope)
		return (w->resolve & RESOLVE_BENEATH) ? -EXDEV : 0;
	if (w->len > w->at_len) {
		up(w->cur);
		return 0;
	}
	if (w->at == w->base.fd && w->base.len > w->m->guest_len)
		return wr_origin_up(w->p, &w->base, w->cur, w->resolve & RESOLVE_NO_XDEV);
	if (!w->m->guest_len)
		return 0; /* the root's parent is the root */
	if (w->resolve & RESOLVE_NO_XDEV)
		return -EXDEV;
	up(w->cur);
	if (w->base.fd >= 0 && strlen(w->cur) < w->base.len)
		drop_base(w);
	return 0;
}

/* ---- rights ---- */

/* The rights at cur. */
static int check(struct wr_walk *w, unsigned need)
{
	const char *rel;

	w->t->mnt = wr_policy_mount(w->p, w->cur, &rel);
	if (!w->rq)
		return 0; /* a policy in the making */
	w->t->may = wr_policy_may(w->p, w->t->mnt, w->cur);
	if ((w->t->may & need) == need)
		return 0;
	return wr_denied(w->t->mnt, need & ~w->t->may);
}

/* Not permitted at cur, which is canonical but for symlinks: a prefix that may be listed may have one to
 * where it is permitted. AGAIN, or err. */
static int link_out_of_hidden(struct wr_walk *w, int err)
{
	char text[PATH_MAX], part[WR_WALK_BUF];
	struct open_how how = dir_how;

	if (w->m->kind == WR_MOUNT_PROC || !w->n_raw)
		return err;
	how.resolve = step_flags(w);
	for (size_t i = 0; i < w->n_raw;) {
		size_t c = strcspn(w->raw + i, "/");
		_cleanup_close_ int dir = -1;
		memcpy(part, w->cur, w->len - w->n_raw + i);
		part[w->len - w->n_raw + i] = '\0';
		up(part);
		if (!(wr_policy_may(w->p, w->m, part) & (WR_MAY_READ | WR_MAY_LIST)))
			return err;
		if (i) {
			memcpy(part, w->raw, i - 1);
			part[i - 1] = '\0';
			dir = open_long(w, part, &how);
			if (dir < 0)
				return err;
		}
		memcpy(part, w->raw + i, c);
		part[c] = '\0';
		if (read_link(i ? dir : w->at, part, text) == 0) {
			if (i + c == w->n_raw && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
				return err;
			return follow_raw(w, i + c, text);
		}
		i += c + (w->raw[i + c] == '/');
	}
	return err;
}

static int denied(struct wr_walk *w, int err)
{
	return w->dots ? be_careful(w) : link_out_of_hidden(w, err);
}

/* ---- the end of the path ---- */

/* Not permitted, but it may be listed: then its own errors come first, as those of a read-only mount would.
 */
static int denied_object(struct wr_walk *w, int err)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	int fd, r = denied(w, err);

	if (r != err || !(w->t->may & WR_MAY_LIST) || (w->how && (w->how->flags & O_CREAT)))
		return r;
	if (!(w->flags & WR_FOLLOW))
		how.flags |= O_NOFOLLOW;
	r = open_cur(w, w->tail, &how, true, &fd);
	if (r < 0)
		return r;
	close(fd);
	return err;
}

static int finish(struct wr_walk *w)
{
	struct open_how how = w->how ? *w->how : (struct open_how){.flags = O_PATH | O_CLOEXEC};
	size_t n_raw = w->n_raw;
	int r = check(w, w->need);

	if (r < 0)
		return denied_object(w, r);
	if (wr_frozen_result(w, &r))
		return r;
	if (!w->how && !(w->flags & WR_FOLLOW))
		how.flags |= O_NOFOLLOW;
	r = open_cur(w, w->tail, &how, true, &w->t->fd);
	if (w->n_raw == n_raw) /* it is about the same stretch */
		wr_frozen_found(w, r);
	return r;
}

/* The last component is to be created, removed or replaced: its directory is what is opened. */
static int finish_parent(struct wr_walk *w)
{
	size_t len = w->len;
	bool is_dot = !strcmp(w->name, ".") || !strcmp(w->name, "..");
	const char *rel;

	if (len + strlen(w->name) + 2 > WR_WALK_BUF)
		return -ENAMETOOLONG;
	if (!*w->tail)
		w->tail = "/";
	if (!is_dot)
		sprintf(w->cur + len, "/%s", w->name);
	int rights = check(w, is_dot ? WR_MAY_LIST : w->need);
	if (rights < 0 && !w->t->may) {
		w->cur[len] = '\0';
		return denied(w, rights);
	}
	wr_policy_mount(w->p, w->cur, &rel);
	w->t->mnt = w->m; /* where the directory is: what a name is made or removed on */
	if (!*rel && !is_dot && !w->dots) {
		w->t->name = "";
		return rights;
	}
	w->cur[len] = '\0';
	int r = open_cur(w, "/", &dir_how, false, &w->t->parent);
	if (r < 0)
		return r;
	if (!is_dot)
		sprintf(w->cur + len, "/%s", w->name);
	w->t->name = *rel || is_dot ? w->name : "";
	return rights;
}

int wr_walk(struct wr_walk *w)
{
	bool by_name = w->named;

	for (;;) {
		begin(w);
		w->named = by_name ? w->n_raw : 0;
		by_name = false;
		int r = take(w);
		if (r < 0)
			return r;
		switch ((enum stop)r) {
		case STOP_UP:
			r = step_up(w);
			break;
		case STOP_HIDDEN:
			r = denied(w, -EACCES);
			break;
		case STOP_DOTS:
			r = be_careful(w);
			break;
		case STOP_MOUNT:
			r = (w->resolve & RESOLVE_NO_XDEV) ? -EXDEV : 0;
			break;
		default:
			r = w->flags & WR_PARENT ? finish_parent(w) : finish(w);
			if (r != AGAIN)
				return r;
		}
		if (r < 0 && r != AGAIN)
			return r;
	}
}
