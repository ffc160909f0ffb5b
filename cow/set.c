/* SPDX-License-Identifier: Apache-2.0 */
/* The file set.json names the covered directories; the layer of the n-th (from 0) is part-N. It is written
 * before the parts are made and removed after them, so whatever is there can be found. */
#define _GNU_SOURCE
#include "set.h"
#include "commit.h"
#include "meta.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <sys/file.h>

#define NAME	  "set.json"
#define LOCK	  "lock"
#define MAX_PARTS 64

void wr_set_release(struct wr_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->parts[i].dir);
		free(s->parts[i].covers);
	}
	free(s->parts);
	*s = (struct wr_set){0};
}

static int add_part(struct wr_set *s, char *dir, char *covers)
{
	struct wr_set_part *v = dir ? realloc(s->parts, (s->n + 1) * sizeof(*v)) : NULL;

	if (!v) {
		free(dir);
		free(covers);
		return -ENOMEM;
	}
	s->parts = v;
	v[s->n++] = (struct wr_set_part){dir, covers};
	return 0;
}

static int add_numbered(struct wr_set *s, const char *dir, size_t i, char *covers)
{
	char *path;

	if (asprintf(&path, "%s/part-%zu", dir, i) < 0)
		path = NULL;
	return add_part(s, path, covers);
}

int wr_set_parse(const char *text, const char *dir, struct wr_set *ret)
{
	cJSON *j = cJSON_Parse(text), *item;
	const cJSON *covers = cJSON_GetObjectItemCaseSensitive(j, "covers");
	const cJSON *format = cJSON_GetObjectItemCaseSensitive(j, "warren_layer_set");
	int r = cJSON_IsNumber(format) && format->valueint == WR_LAYER_FORMAT && cJSON_IsArray(covers)
			? 0
			: -EINVAL;
	size_t i = 0;

	cJSON_ArrayForEach(item, covers)
	{
		char *s = r == 0 ? wr_meta_unescape(item) : NULL;
		if (r == 0)
			r = s && i < MAX_PARTS ? add_numbered(ret, dir, i++, s) : -EINVAL;
	}
	cJSON_Delete(j);
	return r;
}

/* All parts that the file names. -ENOENT: it is no set. */
static int read_file(int fd, const char *dir, struct wr_set *ret)
{
	_cleanup_free_ char *text = NULL;

	*ret = (struct wr_set){0};
	int r = wr_meta_text(fd, NAME, &text);
	if (r == 0)
		r = wr_set_parse(text, dir, ret);
	if (r < 0)
		wr_set_release(ret);
	return r;
}

static int write_file(int fd, const struct wr_set *s)
{
	cJSON *j = cJSON_CreateObject(), *covers = cJSON_AddArrayToObject(j, "covers");

	cJSON_AddNumberToObject(j, "warren_layer_set", WR_LAYER_FORMAT);
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_free_ char *name = wr_meta_escape(s->parts[i].covers);
		cJSON_AddItemToArray(covers, cJSON_CreateString(name ? name : ""));
	}
	_cleanup_free_ char *text = cJSON_Print(j);
	cJSON_Delete(j);
	return text ? wr_meta_put(fd, NAME, text) : -ENOMEM;
}

static bool has(int fd, const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int wr_set_read(const char *dir, struct wr_set *ret)
{
	_cleanup_close_ int fd = open_dir(dir);
	struct wr_layer_info info;

	*ret = (struct wr_set){0};
	if (fd < 0)
		return fd;
	int r = read_file(fd, dir, ret);
	if (r == -ENOENT) {
		r = wr_layer_info(dir, &info);
		if (r < 0)
			return r == -ENOENT ? -EINVAL : r;
		ret->plain = true;
		r = add_part(ret, strdup(dir), wr_steal_ptr(&info.covers));
		wr_layer_info_release(&info);
		return r;
	}
	for (size_t i = 0, n = ret->n, kept = 0; r == 0 && i < n; i++) {
		char meta[PATH_MAX];
		struct wr_set_part *p = &ret->parts[i];
		if (snprintf(meta, sizeof(meta), "%s/meta.json", p->dir) < (int)sizeof(meta) &&
		    access(meta, F_OK) == 0) {
			ret->parts[kept++] = *p;
		} else {
			free(p->dir);
			free(p->covers);
		}
		if (i == n - 1)
			ret->n = kept;
	}
	return r;
}

/* Nothing in it but what a set that is being made has. */
static int check_new(int fd)
{
	int d = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = d >= 0 ? fdopendir(d) : NULL;
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strcmp(e->d_name, NAME ".new") &&
		    strcmp(e->d_name, LOCK))
			return -ENOTEMPTY;
	return 0;
}

