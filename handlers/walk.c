/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel walks stretch by stretch: as many components as lie in one mount of the sandbox, ".." included,
 * in one openat2 from the mount's own fd. RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS make sure that what it
 * reaches is at the path that is computed here (with ".." the kernel gives EAGAIN when anything was renamed
 * while it walked); ELOOP says that there is a symlink, which is then looked for, and followed, here. */
#define _GNU_SOURCE
#include "walk_private.h"
#include "frozen.h"
#include <string.h>

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

int wr_walk_append(struct wr_walk *w, const char *c, size_t n, bool dotdot)
{
	if (w->len + n + 2 > WR_WALK_BUF || w->n_raw + n + 4 > WR_WALK_BUF)
		return -ENAMETOOLONG;
	if (w->n_raw)
		w->raw[w->n_raw++] = '/';
	memcpy(w->raw + w->n_raw, c, n);
	w->raw[w->n_raw += n] = '\0';
	if (dotdot) {
		wr_walk_up(w->cur);
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
			int r = wr_walk_append(w, c, n, true);
			if (r < 0)
				return r;
			w->rest += n;
			continue;
		}
		size_t raw = w->n_raw, len = w->len;
		int r = wr_walk_append(w, c, n, false);
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

int wr_walk_be_careful(struct wr_walk *w)
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
	return WR_WALK_AGAIN;
}

static int check_dir(struct wr_walk *w, const char *suffix)
{
	int fd, r = wr_walk_open(w, suffix, &wr_walk_dir, false, &fd);

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
		wr_walk_up(w->cur);
		return 0;
	}
	if (w->at == w->base.fd && w->base.len > w->m->guest_len)
		return wr_origin_up(w->p, &w->base, w->cur, w->resolve & RESOLVE_NO_XDEV);
	if (!w->m->guest_len)
		return 0; /* the root's parent is the root */
	if (w->resolve & RESOLVE_NO_XDEV)
		return -EXDEV;
	wr_walk_up(w->cur);
	if (w->base.fd >= 0 && strlen(w->cur) < w->base.len)
		wr_walk_drop_base(w);
	return 0;
}

/* ---- the end of the path ---- */

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

static int denied(struct wr_walk *w, int err)
{
	return w->dots ? wr_walk_be_careful(w) : wr_walk_link_out_of_hidden(w, err);
}

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
	r = wr_walk_open(w, w->tail, &how, true, &fd);
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
	r = wr_walk_open(w, w->tail, &how, true, &w->t->fd);
	/* a deleted directory itself */
	w->t->held = r == 0 && w->m->layer && w->base.deleted && w->at == w->base.fd;
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
	int r = wr_walk_open(w, "/", &wr_walk_dir, false, &w->t->parent);
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
			r = wr_walk_be_careful(w);
			break;
		case STOP_MOUNT:
			r = (w->resolve & RESOLVE_NO_XDEV) ? -EXDEV : 0;
			break;
		default:
			r = w->flags & WR_PARENT ? finish_parent(w) : finish(w);
			if (r != WR_WALK_AGAIN)
				return r;
		}
		if (r < 0 && r != WR_WALK_AGAIN)
			return r;
	}
}
