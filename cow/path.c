/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below the covered directory, opening below an fd, locks of directories. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>

int wr_path_parse(const char *rel, struct wr_path *ret)
{
	size_t len = strlen(rel);

	ret->slash = false;
	while (len && rel[len - 1] == '/') {
		ret->slash = true;
		len--;
	}
	if (!len)
		return -ENOENT;
	if (len >= sizeof(ret->buf))
		return -ENAMETOOLONG;
	memcpy(ret->buf, rel, len);
	ret->buf[len] = '\0';
	ret->full = ret->buf;
	ret->len = len;
	const char *slash = memrchr(ret->buf, '/', len);
	ret->name = slash ? slash + 1 : ret->buf;
	ret->dir_len = slash ? (size_t)(slash - ret->buf) : 0;
	return 0; /* a name that is too long is the lookup's to refuse, after what comes before it */
}

int wr_open_below(int dirfd, const char *rel, uint64_t flags, mode_t mode)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = BELOW};
	int fd, tries = 0;

	/* EAGAIN: something was renamed on the way while the kernel looked (RESOLVE_BENEATH) */
	do
		fd = wr_openat2(dirfd, *rel ? rel : ".", &how);
	while (fd == -EAGAIN && tries++ < 100);
	return fd;
}

int wr_cow_rename(int from, const char *a, int to, const char *b, unsigned flags)
{
	return (int)wr_ret(syscall(SYS_renameat2, from, a, to, b, flags));
}

const char *wr_cow_proc(int fd, char buf[static 32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

const char *wr_work_name(struct wr_layer *l, char buf[static 32])
{
	snprintf(buf, 32, "t%llx", (unsigned long long)atomic_fetch_add(&l->tmp_serial, 1));
	return buf;
}

void wr_found_release(struct wr_found *f)
{
	wr_cleanup_close(&f->fd);
}

bool wr_layer_private_xattr(const char *name)
{
	return !strncmp(name, XATTR_MARK, strlen(XATTR_MARK));
}

/* ---- locks: those of two directories are taken in the order of their shards ---- */

static unsigned shard(const char *dir, size_t len)
{
	return (unsigned)(wr_index_hash(dir, len) % N_SHARDS);
}

void wr_dir_lock(struct wr_layer *l, const char *dir, size_t len)
{
	pthread_mutex_lock(&l->shards[shard(dir, len)]);
}

void wr_dir_unlock(struct wr_layer *l, const char *dir, size_t len)
{
	pthread_mutex_unlock(&l->shards[shard(dir, len)]);
}

void wr_lockset_add(struct wr_lockset *s, const char *dir, size_t len)
{
	unsigned x = shard(dir, len), i = s->n;

	for (unsigned j = 0; j < s->n; j++)
		if (s->shards[j] == x)
			return;
	for (; i > 0 && s->shards[i - 1] > x; i--)
		s->shards[i] = s->shards[i - 1];
	s->shards[i] = x;
	s->n++;
}

void wr_lockset_lock(struct wr_layer *l, const struct wr_lockset *s)
{
	for (unsigned i = 0; i < s->n; i++)
		pthread_mutex_lock(&l->shards[s->shards[i]]);
}

void wr_lockset_unlock(struct wr_layer *l, const struct wr_lockset *s)
{
	for (unsigned i = s->n; i-- > 0;)
		pthread_mutex_unlock(&l->shards[s->shards[i]]);
}
