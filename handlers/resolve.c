/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "resolve.h"
#include "proc.h"
#include "pts.h"
#include <string.h>

#define MAX_LINKS    40 /* MAXSYMLINKS, include/linux/namei.h */
#define BUF	     (2 * PATH_MAX)
#define RESOLVE_STEP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct walk {
	const struct warren_policy *p;
	struct warren_request *rq; /* NULL while a policy is built */
	char *cur;		   /* canonical guest path so far: "" or "/a/b" */
	char *rest;		   /* what is left to walk, in a buffer of BUF bytes */
	char *restbuf;
	int links;
	unsigned flags, need;
	const struct open_how *how;
	struct wr_target *t;
};

void wr_target_release(struct wr_target *t)
{
	wr_cleanup_close(&t->fd);
	wr_cleanup_close(&t->parent);
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

/* Cuts the last component off. */
static void up(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
}

/* Moves plain components from rest to the end of cur, up to a "..". Returns their number, or -ENAMETOOLONG.
 */
static int take_plain(struct walk *w)
{
	size_t len = strlen(w->cur);
	int n = 0;

	for (;;) {
		while (*w->rest == '/')
			w->rest++;
		size_t c = strcspn(w->rest, "/");
		if (c == 0 || (c == 2 && !memcmp(w->rest, "..", 2)))
			return n;
		if (!(c == 1 && *w->rest == '.')) {
			if (c > NAME_MAX || len + c + 2 > BUF)
				return -ENAMETOOLONG;
			w->cur[len++] = '/';
			memcpy(w->cur + len, w->rest, c);
			w->cur[len += c] = '\0';
			n++;
		}
		w->rest += c;
	}
}

/* The symlink at cur[0..at) has this text: go on from there. */
static int follow(struct walk *w, size_t at, const char *text)
{
	char tail[BUF];

	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (!text[0])
		return -ENOENT;
	size_t need = strlen(text) + strlen(w->cur + at) + strlen(w->rest) + 3;
	if (need > BUF)
		return -ENAMETOOLONG;
	snprintf(tail, sizeof(tail), "%s%s%s%s", text, w->cur + at, *w->rest ? "/" : "", w->rest);
	if (w->t->slash && !*w->rest)
		strcat(tail, "/");
	w->cur[at] = '\0';
	if (text[0] == '/')
		w->cur[0] = '\0';
	else
		up(w->cur);
	strcpy(w->restbuf, tail);
	w->rest = w->restbuf;
	return 1;
}

static int read_link(int dirfd, const char *name, char *buf)
{
	ssize_t n = readlinkat(dirfd, name, buf, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static int step_open(const struct wr_mount *m, const char *rel, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_STEP};
	return wr_openat2(m->fd, *rel ? rel : ".", &how);
}

/* There is a symlink somewhere in rel (which points into cur): find the first one and follow it. Returns 1 to
 * go on, 0 when it is the last component and not to be followed, or a negative errno. */
static int find_link(struct walk *w, const struct wr_mount *m, const char *rel)
{
	char text[PATH_MAX], part[BUF];
	const char *name = rel;

	for (;;) {
		size_t c = strcspn(name, "/");
		bool last = !name[c];
		size_t dirlen = name == rel ? 0 : (size_t)(name - rel) - 1;
		char comp[NAME_MAX + 1];
		_cleanup_close_ int dir = -1;

		snprintf(part, sizeof(part), "%.*s", (int)dirlen, rel);
		snprintf(comp, sizeof(comp), "%.*s", (int)c, name);
		if (dirlen) {
			dir = step_open(m, part, O_PATH | O_DIRECTORY);
			if (dir < 0)
				return dir;
		}
		int r = read_link(dirlen ? dir : m->fd, comp, text);
		if (r == 0) {
			if (last && !*w->rest && !(w->flags & WR_FOLLOW) && !w->t->slash)
				return 0;
			return follow(w, (size_t)(name - w->cur) + c, text);
		}
		if (r != -EINVAL)
			return r;
		if (last)
			return -ELOOP; /* it was a symlink a moment ago */
		name += c + 1;
	}
}

/* A name in the root that was a symlink when the policy was made: ask for it first. */
static int try_hint(struct walk *w, const struct wr_mount *m, const char *rel)
{
	char text[PATH_MAX];
	size_t c = strcspn(rel, "/");

	if (m->guest_len || !rel[c])
		return 0;
	for (size_t i = 0; i < w->p->n_links; i++)
		if (!strncmp(rel, w->p->links[i], c) && !w->p->links[i][c])
			return read_link(m->fd, w->p->links[i], text) == 0
				       ? follow(w, (size_t)(rel - w->cur) + c, text)
				       : 0;
	return 0;
}

/* A file bound at a mount point, or the mount point itself. */
static int open_mount_point(const struct wr_mount *m, const struct open_how *how)
{
	char path[32];
	struct open_how h = *how;

	if (m->is_dir) {
		h.resolve = RESOLVE_STEP;
		return wr_openat2(m->fd, ".", &h);
	}
	if (h.flags & O_DIRECTORY)
		return -ENOTDIR;
	if ((h.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	h.flags &= ~(uint64_t)(O_CREAT | O_NOFOLLOW);
	h.mode = 0;
	h.resolve = 0;
	if (m->kind == WR_MOUNT_TTY) /* ours is not the guest's */
		h.flags = (h.flags & (O_DIRECTORY | O_CLOEXEC)) | O_PATH;
	return wr_openat2(AT_FDCWD, wr_fd_path(m->fd, path), &h);
}

static int walk_proc(struct walk *w, const struct wr_mount *m, const char *rel, bool last,
		     const struct open_how *how)
{
	struct wr_proc pr;
	struct open_how h = *how;
	bool through = !last || (w->flags & WR_FOLLOW) || w->t->slash;
	int r = wr_proc_lookup(w->rq, rel, &pr);

	if (r < 0)
		return r;
	if (pr.kind == WR_PROC_LINK && (through || rel[pr.consumed])) {
		r = follow(w, (size_t)(rel - w->cur) + pr.consumed, pr.link);
		return r == 1 ? -ECHILD : r;
	}
	if (last) {
		w->t->may = pr.may;
		if ((pr.may & w->need) != w->need)
			return -EACCES;
	}
	if (last && w->t->slash)
		h.flags |= O_DIRECTORY;
	h.resolve = RESOLVE_STEP;
	return wr_proc_open(w->rq, m->fd, &pr, &h, through);
}

static const struct open_how path_how = {.flags = O_PATH | O_CLOEXEC};

/* Opens what cur names. -ECHILD: a symlink was stepped over, walk on. */
static int open_cur(struct walk *w, bool last, int *ret_fd)
{
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(w->p, w->cur, &rel);
	struct open_how how = last && w->how ? *w->how : path_how;
	char slashed[BUF];
	int fd, r;

	if (!last)
		how.flags |= O_DIRECTORY;
	else if (!w->how && !(w->flags & WR_FOLLOW))
		how.flags |= O_NOFOLLOW;
	how.resolve |= RESOLVE_STEP;
	if (m->kind == WR_MOUNT_PROC && *rel) {
		fd = walk_proc(w, m, rel, last, &how);
	} else if (m->kind == WR_MOUNT_PTS && *rel) {
		if (last && w->t->slash)
			how.flags |= O_DIRECTORY;
		fd = wr_pts_open(w->rq, m, rel, &how);
	} else if (!*rel) {
		if (last && w->t->slash && !m->is_dir)
			return -ENOTDIR;
		fd = open_mount_point(m, &how);
	} else {
		r = try_hint(w, m, rel);
		if (r)
			return r < 0 ? r : -ECHILD;
		const char *arg = rel;
		if (last && w->t->slash) {
			snprintf(slashed, sizeof(slashed), "%s/", rel);
			arg = slashed;
		}
		fd = wr_openat2(m->fd, arg, &how);
	}
	if (fd == -ELOOP && m->kind != WR_MOUNT_PROC && *rel) {
		r = find_link(w, m, rel);
		if (r == 1)
			return -ECHILD;
		if (r < 0)
			return r;
		/* the last component is a link and must not be followed: the kernel's own error */
		_cleanup_close_ int dir = -1;
		const char *name = strrchr(rel, '/');
		if (name) {
			snprintf(slashed, sizeof(slashed), "%.*s", (int)(name - rel), rel);
			dir = step_open(m, slashed, O_PATH | O_DIRECTORY);
			if (dir < 0)
				return dir;
		}
		how.flags |= O_NOFOLLOW;
		how.resolve = 0;
		fd = wr_openat2(name ? dir : m->fd, name ? name + 1 : rel, &how);
	}
	w->t->mnt = m;
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* The rights at cur. Symlinks in a directory that may be listed can be followed even where nothing else is.
 */
static int check(struct walk *w, unsigned need)
{
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(w->p, w->cur, &rel);

	if (!w->rq)
		return 0; /* a policy in the making */
	w->t->may = wr_policy_may(w->p, m, w->cur);
	w->t->mnt = m;
	if ((w->t->may & need) == need)
		return 0;
	return wr_denied(m, need & ~w->t->may);
}

/* Not permitted at cur: but a prefix may be a symlink to where it is permitted. */
static int link_out_of_hidden(struct walk *w, int err)
{
	char text[PATH_MAX];
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(w->p, w->cur, &rel);
	size_t at = (size_t)(rel - w->cur);

	if (m->kind == WR_MOUNT_PROC || !*rel)
		return err;
	for (const char *name = rel; *name;) {
		size_t c = strcspn(name, "/");
		char part[BUF];
		snprintf(part, sizeof(part), "%.*s", (int)(name - w->cur > 0 ? name - w->cur - 1 : 0),
			 w->cur);
		if (!(wr_policy_may(w->p, m, part) & (WR_MAY_READ | WR_MAY_LIST)))
			return err;
		_cleanup_close_ int dir = -1;
		snprintf(part, sizeof(part), "%.*s", (int)(name > rel ? name - rel - 1 : 0), rel);
		dir = step_open(m, part, O_PATH | O_DIRECTORY);
		if (dir < 0)
			return err;
		snprintf(part, sizeof(part), "%.*s", (int)c, name);
		if (read_link(dir, part, text) == 0) {
			bool last = !name[c] && !*w->rest;
			if (last && !(w->flags & WR_FOLLOW) && !w->t->slash)
				return err;
			return follow(w, at + (size_t)(name - rel) + c, text);
		}
		name += c + (name[c] == '/');
	}
	return err;
}

/* The last component is to be created, removed or replaced: the directory is what is opened. */
static int open_parent(struct walk *w)
{
	char *slash = strrchr(w->cur, '/');
	const char *rel;
	char name[NAME_MAX + 1];
	int fd;

	wr_policy_mount(w->p, w->cur, &rel);
	if (!*rel) {
		w->t->name = "";
		return 0;
	}
	snprintf(name, sizeof(name), "%s", slash + 1);
	*slash = '\0';
	size_t len = strlen(w->cur);
	int r = open_cur(w, false, &fd);
	if (r == -ECHILD) { /* a symlink on the way: put the name back behind it */
		size_t rest = strlen(w->rest);
		if (rest + strlen(name) + 3 > BUF)
			return -ENAMETOOLONG;
		sprintf(w->rest + rest, "%s%s%s", rest && w->rest[rest - 1] != '/' ? "/" : "", name,
			w->t->slash ? "/" : "");
		return r;
	}
	if (r < 0)
		return r;
	w->t->parent = fd;
	sprintf(w->cur + len, "/%s", name);
	w->t->name = w->cur + len + 1;
	return 0;
}

/* With WR_PARENT: follow the last component where the call does (open with O_CREAT does not come here). */
static int finish(struct walk *w)
{
	int r = check(w, w->need);
	if (r < 0) {
		r = link_out_of_hidden(w, r);
		return r == 1 ? -ECHILD : r;
	}
	if (w->flags & WR_PARENT)
		return open_parent(w);
	return open_cur(w, true, &w->t->fd);
}

static int walk(struct walk *w)
{
	for (;;) {
		size_t len = strlen(w->rest);
		const char *tail;
		w->t->slash = len && w->rest[len - 1] == '/';
		/* "x/." wants a directory as "x/" does */
		if (len >= 2 && w->rest[len - 1] == '.' && w->rest[len - 2] == '/')
			w->t->slash = true;
		tail = strrchr(w->rest, '/');
		tail = tail ? tail + 1 : w->rest;
		if ((w->flags & WR_PARENT) && (!strcmp(tail, ".") || !strcmp(tail, "..")))
			w->t->name = tail[1] ? ".." : ".";
		else
			w->t->name = NULL;
		int r = take_plain(w);
		if (r < 0)
			return r;
		if (!*w->rest) {
			if (w->t->name)
				return w->t->name[1] ? -ENOTEMPTY : -EINVAL;
			r = finish(w);
			if (r != -ECHILD)
				return r;
			continue;
		}
		/* ".." next: what is before it must be a directory */
		if (r > 0) {
			int fd = -1;
			r = check(w, 0);
			r = r < 0 ? r : open_cur(w, false, &fd);
			if (r == -ECHILD)
				continue;
			if (r < 0)
				return r;
			close(fd);
		}
		up(w->cur);
		w->rest += 2;
		while (*w->rest == '/')
			w->rest++;
		if (!*w->rest && (w->flags & WR_PARENT))
			return -ENOTEMPTY;
	}
}

#define BASE_DELETED 1 /* the directory has no name any more */

/* The canonical guest path of the guest's dirfd (AT_FDCWD: its working directory). */
static int base_path(struct warren_request *rq, int dirfd, char *buf)
{
	char link[48], host[BUF];
	struct stat st;

	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", rq->tid);
	else if (dirfd < 0)
		return -EBADF;
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", rq->tid, dirfd);
	ssize_t n = readlink(link, host, sizeof(host) - 1);
	if (n < 0)
		return errno == ENOENT ? -EBADF : -errno;
	host[n] = '\0';
	if (n > 10 && !strcmp(host + n - 10, " (deleted)") && stat(link, &st) == 0 && st.st_nlink == 0)
		return BASE_DELETED;
	if (host[0] != '/')
		return -ENOTDIR; /* pipe:[...], socket:[...] */
	int r = wr_policy_guest_path(wr_sandbox_policy(rq->sandbox), host, buf, BUF);
	if (r == -ENOENT)
		return -EACCES; /* a directory that came from outside */
	if (r == 0 && !strcmp(buf, "/"))
		buf[0] = '\0';
	return r;
}

/* AT_EMPTY_PATH, or a file description that has no name: the object itself, by the guest's own fd. */
static int open_dirfd(struct warren_request *rq, int dirfd, struct wr_target *t)
{
	char link[48];

	snprintf(link, sizeof(link), dirfd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", rq->tid, dirfd);
	t->fd = open(link, O_PATH | O_CLOEXEC);
	if (t->fd < 0)
		return errno == ENOENT ? -EBADF : -errno;
	return 0;
}

/* In a deleted directory only "." is left; its parent cannot be reached by name either. */
static int in_deleted(struct warren_request *rq, int dirfd, const char *path, const struct open_how *how,
		      struct wr_target *t)
{
	char link[48];

	t->mnt = &wr_sandbox_policy(rq->sandbox)->mounts[wr_sandbox_policy(rq->sandbox)->n_mounts - 1];
	t->may = WR_MAY_READ | WR_MAY_LIST;
	if (strspn(path, "./") != strlen(path) || strstr(path, ".."))
		return -ENOENT;
	if (!how)
		return open_dirfd(rq, dirfd, t);
	snprintf(link, sizeof(link), dirfd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", rq->tid, dirfd);
	t->fd = open(link, (int)(how->flags & ~(uint64_t)(O_NOFOLLOW | O_CREAT | O_EXCL)) | O_CLOEXEC);
	return t->fd < 0 ? -errno : 0;
}

int wr_resolve(struct warren_request *rq, int dirfd, const char *path, unsigned flags,
	       const struct open_how *how, unsigned need, unsigned buf, struct wr_target *ret)
{
	struct walk w = {.p = wr_sandbox_policy(rq->sandbox),
			 .rq = rq,
			 .cur = rq->scratch->path[2 * buf + 1],
			 .restbuf = rq->scratch->path[2 * buf],
			 .flags = flags,
			 .need = need,
			 .how = how,
			 .t = ret};
	int r;

	ret->gpath = w.cur;
	ret->may = WR_MAY_READ | WR_MAY_WRITE | WR_MAY_LIST;
	w.cur[0] = '\0';
	if (!path[0]) {
		if (!(flags & WR_EMPTY_PATH))
			return -ENOENT;
		r = base_path(rq, dirfd, w.cur);
		if (r == -EBADF)
			return r;
		ret->mnt = &w.p->mounts[w.p->n_mounts - 1];
		if (r == 0) {
			r = check(&w, need);
			if (r < 0)
				return r;
		}
		return open_dirfd(rq, dirfd, ret);
	}
	if (path[0] != '/') {
		r = base_path(rq, dirfd, w.cur);
		if (r < 0)
			return r;
		if (r == BASE_DELETED)
			return in_deleted(rq, dirfd, path, how, ret);
	}
	if (path != w.restbuf)
		memmove(w.restbuf, path, strlen(path) + 1);
	w.rest = w.restbuf;
	return walk(&w);
}

int wr_policy_canonical(const struct warren_policy *p, const char *path, char *buf, size_t size)
{
	struct wr_target t = WR_TARGET_INIT;
	char cur[BUF] = "", rest[BUF];
	struct walk w = {.p = p, .cur = cur, .rest = rest, .restbuf = rest, .flags = WR_FOLLOW, .t = &t};

	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(rest, path);
	int r = walk(&w);
	wr_target_release(&t);
	if (r < 0 && r != -ENOENT)
		return r;
	/* what does not exist is kept as it is spelled */
	snprintf(buf, size, "%s", cur[0] ? cur : "/");
	return 0;
}
