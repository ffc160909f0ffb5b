/* SPDX-License-Identifier: Apache-2.0 */
/* The layer's limits. What is counted: docs/layer-format.md.
 *
 * Names are counted as they are made and removed. What is written through a descriptor that a guest has is
 * not told to anybody: the files that were opened for writing last are looked at again whenever another one
 * is opened, and wr_layer_measure() looks at all of them. */
#define _GNU_SOURCE
#include "internal.h"

int wr_quota_take(struct wr_layer *l, uint64_t bytes, uint64_t files)
{
	uint64_t b = atomic_fetch_add(&l->bytes, bytes) + bytes;
	uint64_t f = atomic_fetch_add(&l->files, files) + files;

	if ((l->max_bytes && bytes && b > l->max_bytes) || (l->max_files && files && f > l->max_files)) {
		wr_quota_give(l, bytes, files);
		return -EDQUOT;
	}
	return 0;
}

static void give(atomic_ullong *at, uint64_t n)
{
	unsigned long long old = atomic_load(at);

	while (!atomic_compare_exchange_weak(at, &old, old > n ? old - n : 0))
		;
}

void wr_quota_give(struct wr_layer *l, uint64_t bytes, uint64_t files)
{
	give(&l->bytes, bytes);
	give(&l->files, files);
}

/* ---- files that are written to ---- */

static uint64_t blocks_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink ? (uint64_t)st.st_blocks * 512 : 0;
}

/* With the lock. */
static void look_again(struct wr_layer *l, struct wr_recent *r)
{
	uint64_t now = blocks_of(r->fd);

	if (now > r->counted)
		atomic_fetch_add(&l->bytes, now - r->counted);
	else
		give(&l->bytes, r->counted - now);
	r->counted = now;
}

int wr_quota_check(struct wr_layer *l)
{
	if (!l->max_bytes)
		return 0;
	pthread_mutex_lock(&l->recent_lock);
	for (unsigned i = 0; i < WR_RECENT; i++)
		if (l->recent[i].fd >= 0)
			look_again(l, &l->recent[i]);
	pthread_mutex_unlock(&l->recent_lock);
	return atomic_load(&l->bytes) >= l->max_bytes ? -EDQUOT : 0;
}

void wr_quota_watch(struct wr_layer *l, int fd)
{
	char proc[32];

	if (!l->max_bytes)
		return;
	int copy = open(wr_cow_proc(fd, proc), O_PATH | O_CLOEXEC);
	if (copy < 0)
		return; /* the next measure finds it */
	pthread_mutex_lock(&l->recent_lock);
	struct wr_recent *r = &l->recent[l->next_recent++ % WR_RECENT];
	if (r->fd >= 0) {
		look_again(l, r);
		close(r->fd);
	}
	*r = (struct wr_recent){.fd = copy, .counted = blocks_of(copy)};
	pthread_mutex_unlock(&l->recent_lock);
}

void wr_quota_init(struct wr_layer *l)
{
	pthread_mutex_init(&l->recent_lock, NULL);
	for (unsigned i = 0; i < WR_RECENT; i++)
		l->recent[i].fd = -1;
}

void wr_quota_close(struct wr_layer *l)
{
	for (unsigned i = 0; i < WR_RECENT; i++)
		wr_cleanup_close(&l->recent[i].fd);
	pthread_mutex_destroy(&l->recent_lock);
}

/* ---- the whole ---- */

struct todo {
	struct todo *next;
	char path[];
};

static int push(struct todo **list, const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;

	if (n > PATH_MAX)
		return 0; /* as wr_scan() */
	struct todo *t = malloc(sizeof(*t) + n);
	if (!t)
		return -ENOMEM;
	stpcpy(stpcpy(stpcpy(t->path, dir), *dir ? "/" : ""), name);
	t->next = *list;
	*list = t;
	return 0;
}

static int measure_dir(struct wr_layer *l, const char *path, struct todo **list, struct wr_layer_usage *u,
		       struct wr_opened **opened)
{
	struct stat st;
	int r = 0, fd = wr_open_readable(l, path, opened);

	if (fd < 0) /* removed meanwhile */
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
			continue;
		u->files++;
		if (S_ISREG(st.st_mode))
			u->bytes += (uint64_t)st.st_blocks * 512 / (st.st_nlink ? st.st_nlink : 1);
		else if (S_ISDIR(st.st_mode))
			r = push(list, path, e->d_name);
	}
	return r;
}

int wr_layer_measure(struct wr_layer *l, struct wr_layer_usage *ret)
{
	struct wr_layer_usage u = {0};
	struct todo *list = NULL;
	struct wr_opened *opened = NULL;
	int r = push(&list, "", "");

	while (list) {
		struct todo *t = list;
		list = t->next;
		if (r == 0)
			r = measure_dir(l, t->path, &list, &u, &opened);
		free(t);
	}
	wr_close_again(l, &opened);
	if (r < 0)
		return r;
	pthread_mutex_lock(&l->recent_lock);
	atomic_store(&l->bytes, u.bytes);
	for (unsigned i = 0; i < WR_RECENT; i++)
		if (l->recent[i].fd >= 0)
			l->recent[i].counted = blocks_of(l->recent[i].fd);
	pthread_mutex_unlock(&l->recent_lock);
	*ret = u;
	return 0;
}

void wr_layer_usage(const struct wr_layer *l, struct wr_layer_usage *ret)
{
	ret->bytes = atomic_load(&((struct wr_layer *)l)->bytes);
	ret->files = atomic_load(&((struct wr_layer *)l)->files);
}
