/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of executables with another interpreter.
 *
 * A copy is the file DIR/cS, S its serial number; every name of it is a hard link DIR/N/BASENAME. One mutex
 * guards all tables; a copy is made without it, in state COPYING, and those who want the same one wait on its
 * condition. What may not go away while the mutex is released is pinned.
 *
 * Life of a copy: COPYING -> READY (on the LRU list) -> DEAD (off all tables, files unlinked), or COPYING ->
 * DEAD when it failed. A DEAD one is freed with its last pin. Names outlive their copy, because processes may
 * still run it. */
#define _GNU_SOURCE
#include "exec_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Guests choose the names: the hash is seeded. Without memory an element is not added, and says so. */
static uint64_t hash_seed;
#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)XXH3_64bits_withSeed((key), (len), hash_seed))
#define HASH_NONFATAL_OOM	       1
#define uthash_nonfatal_oom(element)   ((element)->oom = true)
#include <uthash.h>
#include <utlist.h>

#include "../engine/base/cleanup.h"
#include "exec_copy.h"

#define DEFAULT_MAX_BYTES      (2ULL << 30)
#define DEFAULT_MAX_NAME_BYTES (32ULL << 20)
#define DEFAULT_IDLE_MS	       2000

enum copy_state { COPYING, READY, DEAD };

struct name;
struct copy {
	UT_hash_handle hh;	  /* cache->copies, while shared */
	struct copy *prev, *next; /* cache->lru, while READY */
	struct name *names;
	pthread_cond_t done;
	enum copy_state state;
	int error; /* when it failed */
	unsigned pins;
	bool shared; /* may be found by its key */
	bool oom;
	uint64_t serial, cost, used_ms;
	dev_t dev;
	ino_t ino;
	size_t key_len;
	struct wr_file_id id; /* the key: this and interp with its NUL */
	char interp[];
};

struct name {
	UT_hash_handle hh_number;	    /* cache->by_number */
	UT_hash_handle hh_path;		    /* cache->by_path, while copy is shared */
	struct name *prev, *next;	    /* cache->name_lru */
	struct name *copy_prev, *copy_next; /* copy->names */
	struct copy *copy;		    /* NULL: gone, the name remains for those who still run it */
	bool in_path, oom;
	uint64_t number;
	size_t key_len, path_len;
	const char *base; /* in path */
	uint64_t serial;  /* the key: this, and path with its NUL and base */
	char path[];	  /* the guest's, NUL, BASENAME, NUL */
};

struct path_key {
	uint64_t serial;
	char path[PATH_MAX + NAME_MAX + 1];
};

struct wr_exec_cache {
	pthread_mutex_t lock;
	char *dir;
	size_t dir_len;
	int dir_fd;
	struct wr_exec_cache_limits limits;
	struct wr_exec_cache_stats stats;
	struct copy *copies, *lru;
	struct name *by_number, *by_path, *name_lru;
	uint64_t next_serial, next_number, name_bytes;
};

/* One call of wr_exec_cache_get(). */
struct request {
	int src_fd;
	struct wr_file_id id;
	const char *guest_path, *base, *host_interp;
	size_t guest_len, base_len, interp_len;
	bool private; /* the copy is for this caller only */
};

