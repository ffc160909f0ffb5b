/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of lower layers that somebody holds by a descriptor, and changes by it. The descriptor is of the
 * lower object, whose path in the lower layer is what is known. While the name there is still its own the
 * copy is found, or made, by it: the index says so (untouched, WR_IS_MERGED, WR_COPY). What was renamed is
 * found by a note of where it went. What was deleted or replaced gets a copy without a name, which only its
 * holder will ever see.
 *
 * WR_COPY is set when a copy is published and never again afterwards for the same name, so seen after a
 * lookup it was also true before. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>

#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)wr_index_hash((key), (len)))
#define HASH_NONFATAL_OOM	       1
#define uthash_nonfatal_oom(element)   ((element)->oom = true)
#include <uthash.h>

#define TRIES 100

struct identity { /* of an object in the upper layer; numbers of inodes are used again */
	uint64_t ino;
	int64_t born, born_ns;
};

/* A copy that has not the name any more of what it was made of. */
struct moved {
	UT_hash_handle hh;
	bool oom;
	struct identity id;
	char *now;
	size_t len;
	char was[];
};

struct wr_held {
	pthread_mutex_t lock;
	struct moved *all;
	atomic_size_t n;
};

struct wr_held *wr_held_new(void)
{
	struct wr_held *h = calloc(1, sizeof(*h));

	if (h)
		pthread_mutex_init(&h->lock, NULL);
	return h;
}

static void forget(struct wr_held *h, struct moved *m)
{
	HASH_DEL(h->all, m);
	atomic_fetch_sub(&h->n, 1);
	free(m->now);
	free(m);
}

void wr_held_free(struct wr_held *h)
{
	struct moved *m, *next;

	if (!h)
		return;
	HASH_ITER (hh, h->all, m, next) {
		forget(h, m);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static int identify(int fd, struct identity *ret)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &stx) < 0)
		return -errno;
	*ret = (struct identity){.ino = stx.stx_ino};
	if (stx.stx_mask & STATX_BTIME) {
		ret->born = stx.stx_btime.tv_sec;
		ret->born_ns = stx.stx_btime.tv_nsec;
	}
	return 0;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->ino == b->ino && a->born == b->born && a->born_ns == b->born_ns;
}

/* ---- where they went ---- */

static void note(struct wr_held *h, const char *was, const struct identity *id, const char *now)
{
	size_t len = strlen(was);
	struct moved *m;

	HASH_FIND(hh, h->all, was, len, m);
	if (m)
		forget(h, m);
	m = malloc(sizeof(*m) + len);
	if (!m)
		return;
	*m = (struct moved){.id = *id, .now = strdup(now), .len = len};
	memcpy(m->was, was, len);
	if (m->now)
		HASH_ADD_KEYPTR(hh, h->all, m->was, len, m);
	if (!m->now || m->oom) {
		free(m->now);
		free(m);
		return;
	}
	atomic_fetch_add(&h->n, 1);
}

void wr_held_note(struct wr_layer *l, const char *was, int copy, const char *now)
{
	struct wr_held *h = l->held;
	struct identity id;

	if (identify(copy, &id) < 0)
		return;
	pthread_mutex_lock(&h->lock);
	note(h, was, &id, now);
	pthread_mutex_unlock(&h->lock);
}

/* The path with another beginning; NULL: it does not begin so. */
static char *moved_along(const char *path, const char *from, const char *to)
{
	size_t n = strlen(from);
	char *now;

	if (strncmp(path, from, n) || (path[n] && path[n] != '/') || asprintf(&now, "%s%s", to, path + n) < 0)
		return NULL;
	return now;
}

void wr_held_renamed(struct wr_layer *l, const char *from, const char *to, bool exchange)
{
	struct wr_held *h = l->held;
	struct moved *m, *next;

	if (!atomic_load(&h->n))
		return;
	pthread_mutex_lock(&h->lock);
	HASH_ITER (hh, h->all, m, next) {
		char *now = moved_along(m->now, from, to);
		if (!now && exchange)
			now = moved_along(m->now, to, from);
		if (!now)
			continue;
		free(m->now);
		m->now = now;
	}
	pthread_mutex_unlock(&h->lock);
}

/* ---- where they are ---- */

static bool has_its_name(struct wr_layer *l, const char *rel)
{
	struct wr_place p;

	wr_place(l, rel, strlen(rel), &p);
	if (p.kind == WR_PLACE_LOWER)
		return true;
	return p.kind == WR_PLACE_UPPER && p.leaf &&
	       (wr_state(p.word) == WR_IS_MERGED || (wr_state(p.word) == WR_IS_FILE && (p.word & WR_COPY)));
}

static int find_moved(struct wr_held *h, const char *rel, char *buf, size_t size, struct identity *ret)
{
	struct moved *m;

	if (!atomic_load(&h->n))
		return -ENOENT;
	pthread_mutex_lock(&h->lock);
	HASH_FIND(hh, h->all, rel, strlen(rel), m);
	bool found = m && strlen(m->now) < size;
	if (found) {
		strcpy(buf, m->now);
		*ret = m->id;
	}
	pthread_mutex_unlock(&h->lock);
	return found ? 0 : -ENOENT;
}

