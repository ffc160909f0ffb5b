/* SPDX-License-Identifier: Apache-2.0 */
/* Symlinks on the way: which component of a stretch is one, and where the walk goes on then. */
#define _GNU_SOURCE
#include "walk_private.h"
#include "frozen.h"
#include <string.h>

static int read_link(int dirfd, const char *name, char *buf)
{
	ssize_t n = readlinkat(dirfd, name, buf, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
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

int wr_walk_follow(struct wr_walk *w, size_t at, const char *text)
{
	char tail[WR_WALK_BUF];

	if (w->resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	if (++w->links > WR_WALK_MAX_LINKS)
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
		wr_walk_up(w->cur);
	} else if (w->scoped) {
		if (w->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		w->cur[w->scope] = '\0';
	} else {
		if ((w->resolve & RESOLVE_NO_XDEV) && !root_is_here(w))
			return -EXDEV;
		w->cur[0] = '\0';
		w->rooted = true;
		wr_walk_drop_base(w);
	}
	strcpy(w->restbuf, tail);
	w->rest = w->restbuf;
	w->tail = "";
	return WR_WALK_AGAIN;
}

/* The symlink that ends at raw[0..end): its text is put in place of it. */
int wr_walk_follow_raw(struct wr_walk *w, size_t end, const char *text)
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
		wr_walk_append(w, raw + i, c, dotdot);
		i += c + 1;
	}
	w->dots = false; /* that stretch is over: what goes wrong from here on is no rename's doing */
	if (end <= w->named)
		return -ESTALE; /* the base is not there any more: it was moved */
	if (w->len + n - end + 1 > WR_WALK_BUF)
		return -ENAMETOOLONG;
	memcpy(w->cur + w->len, raw + end, n - end + 1);
	return wr_walk_follow(w, w->len, text);
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
 * text costs less than to open. WR_WALK_AGAIN, or an errno. */
int wr_walk_find_link(struct wr_walk *w, bool last)
{
	uint16_t end[WR_WALK_BUF / 2];
	char part[WR_WALK_BUF], text[PATH_MAX];
	struct open_how how = wr_walk_dir;
	_cleanup_close_ int dir = -1;
	size_t n = 0, lo = 0, hi;
	int r = -EINVAL;

	for (size_t i = 0; i < w->n_raw; i++) {
		i += strcspn(w->raw + i, "/");
		end[n++] = (uint16_t)i;
	}
	how.resolve = wr_walk_step_flags(w);
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
		int fd = wr_walk_open_long(w, part, &how);
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
		return r != -EINVAL ? r : w->opens < WR_WALK_MAX_OPENS ? -ESTALE : -ELOOP;
	if (hi == n && last && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
		return -ELOOP;
	wr_frozen_found_link(w, end[hi - 1], text);
	return wr_walk_follow_raw(w, end[hi - 1], text);
}

/* A name in the root that was a symlink when the policy was made: ask for it first. */
int wr_walk_try_hint(struct wr_walk *w)
{
	char text[PATH_MAX];
	size_t c = strcspn(w->raw, "/");

	if (w->at_len || !w->raw[c])
		return 0;
	for (size_t i = 0; i < w->p->n_links; i++)
		if (!strncmp(w->raw, w->p->links[i], c) && !w->p->links[i][c])
			return read_link(w->at, w->p->links[i], text) == 0 ? wr_walk_follow_raw(w, c, text)
									   : 0;
	return 0;
}

int wr_walk_follow_known(struct wr_walk *w, bool last)
{
	char text[PATH_MAX];
	size_t end;

	return wr_frozen_link(w, last, &end, text) ? wr_walk_follow_raw(w, end, text) : 0;
}

int wr_walk_link_out_of_hidden(struct wr_walk *w, int err)
{
	char text[PATH_MAX], part[WR_WALK_BUF];
	struct open_how how = wr_walk_dir;

	if (w->m->kind == WR_MOUNT_PROC || !w->n_raw)
		return err;
	how.resolve = wr_walk_step_flags(w);
	for (size_t i = 0; i < w->n_raw;) {
		size_t c = strcspn(w->raw + i, "/");
		_cleanup_close_ int dir = -1;
		memcpy(part, w->cur, w->len - w->n_raw + i);
		part[w->len - w->n_raw + i] = '\0';
		wr_walk_up(part);
		if (!(wr_policy_may(w->p, w->m, part) & (WR_MAY_READ | WR_MAY_LIST)))
			return err;
		if (i) {
			memcpy(part, w->raw, i - 1);
			part[i - 1] = '\0';
			dir = wr_walk_open_long(w, part, &how);
			if (dir < 0)
				return err;
		}
		memcpy(part, w->raw + i, c);
		part[c] = '\0';
		if (read_link(i ? dir : w->at, part, text) == 0) {
			if (i + c == w->n_raw && !*w->rest && !*w->tail && !(w->flags & WR_FOLLOW))
				return err;
			return wr_walk_follow_raw(w, i + c, text);
		}
		i += c + (w->raw[i + c] == '/');
	}
	return err;
}
