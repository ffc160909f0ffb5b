/* SPDX-License-Identifier: Apache-2.0 */
/* The walk within /proc, and out of it by its links. */
#define _GNU_SOURCE
#include "walk_private.h"
#include "proc.h"
#include <ctype.h>
#include <string.h>

/* The magic link at cur[0..at) leads to an object, whatever is at its name by now, and whether or not the
 * guest may search the directories there: go on from there. -EACCES: it is not where its name says. */
static int enter_object(struct wr_walk *w, size_t at, const struct wr_proc *pr)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	struct wr_origin base = {.fd = -1};
	char rest[WR_WALK_BUF], cur[WR_WALK_BUF];

	if (w->resolve & RESOLVE_NO_XDEV)
		return -EXDEV;
	if (++w->links > WR_WALK_MAX_LINKS)
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
	if (r == 0 && base.lost)
		r = -ENOENT; /* since the look at the link */
	if (r < 0) {
		wr_cleanup_close(&base.fd);
		return r;
	}
	if (!base.is_dir && ((w->flags & WR_PARENT) || (*rest && strcmp(rest, "/") != 0))) {
		/* in a layer there may be a directory at its name by now */
		wr_cleanup_close(&base.fd);
		return -ENOTDIR;
	}
	wr_walk_drop_base(w);
	w->base = base;
	strcpy(w->cur, cur);
	strcpy(w->restbuf, rest);
	w->rest = w->restbuf;
	w->tail = "";
	return WR_WALK_AGAIN;
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
	_cleanup_close_ int fd = wr_proc_open(w->rq, w->m->fd, &pr, &wr_walk_dir, "", false, WR_MAY_LIST);
	return fd < 0 ? fd : -EISDIR;
}

int wr_walk_open_proc(struct wr_walk *w, const char *rel, bool last, const struct open_how *how)
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
		if (pr.kind == WR_PROC_LINK)
			return wr_walk_follow(w, (size_t)(rel - w->cur) + pr.consumed, pr.link);
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