/* The wanted parts, found or added at the end of all. 1: added. */
static int choose(struct wr_set *all, const char *dir, const char *const *covers, size_t n,
		  struct wr_set *ret)
{
	int r = 0, added = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t k = 0;
		while (k < all->n && strcmp(all->parts[k].covers, covers[i]))
			k++;
		if (k == MAX_PARTS)
			return -E2BIG;
		if (k == all->n) {
			added = 1;
			r = add_numbered(all, dir, k, strdup(covers[i]));
		}
		if (r == 0)
			r = add_numbered(ret, dir, k, strdup(covers[i]));
	}
	return r < 0 ? r : added;
}

/* One at a time; the parts have locks of their own. */
static int lock_set(int dir)
{
	_cleanup_close_ int fd = openat(dir, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 || flock(fd, LOCK_EX) < 0 ? -errno : wr_steal_fd(&fd);
}

int wr_set_make(const char *dir, const char *const *covers, size_t n, struct wr_set *ret)
{
	_cleanup_set_ struct wr_set all = {0};

	*ret = (struct wr_set){0};
	_cleanup_close_ int fd = open_dir(dir);
	if (n == 1 && (fd == -ENOENT || (fd >= 0 && !has(fd, NAME))))
		return add_part(ret, strdup(dir), strdup(covers[0]));
	if (fd == -ENOENT && mkdir(dir, 0700) == 0)
		fd = open_dir(dir);
	if (fd < 0)
		return fd;
	int r = has(fd, "meta.json") ? -EEXIST : has(fd, NAME) ? 0 : check_new(fd);
	if (r < 0)
		return r;
	_cleanup_close_ int lock = lock_set(fd);
	if (lock < 0)
		return lock;
	r = read_file(fd, dir, &all);
	if (r == 0 || r == -ENOENT)
		r = choose(&all, dir, covers, n, ret);
	if (r > 0)
		r = write_file(fd, &all);
	if (r < 0)
		wr_set_release(ret);
	return r;
}

int wr_set_discard(const char *dir)
{
	_cleanup_close_ int fd = open_dir(dir);
	_cleanup_set_ struct wr_set all = {0};

	if (fd < 0)
		return fd;
	int r = read_file(fd, dir, &all);
	if (r == -ENOENT)
		return wr_layer_discard(dir);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		r = wr_layer_discard(all.parts[i].dir);
		if (r == -ENOENT || (r == -EINVAL && rmdir(all.parts[i].dir) == 0))
			r = 0;
	}
	if (r == 0 && unlinkat(fd, NAME ".new", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && unlinkat(fd, LOCK, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && unlinkat(fd, NAME, 0) < 0)
		r = -errno;
	return r == 0 && rmdir(dir) < 0 ? -errno : r;
}

/* ---- what a layer says of itself ---- */

int wr_layer_info(const char *dir, struct wr_layer_info *ret)
{
	_cleanup_close_ int fd = open_dir(dir);
	struct wr_meta m;
	int r = fd < 0 ? fd : wr_meta_read(fd, &m);

	*ret = (struct wr_layer_info){0};
	if (r < 0)
		return r;
	ret->created = m.created;
	ret->covers = wr_steal_ptr(&m.covers);
	ret->command = wr_steal_ptr(&m.command);
	for (; ret->n_lowers < m.n_lowers; ret->n_lowers++)
		ret->lowers[ret->n_lowers] = m.lowers[ret->n_lowers];
	return 0;
}

int wr_layer_set_command(const char *dir, const char *command)
{
	_cleanup_close_ int fd = open_dir(dir);
	_cleanup_meta_ struct wr_meta m = {0};
	int r = fd < 0 ? fd : wr_meta_read(fd, &m);

	if (r < 0)
		return r;
	free(m.command);
	m.command = strdup(command);
	return m.command ? wr_meta_write(fd, &m) : -ENOMEM;
}

void wr_layer_info_release(struct wr_layer_info *i)
{
	free(i->covers);
	free(i->command);
	for (unsigned k = 0; k < i->n_lowers; k++)
		free(i->lowers[k]);
	*i = (struct wr_layer_info){0};
}
