/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the upper layer, or over all layers above the covered directory. Directories are taken from a
 * list, as their depth is a guest's choice. */
#define _GNU_SOURCE
#include "compare.h"
#include "names.h"

#include <stdio.h>

struct todo {
	struct todo *next;
	bool hiding; /* the lower directory of that name is not merged: what is missing here was deleted. With
		      * WR_DIFF_LOWERS: there is a covered directory of that name */
	size_t len;
	char path[];
};

struct diff {
	struct wr_layer *l;
	unsigned flags;
	int (*fn)(void *user, const struct wr_change *c);
	void *user;
	struct todo *list;
	struct wr_opened *opened;
};

static int push(struct diff *d, const char *path, bool hiding)
{
	size_t len = strlen(path);
	struct todo *t = malloc(sizeof(*t) + len + 1);

	if (!t)
		return -ENOMEM;
	*t = (struct todo){d->list, hiding, len};
	memcpy(t->path, path, len + 1);
	d->list = t;
	return 0;
}

static int report(struct diff *d, enum wr_change_kind kind, unsigned what, struct wr_change *c)
{
	c->kind = kind;
	c->what = what;
	return d->fn(d->user, c);
}

/* What the shown objects are compared with. */
static int open_old(struct diff *d, const char *path)
{
	if (d->flags & WR_DIFF_LOWERS)
		return wr_open_below(wr_bottom(d->l), path, O_PATH | O_NOFOLLOW, 0);
	return wr_lower_lookup(d->l, path, 0, NULL);
}

static int deleted(struct diff *d, const char *path)
{
	struct wr_change c = {.path = path, .upper = -1};
	_cleanup_close_ int lower = open_old(d, path);

	if (lower < 0)
		return 0; /* there is nothing (any more) */
	if (fstat(lower, &c.lower_st) < 0)
		return -errno;
	c.lower = lower;
	return report(d, WR_DELETED, 0, &c);
}

static int present(struct diff *d, const char *path, int upper, const struct stat *st, bool hiding)
{
	struct wr_change c = {.path = path, .upper = upper, .upper_st = *st};
	_cleanup_close_ int lower = open_old(d, path);
	unsigned what = 0;
	bool dir = S_ISDIR(st->st_mode), below = false;
	int r;

	if (lower < 0 && lower != -ENOENT && lower != -ENOTDIR && lower != -ELOOP)
		return lower;
	c.lower = lower < 0 ? -1 : lower;
	if (lower < 0) {
		r = report(d, WR_ADDED, 0, &c);
	} else {
		if (fstat(lower, &c.lower_st) < 0)
			return -errno;
		if ((c.lower_st.st_mode ^ st->st_mode) & S_IFMT) {
			r = report(d, WR_RETYPED, 0, &c);
		} else {
			below = dir;
			r = wr_compare(lower, &c.lower_st, upper, st, &what);
			if (r == 0 && (what & ~(unsigned)WR_CH_TIMES || (what && (d->flags & WR_DIFF_TIMES))))
				r = report(d, WR_MODIFIED, what, &c);
		}
	}
	if (r == 0 && dir)
		r = push(d, path,
			 below && (hiding || (d->flags & WR_DIFF_LOWERS) ||
				   wr_upper_is_opaque(d->l, upper, st)));
	return r;
}

static int entry(struct diff *d, const struct todo *t, int dirfd, const char *name, bool hidden)
{
	char path[PATH_MAX];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s%s%s", t->path, t->len ? "/" : "", name);

	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (hidden)
		return t->hiding ? 0 : deleted(d, path);
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return present(d, path, fd, &st, t->hiding);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct wr_name *)a)->name, ((const struct wr_name *)b)->name);
}

/* In a directory that hides the lower one: its names that are not here. */
static int missing(struct diff *d, const struct todo *t, const struct wr_names *here)
{
	const struct wr_layer_listing *lower;
	int r = wr_lower_list(d->l, t->path, &lower);

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	for (size_t i = 2; r == 0 && i < lower->n; i++) {
		struct wr_name key = {.name = lower->entries[i].name};
		const struct wr_name *found =
			here->n ? bsearch(&key, here->v, here->n, sizeof(*here->v), by_name) : NULL;
		if (found && !found->hidden)
			continue;
		char path[PATH_MAX];
		if (snprintf(path, sizeof(path), "%s%s%s", t->path, t->len ? "/" : "", key.name) <
		    (int)sizeof(path))
			r = deleted(d, path);
	}
	wr_layer_listing_unref(lower);
	return r;
}

