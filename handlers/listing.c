/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "listing.h"
#include "../engine/base/cleanup.h"
#include "../engine/base/raw.h"
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HASH_BITS 30
#define SAME_HASH 8 /* bits: names with one hash are told apart by their rank among them */
#define FIRST	  3 /* the places before are those of "." and ".." */

/* Guests choose the names: the hash is seeded, so that no one can find many with the same hash. */
static uint64_t seed;

static void init_seed(void)
{
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uintptr_t)&seed * 0x9E3779B97F4A7C15ULL;
}

struct wr_listing *wr_listing_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct wr_listing *l = calloc(1, sizeof(*l));

	pthread_once(&once, init_seed);
	if (l)
		l->refs = 1;
	return l;
}

struct wr_listing *wr_listing_ref(struct wr_listing *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void wr_listing_unref(struct wr_listing *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(l->entries);
	free(l->names);
	free(l);
}

static int grow(void *array, size_t *room, size_t want, size_t size)
{
	if (want <= *room)
		return 0;
	size_t n = want < 32 ? 64 : want * 2;
	void *p = reallocarray(*(void **)array, n, size);
	if (!p)
		return -ENOMEM;
	*(void **)array = p;
	*room = n;
	return 0;
}

static int append(struct wr_listing *l, const char *name, size_t len, uint64_t ino, uint8_t type)
{
	if (l->n == WR_LISTING_MAX)
		return -E2BIG;
	int r = grow(&l->entries, &l->room, l->n + 1, sizeof(*l->entries));
	if (r == 0)
		r = grow(&l->names, &l->names_room, l->names_len + len + 1, 1);
	if (r < 0)
		return r;
	memcpy(l->names + l->names_len, name, len + 1);
	l->entries[l->n++] = (struct wr_listing_entry){
		.ino = ino, .name = (uint32_t)l->names_len, .len = (uint16_t)len, .type = type};
	l->names_len += len + 1;
	return 0;
}

int wr_listing_read(struct wr_listing *l, int dir_fd)
{
	_Alignas(struct dirent64) char buf[32768];

	for (;;) {
		ssize_t n = getdents64(dir_fd, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);
			int r = append(l, d->d_name, strlen(d->d_name), d->d_ino, d->d_type);
			if (r < 0)
				return r;
			at += d->d_reclen;
		}
	}
}

int wr_listing_set(struct wr_listing *l, const char *name, uint64_t ino, uint8_t type)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < l->n; i++) {
		struct wr_listing_entry *e = &l->entries[i];
		if (e->len == len && !memcmp(wr_listing_name(l, e), name, len)) {
			e->ino = ino;
			e->type = type;
			return 0;
		}
	}
	return append(l, name, len, ino, type);
}

static uint64_t first_place(const char *name, size_t len)
{
	if (name[0] == '.' && len == 1)
		return 1;
	if (name[0] == '.' && len == 2 && name[1] == '.')
		return 2;
	uint64_t h = XXH3_64bits_withSeed(name, len, seed) >> (64 - HASH_BITS);
	return FIRST + (h << SAME_HASH);
}

static int compare(const void *pa, const void *pb, void *names)
{
	const struct wr_listing_entry *a = pa, *b = pb;

	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return strcmp((const char *)names + a->name, (const char *)names + b->name);
}

void wr_listing_finish(struct wr_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].place = first_place(wr_listing_name(l, &l->entries[i]), l->entries[i].len);
	qsort_r(l->entries, l->n, sizeof(*l->entries), compare, l->names);
	for (size_t i = 1; i < l->n; i++)
		if (l->entries[i].place <= l->entries[i - 1].place)
			l->entries[i].place = l->entries[i - 1].place + 1;
}

size_t wr_listing_after(const struct wr_listing *l, uint64_t position)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (l->entries[mid].place <= position)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
