/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "conflict.h"
#include "meta.h"
#include "stage.h"

#include <stdio.h>

/* ---- what the layers know ---- */

static int open_origin(const struct wr_lower *low, struct wr_origin *ret)
{
	_cleanup_meta_ struct wr_meta meta = {0};
	_cleanup_close_ int dir = open(low->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : wr_meta_read(dir, &meta);

	if (r < 0)
		return r == -ENOENT || r == -EINVAL ? 0 : r; /* a plain directory */
	ret->created = meta.created;
	return wr_base_open(dir, true, &ret->base);
}

int wr_origins_open(struct wr_layer *l, struct wr_origins *ret)
{
	int r = 0;

	*ret = (struct wr_origins){.l = l, .n = 1, .v = {{.base = l->base, .created = l->created}}};
	for (; r == 0 && ret->n < l->n_lowers; ret->n++)
		r = open_origin(&l->lowers[ret->n - 1], &ret->v[ret->n]);
	return r;
}

void wr_origins_release(struct wr_origins *o)
{
	while (o->n > 1)
		wr_base_close(o->v[--o->n].base);
	o->n = 0;
}

/* Does a lower below the k-th layer, but not the covered directory, have an object or a mark there? */
static bool is_provided_below(const struct wr_origins *o, unsigned k, const char *path)
{
	for (; k + 1 < o->n; k++) {
		_cleanup_close_ int fd = wr_open_below(o->l->lowers[k].fd, path, O_PATH | O_NOFOLLOW, 0);
		if (fd >= 0)
			return true;
	}
	return false;
}

/* The covered directory's object there, as it was when it was first hidden. */
static bool record_of(const struct wr_origins *o, const char *path, struct wr_base_id *ret)
{
	for (unsigned k = o->n; k-- > 0;)
		if (o->v[k].base && wr_base_get(o->v[k].base, path, strlen(path), ret))
			return !is_provided_below(o, k, path);
	return false;
}

/* When the layer was made that first changed the name, or a directory above it. Nobody noted any (the kernel
 * wrote it): the oldest, as one conflict too many does less harm than one too few. */
static int64_t date_of(const struct wr_origins *o, const char *path)
{
	struct wr_base_id id;
	size_t len = strlen(path);
	int64_t oldest = o->v[0].created;

	for (;;) {
		for (unsigned k = o->n; k-- > 0;)
			if (o->v[k].base && wr_base_get(o->v[k].base, path, len, &id))
				return o->v[k].created;
		if (!len)
			break;
		const char *slash = memrchr(path, '/', len);
		len = slash ? (size_t)(slash - path) : 0;
	}
	for (unsigned k = 1; k < o->n; k++)
		if (o->v[k].base && o->v[k].created < oldest)
			oldest = o->v[k].created;
	return oldest;
}

/* ---- comparing ---- */

static bool is_unchanged(const struct wr_origins *o, const char *path, const struct stat *st)
{
	struct wr_base_id id;

	if (record_of(o, path, &id))
		return wr_same_object(st, &id);
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec <= date_of(o, path);
}

/* Everything below a lower directory that is to go. 1: unchanged. Depth is the host's, not a guest's. */
static int tree_is_unchanged(const struct wr_origins *o, const char *path, int depth)
{
	struct stat st;
	char sub[PATH_MAX];
	_cleanup_close_ int fd = wr_open_below(wr_bottom(o->l), path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (!is_unchanged(o, path, &st))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return 1;
	if (depth > 200)
		return -ENAMETOOLONG;
	int d = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 1;
	_cleanup_closedir_ DIR *dir = d < 0 ? NULL : fdopendir(d);
	if (!dir)
		return -errno;
	for (struct dirent *e; r == 1 && (e = readdir(dir));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) >= (int)sizeof(sub))
			return -ENAMETOOLONG;
		r = tree_is_unchanged(o, sub, depth + 1);
	}
	return r;
}

int wr_conflicts(struct wr_origins *o, const struct wr_change *c)
{
	struct wr_base_id id;
	int r;

	if (c->kind == WR_ADDED) /* removed by somebody else since we changed it? */
		return record_of(o, c->path, &id);
	if (S_ISDIR(c->lower_st.st_mode) && c->kind != WR_MODIFIED) {
		r = tree_is_unchanged(o, c->path, 0);
		return r < 0 ? r : !r;
	}
	/* a directory that stays: only its rights are changed, and names in it are no matter */
	if (S_ISDIR(c->lower_st.st_mode) && !record_of(o, c->path, &id))
		return 0;
	return !is_unchanged(o, c->path, &c->lower_st);
}
