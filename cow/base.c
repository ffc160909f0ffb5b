/* SPDX-License-Identifier: Apache-2.0 */
/* What each lower object was when the layer first changed its name: the file "base" of the layer, to which
 * one record is appended per path. Commit compares it with what is there then. A record cut short by a crash
 * is cut off; a path without a record is judged by the layer's date. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <sys/uio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)wr_index_hash((key), (len)))
#define HASH_NONFATAL_OOM	       1
#define uthash_nonfatal_oom(element)   ((element)->oom = true)
#include <uthash.h>

#define MAGIC 0x57524231 /* "WRB1" */

struct head {
	uint32_t magic, len;
	struct wr_base_id id;
};

struct record {
	UT_hash_handle hh;
	bool oom;
	struct wr_base_id id;
	size_t len;
	char path[];
};

struct wr_base {
	int fd;
	pthread_mutex_t lock;
	struct record *all;
};

void wr_base_id_of(const struct stat *st, struct wr_base_id *ret)
{
	*ret = (struct wr_base_id){.dev = st->st_dev,
				   .ino = st->st_ino,
				   .size = (uint64_t)st->st_size,
				   .mtime = st->st_mtim.tv_sec,
				   .mtime_ns = st->st_mtim.tv_nsec,
				   .ctime = st->st_ctim.tv_sec,
				   .ctime_ns = st->st_ctim.tv_nsec,
				   .mode = st->st_mode,
				   .uid = st->st_uid,
				   .gid = st->st_gid};
}

static int add(struct wr_base *b, const char *path, size_t len, const struct wr_base_id *id)
{
	struct record *r = malloc(sizeof(*r) + len + 1);

	if (!r)
		return -ENOMEM;
	r->oom = false;
	r->id = *id;
	r->len = len;
	memcpy(r->path, path, len);
	r->path[len] = '\0';
	HASH_ADD_KEYPTR(hh, b->all, r->path, len, r);
	if (r->oom) {
		free(r);
		return -ENOMEM;
	}
	return 0;
}

/* Returns the length of what is whole. */
static off_t read_all(struct wr_base *b, FILE *f)
{
	struct head h;
	char path[PATH_MAX];
	struct record *r;
	off_t good = 0;

	while (fread(&h, sizeof(h), 1, f) == 1 && h.magic == MAGIC && h.len < PATH_MAX &&
	       fread(path, 1, h.len, f) == h.len) {
		HASH_FIND(hh, b->all, path, h.len, r);
		if (!r && add(b, path, h.len, &h.id) < 0)
			return -1;
		good += (off_t)(sizeof(h) + h.len);
	}
	return good;
}

static int open_file(struct wr_base *b, int dir, bool readonly)
{
	int flags = readonly ? O_RDONLY : O_RDWR | O_APPEND | O_CREAT;

	b->fd = openat(dir, "base", flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->fd < 0)
		return readonly && errno == ENOENT ? 0 : -errno;
	int dup = fcntl(b->fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = dup >= 0 ? fdopen(dup, "r") : NULL;
	if (!f) {
		wr_cleanup_close(&dup);
		return -ENOMEM;
	}
	off_t good = read_all(b, f);
	fclose(f);
	if (good < 0)
		return -ENOMEM;
	if (!readonly && ftruncate(b->fd, good) < 0)
		return -errno;
	return 0;
}

int wr_base_open(int dir, bool readonly, struct wr_base **ret)
{
	struct wr_base *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	pthread_mutex_init(&b->lock, NULL);
	int r = open_file(b, dir, readonly);
	if (r < 0)
		wr_base_close(b);
	else
		*ret = b;
	return r;
}

void wr_base_close(struct wr_base *b)
{
	struct record *r, *next;

	if (!b)
		return;
	HASH_ITER (hh, b->all, r, next) {
		HASH_DELETE(hh, b->all, r);
		free(r);
	}
	wr_cleanup_close(&b->fd);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int wr_base_reset(struct wr_base *b)
{
	struct record *r, *next;

	HASH_ITER (hh, b->all, r, next) {
		HASH_DELETE(hh, b->all, r);
		free(r);
	}
	return ftruncate(b->fd, 0) < 0 ? -errno : 0;
}

int wr_base_note(struct wr_layer *l, const char *full, size_t len, const struct stat *st)
{
	struct wr_base *b = l->base;
	struct head h = {.magic = MAGIC, .len = (uint32_t)len};
	struct record *known;
	int r = 0;

	wr_base_id_of(st, &h.id);
	pthread_mutex_lock(&b->lock);
	HASH_FIND(hh, b->all, full, len, known);
	if (!known) {
		struct iovec v[2] = {{&h, sizeof(h)}, {(void *)full, len}};
		ssize_t n = writev(b->fd, v, 2);
		if (n < 0)
			r = -errno;
		else if ((size_t)n != sizeof(h) + len)
			r = -ENOSPC;
		if (r < 0 && n > 0) { /* what is half written must not hide later records */
			off_t end = lseek(b->fd, 0, SEEK_END);
			if (end < n || ftruncate(b->fd, end - n) < 0)
				r = -EIO;
		}
		if (r == 0)
			r = add(b, full, len, &h.id);
	}
	pthread_mutex_unlock(&b->lock);
	return r;
}

bool wr_base_get(struct wr_base *b, const char *full, size_t len, struct wr_base_id *ret)
{
	struct record *r;

	pthread_mutex_lock(&b->lock);
	HASH_FIND(hh, b->all, full, len, r);
	if (r)
		*ret = r->id;
	pthread_mutex_unlock(&b->lock);
	return r != NULL;
}