static uint64_t now_ms(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- files; DIR/cS and DIR/N/BASENAME ---- */

static void copy_file_name(const struct copy *copy, char buf[static 24])
{
	snprintf(buf, 24, "c%" PRIu64, copy->serial);
}

static void name_file_name(const struct name *name, char *buf, size_t size)
{
	snprintf(buf, size, "%" PRIu64 "/%s", name->number, name->base);
}

static int name_link(struct wr_exec_cache *cache, const struct copy *copy, const struct name *name)
{
	char from[24], dir[24], to[NAME_MAX + 24];

	copy_file_name(copy, from);
	snprintf(dir, sizeof(dir), "%" PRIu64, name->number);
	name_file_name(name, to, sizeof(to));
	if (mkdirat(cache->dir_fd, dir, 0700) < 0)
		return -errno;
	if (linkat(cache->dir_fd, from, cache->dir_fd, to, 0) < 0) {
		int r = -errno;
		unlinkat(cache->dir_fd, dir, AT_REMOVEDIR);
		return r;
	}
	return 0;
}

static void name_unlink(struct wr_exec_cache *cache, const struct name *name)
{
	char dir[24], file[NAME_MAX + 24];

	snprintf(dir, sizeof(dir), "%" PRIu64, name->number);
	name_file_name(name, file, sizeof(file));
	unlinkat(cache->dir_fd, file, 0);
	unlinkat(cache->dir_fd, dir, AT_REMOVEDIR);
}

/* ---- tables; everything below here is called with the lock held, unless it says otherwise ---- */

static uint64_t name_cost(const struct name *name)
{
	return sizeof(*name) + name->path_len + strlen(name->base) + 2;
}

static void name_unhash_path(struct wr_exec_cache *cache, struct name *name)
{
	if (name->in_path)
		HASH_DELETE(hh_path, cache->by_path, name);
	name->in_path = false;
}

/* The copy goes, the name stays. */
static void name_detach(struct wr_exec_cache *cache, struct name *name)
{
	if (!name->copy)
		return;
	name_unlink(cache, name);
	name_unhash_path(cache, name);
	DL_DELETE2(name->copy->names, name, copy_prev, copy_next);
	name->copy = NULL;
}

static void name_forget(struct wr_exec_cache *cache, struct name *name)
{
	name_detach(cache, name);
	HASH_DELETE(hh_number, cache->by_number, name);
	DL_DELETE(cache->name_lru, name);
	cache->name_bytes -= name_cost(name);
	cache->stats.names--;
	free(name);
}

static void copy_free(struct copy *copy)
{
	pthread_cond_destroy(&copy->done);
	free(copy);
}

static void copy_unpin(struct copy *copy)
{
	if (--copy->pins == 0 && copy->state == DEAD)
		copy_free(copy);
}

static void copy_unshare(struct wr_exec_cache *cache, struct copy *copy)
{
	if (copy->shared)
		HASH_DELETE(hh, cache->copies, copy);
	copy->shared = false;
}

/* Gives up a READY copy and its files. Freed here unless pinned. */
static void copy_retire(struct wr_exec_cache *cache, struct copy *copy)
{
	char file[24];

	if (copy->state != READY)
		return; /* another one was quicker */
	while (copy->names)
		name_detach(cache, copy->names);
	copy_file_name(copy, file);
	unlinkat(cache->dir_fd, file, 0);
	copy_unshare(cache, copy);
	DL_DELETE(cache->lru, copy);
	cache->stats.bytes -= copy->cost;
	cache->stats.copies--;
	copy->state = DEAD;
	if (copy->pins == 0)
		copy_free(copy);
}

static void copy_touch(struct wr_exec_cache *cache, struct copy *copy)
{
	copy->used_ms = now_ms(CLOCK_MONOTONIC_COARSE);
	if (copy->state == READY && copy->next) {
		DL_DELETE(cache->lru, copy);
		DL_APPEND(cache->lru, copy);
	}
}

/* Makes room by evicting copies that were not asked for lately and are not running: only those give bytes
 * back. */
static int reserve(struct wr_exec_cache *cache, uint64_t cost)
{
	uint64_t now = now_ms(CLOCK_MONOTONIC_COARSE), max = cache->limits.max_bytes;
	struct copy *copy, *next;
	char file[24];

	if (cost > max)
		return -ENOSPC;
	DL_FOREACH_SAFE (cache->lru, copy, next) {
		if (cache->stats.bytes + cost <= max)
			break;
		if (copy->used_ms + cache->limits.idle_ms > now)
			break; /* the rest is younger */
		if (copy->pins)
			continue;
		copy_file_name(copy, file);
		if (wr_exec_copy_in_use(cache->dir_fd, file)) {
			copy_touch(cache, copy);
			continue;
		}
		copy_retire(cache, copy);
		cache->stats.evicted++;
	}
	if (cache->stats.bytes + cost > max)
		return -ENOSPC;
	cache->stats.bytes += cost;
	return 0;
}

static struct copy *copy_new(struct wr_exec_cache *cache, const struct request *rq)
{
	struct copy *copy = calloc(1, sizeof(*copy) + rq->interp_len + 1);
	if (!copy)
		return NULL;
	pthread_cond_init(&copy->done, NULL);
	copy->pins = 1;
	copy->serial = cache->next_serial++;
	copy->cost = rq->id.size + PATH_MAX;
	copy->id = rq->id;
	memcpy(copy->interp, rq->host_interp, rq->interp_len);
	copy->key_len = sizeof(copy->id) + rq->interp_len + 1;
	return copy;
}

static struct copy *copy_find(struct wr_exec_cache *cache, const struct request *rq)
{
	char key[sizeof(rq->id) + PATH_MAX];
	struct copy *copy;

	memcpy(key, &rq->id, sizeof(rq->id));
	memcpy(key + sizeof(rq->id), rq->host_interp, rq->interp_len + 1);
	HASH_FIND(hh, cache->copies, key, sizeof(rq->id) + rq->interp_len + 1, copy);
	return copy;
}

/* Makes a copy; releases the lock meanwhile. On success it is READY and pinned. */
static int copy_create(struct wr_exec_cache *cache, const struct request *rq, struct copy **ret)
{
	char file[24];
	struct copy *copy = copy_new(cache, rq);
	if (!copy)
		return -ENOMEM;
	int r = reserve(cache, copy->cost);
	if (r < 0) {
		copy_free(copy);
		return r;
	}
	if (!rq->private) {
		HASH_ADD_KEYPTR(hh, cache->copies, &copy->id, copy->key_len, copy);
		copy->shared = !copy->oom;
	}

	pthread_mutex_unlock(&cache->lock);
	copy_file_name(copy, file);
	r = wr_exec_copy_make(cache->dir_fd, file, rq->src_fd, copy->interp, &copy->id, &copy->dev,
			      &copy->ino);
	pthread_mutex_lock(&cache->lock);

	if (r != 0)
		copy_unshare(cache, copy); /* 1: not surely the content of this key */
	if (r < 0) {
		cache->stats.bytes -= copy->cost;
		copy->error = r;
		copy->state = DEAD;
	} else {
		copy->state = READY;
		DL_APPEND(cache->lru, copy);
		cache->stats.copies++;
		cache->stats.made++;
		copy_touch(cache, copy);
		*ret = copy;
	}
	pthread_cond_broadcast(&copy->done);
	if (r < 0)
		copy_unpin(copy);
	return r < 0 ? r : 0;
}

/* A READY and pinned copy, found, waited for or made. -ESTALE: ask again. */
static int copy_acquire(struct wr_exec_cache *cache, struct request *rq, struct copy **ret)
{
	struct copy *copy = rq->private ? NULL : copy_find(cache, rq);
	if (!copy)
		return copy_create(cache, rq, ret);

	copy->pins++;
	while (copy->state == COPYING)
		pthread_cond_wait(&copy->done, &cache->lock);
	if (copy->state == READY && copy->shared) {
		cache->stats.hits++;
		copy_touch(cache, copy);
		*ret = copy;
		return 0;
	}
	int r = copy->error;
	if (r == 0) {
		/* The maker saw the file change, or the copy was evicted since. */
		rq->private = copy->state == READY;
		r = -ESTALE;
	}
	copy_unpin(copy);
	return r;
}

static struct name *name_new(struct wr_exec_cache *cache, struct copy *copy, const struct request *rq)
{
	struct name *name = calloc(1, sizeof(*name) + rq->guest_len + rq->base_len + 2);
	if (!name)
		return NULL;
	name->copy = copy;
	name->serial = copy->serial;
	name->number = cache->next_number++;
	memcpy(name->path, rq->guest_path, rq->guest_len);
	name->path_len = rq->guest_len;
	name->base = name->path + rq->guest_len + 1;
	memcpy(name->path + rq->guest_len + 1, rq->base, rq->base_len);
	name->key_len = sizeof(name->serial) + rq->guest_len + 1 + rq->base_len;
	return name;
}

static int name_create(struct wr_exec_cache *cache, struct copy *copy, const struct request *rq,
		       struct name **ret)
{
	_cleanup_free_ struct name *name = name_new(cache, copy, rq);
	if (!name)
		return -ENOMEM;
	int r = name_link(cache, copy, name);
	if (r < 0)
		return r;

	HASH_ADD(hh_number, cache->by_number, number, sizeof(name->number), name);
	if (name->oom) {
		name_unlink(cache, name);
		return -ENOMEM;
	}
	if (copy->shared) {
		HASH_ADD(hh_path, cache->by_path, serial, name->key_len, name);
		name->in_path = !name->oom; /* not found again without memory: harmless */
	}
	DL_APPEND2(copy->names, name, copy_prev, copy_next);
	DL_APPEND(cache->name_lru, name);
	cache->stats.names++;
	cache->name_bytes += name_cost(name);
	*ret = wr_steal_ptr(&name);

	while (cache->name_bytes > cache->limits.max_name_bytes && cache->name_lru != *ret)
		name_forget(cache, cache->name_lru);
	return 0;
}

static int name_acquire(struct wr_exec_cache *cache, struct copy *copy, const struct request *rq,
			struct name **ret)
{
	struct path_key key = {.serial = copy->serial};
	struct name *name;

	memcpy(key.path, rq->guest_path, rq->guest_len);
	key.path[rq->guest_len] = '\0';
	memcpy(key.path + rq->guest_len + 1, rq->base, rq->base_len);
	HASH_FIND(hh_path, cache->by_path, &key, sizeof(key.serial) + rq->guest_len + 1 + rq->base_len, name);
	if (!name)
		return name_create(cache, copy, rq, ret);
	DL_DELETE(cache->name_lru, name);
	DL_APPEND(cache->name_lru, name);
	*ret = name;
	return 0;
}

/* Takes and releases the lock itself. An fd, or -ESTALE: ask again. */
static int get_once(struct wr_exec_cache *cache, struct request *rq, dev_t *ret_dev, ino_t *ret_ino)
{
	struct copy *copy = NULL;
	struct name *name = NULL;
	char file[NAME_MAX + 24];

	pthread_mutex_lock(&cache->lock);
	int r = copy_acquire(cache, rq, &copy);
	if (r < 0) {
		pthread_mutex_unlock(&cache->lock);
		return r;
	}
	r = name_acquire(cache, copy, rq, &name);
	if (r == -EMLINK || r == -ENOENT) {
		copy_retire(cache, copy); /* links used up, or the file was removed by somebody else */
		r = -ESTALE;
	}
	if (r == 0) {
		uint64_t number = name->number;
		name_file_name(name, file, sizeof(file));
		pthread_mutex_unlock(&cache->lock);
		r = wr_exec_copy_open(cache->dir_fd, file, copy->dev, copy->ino);
		pthread_mutex_lock(&cache->lock);
		/* Either we forgot the name meanwhile, or somebody else removed our files. */
		HASH_FIND(hh_number, cache->by_number, &number, sizeof(number), name);
		if (r == -ESTALE && name)
			copy_retire(cache, copy);
	}
	if (r >= 0) {
		*ret_dev = copy->dev;
		*ret_ino = copy->ino;
	} else if (!copy->shared) {
		copy_retire(cache, copy); /* nobody else could find it */
	}
	copy_unpin(copy);
	pthread_mutex_unlock(&cache->lock);
	return r;
}

/* ---- interface ---- */

static const char *base_of(const char *guest_path)
{
	const char *slash = strrchr(guest_path, '/');
	return slash ? slash + 1 : guest_path;
}

int wr_exec_cache_get(struct wr_exec_cache *cache, int src_fd, const struct statx *stx,
		      const char *guest_path, const char *base, const char *host_interp, int *ret_fd,
		      dev_t *ret_dev, ino_t *ret_ino)
{
	if (!base)
		base = base_of(guest_path);
	if (!*base || strchr(base, '/') || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		base = "exe";
	struct request rq = {
		.src_fd = src_fd,
		.id = wr_file_id_of(stx),
		.guest_path = guest_path,
		.base = base,
		.host_interp = host_interp,
		.guest_len = strlen(guest_path),
		.base_len = strlen(base),
		.interp_len = strlen(host_interp),
	};
	int r = -ESTALE;

	if (rq.guest_len == 0 || rq.interp_len == 0)
		return -EINVAL;
	if (rq.guest_len >= PATH_MAX || rq.interp_len >= PATH_MAX || rq.base_len > NAME_MAX)
		return -ENAMETOOLONG;
	rq.private = wr_file_id_is_fresh(&rq.id);

	for (int tries = 0; r == -ESTALE && tries < 4; tries++)
		r = get_once(cache, &rq, ret_dev, ret_ino);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}

const char *wr_exec_cache_dir(const struct wr_exec_cache *cache)
{
	return cache->dir;
}

/* "DIR/N/..." -> N */
static bool parse_number(const struct wr_exec_cache *cache, const char *path, uint64_t *ret)
{
	if (strncmp(path, cache->dir, cache->dir_len) != 0 || path[cache->dir_len] != '/')
		return false;

	const char *p = path + cache->dir_len + 1, *start = p;
	uint64_t n = 0;
	for (; *p >= '0' && *p <= '9' && p - start < 19; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (p == start || p[0] != '/' || p[1] == '\0')
		return false;
	*ret = n;
	return true;
}

int wr_exec_cache_guest_path(struct wr_exec_cache *cache, const char *host_path, char *buf, size_t size)
{
	uint64_t number;
	struct name *name;
	int r = -ENOENT;

	if (!parse_number(cache, host_path, &number))
		return -ENOENT;
	pthread_mutex_lock(&cache->lock);
	HASH_FIND(hh_number, cache->by_number, &number, sizeof(number), name);
	if (name && name->path_len >= size) {
		r = -ERANGE;
	} else if (name) {
		memcpy(buf, name->path, name->path_len + 1);
		r = (int)name->path_len;
	}
	pthread_mutex_unlock(&cache->lock);
	return r;
}

void wr_exec_cache_set_limits(struct wr_exec_cache *cache, const struct wr_exec_cache_limits *limits)
{
	pthread_mutex_lock(&cache->lock);
	cache->limits = *limits;
	pthread_mutex_unlock(&cache->lock);
}

void wr_exec_cache_stats(struct wr_exec_cache *cache, struct wr_exec_cache_stats *ret)
{
	pthread_mutex_lock(&cache->lock);
	*ret = cache->stats;
	pthread_mutex_unlock(&cache->lock);
}

static void init_hash_seed(void)
{
	if (getrandom(&hash_seed, sizeof(hash_seed), GRND_NONBLOCK) != sizeof(hash_seed))
		hash_seed = now_ms(CLOCK_REALTIME) * 0x9E3779B97F4A7C15ULL;
}

int wr_exec_cache_new(const char *dir, struct wr_exec_cache **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct statvfs fs;

	pthread_once(&once, init_hash_seed);
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatvfs(fd, &fs) < 0)
		return -errno;
	struct wr_exec_cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return -ENOMEM;
	cache->dir = realpath(dir, NULL); /* the kernel reports paths without symlinks */
	if (!cache->dir) {
		int r = -errno;
		free(cache);
		return r;
	}
	cache->dir_len = strlen(cache->dir);
	cache->dir_fd = wr_steal_fd(&fd);
	pthread_mutex_init(&cache->lock, NULL);

	uint64_t half = (uint64_t)fs.f_bavail * fs.f_frsize / 2;
	cache->limits = (struct wr_exec_cache_limits){
		.max_bytes = half < DEFAULT_MAX_BYTES ? half : DEFAULT_MAX_BYTES,
		.max_name_bytes = DEFAULT_MAX_NAME_BYTES,
		.idle_ms = DEFAULT_IDLE_MS,
	};
	*ret = cache;
	return 0;
}

void wr_exec_cache_free(struct wr_exec_cache *cache)
{
	if (!cache)
		return;
	while (cache->lru)
		copy_retire(cache, cache->lru);
	while (cache->name_lru)
		name_forget(cache, cache->name_lru);
	pthread_mutex_destroy(&cache->lock);
	close(cache->dir_fd);
	free(cache->dir);
	free(cache);
}