static int directory(struct diff *d, const struct todo *t)
{
	struct wr_names *names = NULL;
	_cleanup_close_ int fd = wr_open_readable(d->l, t->path, &d->opened);

	if (fd < 0)
		return fd;
	int r = wr_names_read(fd, WR_MARKS_FILES, &names);
	if (r == 0 && names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = entry(d, t, fd, names->v[i].name, names->v[i].hidden);
	if (r == 0 && t->hiding)
		r = missing(d, t, names);
	wr_names_unref(names);
	return r;
}

/* ---- with the lowers above the covered directory ---- */

/* A name that is shown. What comes from the covered directory alone has not changed. */
static int shown(struct diff *d, const char *path)
{
	struct stat st;
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_layer_lookup(d->l, path, 0, &f);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (f.where == WR_LOWER && f.lower + 1 == d->l->n_lowers)
		return 0;
	return fstat(f.fd, &st) < 0 ? -errno : present(d, path, f.fd, &st, false);
}

/* A name of the covered directory. */
static int covered(struct diff *d, const char *path)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_layer_lookup(d->l, path, 0, &f);

	return r == -ENOENT ? deleted(d, path) : r;
}

static int for_names(struct diff *d, const struct todo *t, const struct wr_layer_listing *ls,
		     int (*fn)(struct diff *, const char *))
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 2; r == 0 && i < ls->n; i++) {
		int len = snprintf(path, sizeof(path), "%s%s%s", t->path, t->len ? "/" : "",
				   ls->entries[i].name);
		r = len < (int)sizeof(path) ? fn(d, path) : -ENAMETOOLONG;
	}
	wr_layer_listing_unref(ls);
	return r;
}

/* Of the directory in the upper layer the rights do not matter (it need not be there); those below are other
 * layers' as well. */
static int whole_directory(struct diff *d, const struct todo *t)
{
	const struct wr_layer_listing *ls;
	_cleanup_close_ int fd = wr_open_readable(d->l, t->path, &d->opened);
	int r = fd == -EACCES ? fd : wr_layer_list(d->l, t->path, &ls);

	if (r == 0)
		r = for_names(d, t, ls, shown);
	if (r == 0 && t->hiding) {
		r = wr_covered_list(d->l, t->path, &ls);
		if (r == 0)
			r = for_names(d, t, ls, covered);
	}
	return r;
}

/* The covered directory itself has no name, but rights. */
static int root(struct diff *d)
{
	bool lowers = d->flags & WR_DIFF_LOWERS;
	struct wr_change c = {
		.path = "", .upper = d->l->upper, .lower = lowers ? wr_bottom(d->l) : d->l->lowers[0].fd};
	unsigned what;

	if (fstat(c.upper, &c.upper_st) < 0 || fstat(c.lower, &c.lower_st) < 0)
		return -errno;
	int r = wr_compare(c.lower, &c.lower_st, c.upper, &c.upper_st, &what);
	if (r == 0 && what)
		r = report(d, WR_MODIFIED, what, &c);
	return r < 0 || r > 0 ? r : push(d, "", lowers || wr_is_opaque(d->l->upper));
}

int wr_layer_diff(struct wr_layer *l, unsigned flags, int (*fn)(void *user, const struct wr_change *c),
		  void *user)
{
	struct diff d = {.l = l, .flags = flags, .fn = fn, .user = user};
	int r;

	if (l->n_lowers == 1)
		d.flags &= ~(unsigned)WR_DIFF_LOWERS;
	r = root(&d);

	while (d.list) {
		struct todo *t = d.list;
		d.list = t->next;
		if (r == 0)
			r = (d.flags & WR_DIFF_LOWERS) ? whole_directory(&d, t) : directory(&d, t);
		free(t);
	}
	wr_close_again(l, &d.opened);
	return r;
}
