/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with chains that readers walk without a lock; writers have one mutex, for some hundred
 * nanoseconds.
 *
 * Why it is right. A reader is inside an epoch (epoch.h), loads the table and walks one chain of it.
 * - Insertion stores a complete entry at the head of its chain: a reader sees all of it or nothing.
 * - Removal makes the predecessor skip the entry, and retires it: who stands on it still finds its way on,
 * since its own link is left alone, and it is freed after the epoch of every such reader.
 * - Growing. Each entry has two links; table number v uses link v & 1. The new table is built with the other
 *   link, which no reader of the current table looks at, and then published in one store. Readers that still
 *   walk the old table see the entries of the moment of publication: all later insertions and removals go to
 *   the new table alone. An entry removed from the new one is not freed before they have left. The next
 * growth writes the links of the old table again, so it waits (is put off to a later insertion) until the
 * epoch has advanced twice since the last: then nobody walks it. The old table's array is retired likewise.
 * - State. One atomic word per entry with a stamp that is never used twice: what was read before some system
 *   calls is compared with what is read after them, and if they are equal nothing was set in between.
 * Per path, a reader sees the sets of the word in their order. Across paths, callers compare stamps
 * (lookup.c). */
#include "index.h"
#include "epoch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define FIRST_SIZE 64

struct entry {
	_Atomic(struct entry *) link[2];
	struct wr_retired retired;
	uint64_t hash;
	atomic_ullong word, generation;
	uint32_t len;
	char path[];
};

struct table {
	struct wr_retired retired;
	unsigned version;
	size_t mask;
	_Atomic(struct entry *) heads[];
};

struct wr_index {
	_Atomic(struct table *) table;
	pthread_mutex_t lock;
	size_t count;
	atomic_size_t shown_count;
	uint64_t stamp, grown_at;
};

/* Guests choose the paths: the hash is keyed. */
static uint64_t seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint64_t)(uintptr_t)&seed;
}

uint64_t wr_index_hash(const char *path, size_t len)
{
	pthread_once(&seed_once, make_seed);
	return XXH3_64bits_withSeed(path, len, seed);
}

static struct table *table_new(size_t size, unsigned version)
{
	struct table *t = malloc(sizeof(*t) + size * sizeof(t->heads[0]));

	if (!t)
		return NULL;
	t->version = version;
	t->mask = size - 1;
	for (size_t i = 0; i < size; i++)
		atomic_init(&t->heads[i], NULL);
	return t;
}

static void table_free(struct wr_retired *r)
{
	free((char *)r - offsetof(struct table, retired));
}

static void entry_free(struct wr_retired *r)
{
	free((char *)r - offsetof(struct entry, retired));
}

int wr_index_new(struct wr_index **ret)
{
	struct wr_index *ix = calloc(1, sizeof(*ix));
	struct table *t = table_new(FIRST_SIZE, 0);

	if (!ix || !t) {
		free(ix);
		free(t);
		return -ENOMEM;
	}
	atomic_init(&ix->table, t);
	pthread_mutex_init(&ix->lock, NULL);
	*ret = ix;
	return 0;
}

void wr_index_free(struct wr_index *ix)
{
	if (!ix)
		return;
	struct table *t = atomic_load(&ix->table);
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *e = atomic_load(&t->heads[i]);
		while (e) {
			struct entry *next = atomic_load(&e->link[t->version & 1]);
			free(e);
			e = next;
		}
	}
	free(t);
	pthread_mutex_destroy(&ix->lock);
	free(ix);
}

/* Inside an epoch or with the lock. */
static struct entry *find(struct wr_index *ix, uint64_t hash, const char *path, size_t len)
{
	struct table *t = atomic_load(&ix->table);
	struct entry *e = atomic_load(&t->heads[hash & t->mask]);

	while (e && (e->hash != hash || e->len != len || memcmp(e->path, path, len)))
		e = atomic_load(&e->link[t->version & 1]);
	return e;
}

/* Both words of an entry: an entry's lifetime is the epoch's matter, its words are atomic. */
static uint64_t get(struct wr_index *ix, const char *path, size_t len, bool generation)
{
	uint64_t hash = wr_index_hash(path, len), v = 0;
	bool locked = wr_epoch_enter() < 0; /* no memory for the thread's record: the slow way */

	if (locked)
		pthread_mutex_lock(&ix->lock);
	struct entry *e = find(ix, hash, path, len);
	if (e)
		v = atomic_load(generation ? &e->generation : &e->word);
	if (locked)
		pthread_mutex_unlock(&ix->lock);
	else
		wr_epoch_exit();
	return v;
}