int wr_layer_now(struct wr_layer *l, char *rel, size_t size)
{
	char now[PATH_MAX];
	struct identity id;

	if (has_its_name(l, rel))
		return 0;
	int r = find_moved(l->held, rel, now, size < sizeof(now) ? size : sizeof(now), &id);
	if (r < 0)
		return r;
	strcpy(rel, now);
	return 1;
}

/* What is in the upper layer at path, if it is the one that is wanted. */
static int open_same(struct wr_layer *l, const char *path, const struct identity *want, struct wr_found *ret)
{
	struct identity is;
	int r = wr_open_upper(l, path, O_PATH | O_NOFOLLOW, ret);

	if (r == 0 && (identify(ret->fd, &is) < 0 || !same(want, &is))) {
		wr_found_release(ret);
		r = -ENOENT;
	}
	return r;
}

/* Where the copy of rel went to, and an fd of it there. It may be being renamed, with the lock of the
 * directory that it goes to: then once more afterwards. */
static int open_moved(struct wr_layer *l, const char *rel, char *buf, size_t size, struct wr_found *ret)
{
	struct identity want;
	struct wr_path p;

	for (int i = 0; i < 2; i++) {
		if (find_moved(l->held, rel, buf, size, &want) < 0 || wr_path_parse(buf, &p) < 0)
			return -ENOENT;
		if (open_same(l, buf, &want, ret) == 0)
			return 0;
		wr_dir_lock(l, p.full, p.dir_len);
		wr_dir_unlock(l, p.full, p.dir_len);
	}
	return -ENOENT;
}

/* The path by which the kernel knows the object, if it is there. */
static int path_of_fd(struct wr_layer *l, int fd, char *buf, size_t size, unsigned *ret_lower)
{
	char proc[32], host[PATH_MAX];
	struct stat st, there;
	unsigned k = 0;
	ssize_t n = readlink(wr_cow_proc(fd, proc), host, sizeof(host) - 1);

	if (n < 0)
		return -errno;
	host[n] = '\0';
	int where = wr_layer_rel_of_path(l, host, buf, size, &k);
	if (where < 0)
		return where;
	_cleanup_close_ int obj =
		wr_open_below(where == WR_UPPER ? l->upper : l->lowers[k].fd, buf, O_PATH | O_NOFOLLOW, 0);
	if (obj < 0 || fstat(obj, &there) < 0 || fstat(fd, &st) < 0 || st.st_dev != there.st_dev ||
	    st.st_ino != there.st_ino)
		return -ENOENT;
	if (ret_lower)
		*ret_lower = k;
	return where;
}

int wr_layer_rel_of_fd(struct wr_layer *l, int fd, char *buf, size_t size, unsigned *ret_lower)
{
	char rel[PATH_MAX];
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int where = path_of_fd(l, fd, buf, size, ret_lower);

	if (where != WR_LOWER || has_its_name(l, buf))
		return where;
	if (strlen(buf) >= sizeof(rel))
		return -ENOENT;
	strcpy(rel, buf);
	return open_moved(l, rel, buf, size, &f) < 0 ? -ENOENT : WR_UPPER;
}

/* ---- copies for them ---- */

static int nameless_copy(struct wr_layer *l, int lower, int why, struct wr_found *ret)
{
	struct stat st;
	char tmp[32];

	if (fstat(lower, &st) < 0)
		return -errno;
	uint64_t bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_blocks * 512 : 0;
	int r = wr_up_rights(lower, &st, why);
	if (r == 0)
		r = wr_quota_take(l, bytes, 1);
	if (r < 0)
		return r;
	r = wr_make_copy(l->work, lower, &st, true, wr_work_name(l, tmp));
	int fd = r < 0 ? r : (int)wr_ret(openat(l->work, tmp, O_PATH | O_NOFOLLOW | O_CLOEXEC));
	unlinkat(l->work, tmp, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	/* as of any file that is removed and still open */
	wr_quota_give(l, bytes, 1);
	if (fd < 0)
		return fd;
	*ret = (struct wr_found){.fd = fd, .where = WR_UPPER};
	return 0;
}

int wr_layer_copy_up_fd(struct wr_layer *l, int fd, int why, struct wr_found *ret)
{
	char rel[PATH_MAX], now[PATH_MAX];

	wr_layer_mark(l);
	for (int i = 0; i < TRIES; i++) {
		int where = path_of_fd(l, fd, rel, sizeof(rel), NULL);
		if (where < 0 && where != -ENOENT)
			return where;
		if (where == WR_LOWER && has_its_name(l, rel)) {
			int r = wr_layer_copy_up(l, rel, why, ret);
			if (r < 0 && r != -ENOENT)
				return r;
			if (r == 0 && has_its_name(l, rel))
				return 0;
			wr_found_release(ret); /* renamed or removed meanwhile */
			continue;
		}
		if (where == WR_LOWER && open_moved(l, rel, now, sizeof(now), ret) == 0)
			return 0;
		return nameless_copy(l, fd, why, ret);
	}
	return -EBUSY;
}