uint64_t wr_index_get(struct wr_index *ix, const char *path, size_t len)
{
	return get(ix, path, len, false);
}

uint64_t wr_index_generation(struct wr_index *ix, const char *path, size_t len)
{
	return get(ix, path, len, true);
}

/* With the lock. Failing is fine: chains get longer. */
static void grow(struct wr_index *ix)
{
	struct table *old = atomic_load(&ix->table);

	if (ix->count <= old->mask)
		return;
	if (wr_epoch_now() < ix->grown_at + 2)
		wr_epoch_push();
	if (wr_epoch_now() < ix->grown_at + 2)
		return;
	struct table *t = table_new((old->mask + 1) * 4, old->version + 1);
	if (!t)
		return;
	for (size_t i = 0; i <= old->mask; i++) {
		struct entry *e = atomic_load(&old->heads[i]);
		for (; e; e = atomic_load(&e->link[old->version & 1])) {
			_Atomic(struct entry *) *head = &t->heads[e->hash & t->mask];
			atomic_store(&e->link[t->version & 1], atomic_load(head));
			atomic_store(head, e);
		}
	}
	atomic_store(&ix->table, t);
	ix->grown_at = wr_epoch_now();
	wr_epoch_retire(&old->retired, table_free);
}

static void unlink_entry(struct wr_index *ix, struct entry *e)
{
	struct table *t = atomic_load(&ix->table);
	_Atomic(struct entry *) *at = &t->heads[e->hash & t->mask];

	while (atomic_load(at) != e)
		at = &atomic_load(at)->link[t->version & 1];
	atomic_store(at, atomic_load(&e->link[t->version & 1]));
	atomic_store(&e->word, 0);
	ix->count--;
	wr_epoch_retire(&e->retired, entry_free);
}

static struct entry *add_entry(struct wr_index *ix, uint64_t hash, const char *path, size_t len,
			       uint64_t word)
{
	struct entry *e = malloc(sizeof(*e) + len);

	if (!e)
		return NULL;
	e->hash = hash;
	e->len = (uint32_t)len;
	memcpy(e->path, path, len);
	atomic_init(&e->word, word);
	atomic_init(&e->generation, ix->stamp);
	grow(ix);
	struct table *t = atomic_load(&ix->table);
	_Atomic(struct entry *) *head = &t->heads[hash & t->mask];
	atomic_init(&e->link[!(t->version & 1)], NULL);
	atomic_init(&e->link[t->version & 1], atomic_load(head));
	atomic_store(head, e);
	ix->count++;
	return e;
}

int wr_index_set(struct wr_index *ix, const char *path, size_t len, unsigned state)
{
	uint64_t hash = wr_index_hash(path, len);
	int r = 0;

	pthread_mutex_lock(&ix->lock);
	struct entry *e = find(ix, hash, path, len);
	uint64_t word = (uint64_t)state | ++ix->stamp << WR_STAMP_SHIFT;
	if (state == WR_NONE) {
		if (e)
			unlink_entry(ix, e);
	} else if (e) {
		atomic_store(&e->word, word);
	} else if (!add_entry(ix, hash, path, len, word)) {
		r = -ENOMEM;
	}
	atomic_store_explicit(&ix->shown_count, ix->count, memory_order_relaxed);
	pthread_mutex_unlock(&ix->lock);
	return r;
}

void wr_index_busy(struct wr_index *ix, const char *path, size_t len)
{
	pthread_mutex_lock(&ix->lock);
	struct entry *e = find(ix, wr_index_hash(path, len), path, len);
	if (e)
		atomic_store(&e->word, (atomic_load(&e->word) & (WR_STATE_MASK | WR_ATTR)) | WR_BUSY |
					       ++ix->stamp << WR_STAMP_SHIFT);
	pthread_mutex_unlock(&ix->lock);
}

void wr_index_set_attr(struct wr_index *ix, const char *path, size_t len)
{
	pthread_mutex_lock(&ix->lock);
	struct entry *e = find(ix, wr_index_hash(path, len), path, len);
	if (e && wr_state(atomic_load(&e->word)) == WR_IS_MERGED)
		atomic_fetch_or(&e->word, WR_ATTR);
	pthread_mutex_unlock(&ix->lock);
}

void wr_index_changed(struct wr_index *ix, const char *path, size_t len)
{
	pthread_mutex_lock(&ix->lock);
	struct entry *e = find(ix, wr_index_hash(path, len), path, len);
	if (e)
		atomic_store(&e->generation, ++ix->stamp);
	pthread_mutex_unlock(&ix->lock);
}

size_t wr_index_count(const struct wr_index *ix)
{
	return atomic_load_explicit(&ix->shown_count, memory_order_relaxed);
}
