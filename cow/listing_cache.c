/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of fixed size whose chains readers walk without a lock. Writers have a mutex.
 *
 * Why it is right.
 * - A node is complete before a seq_cst store makes it the head of its chain, and its key and object never
 *   change. Readers see all of it or nothing.
 * - Removal makes the predecessor skip the node; its own link is left alone, so a reader on it finds its way
 *   on. The node is retired and freed when no reader that could have seen it is left (epoch.h).
 * - The node holds a reference of its object until it is freed itself. A reader takes its own reference while
 *   it is inside the epoch, thus before that: the count is at least 1 when it is incremented, and an object
 *   whose count has reached 0 can be reached by nobody. Incrementing is relaxed, as the object was published
 *   by the chain; decrementing is acq_rel, so that whoever frees it sees everybody done with it.
 * - Eviction takes the mutex and goes round (second chance): a node that was used since the hand passed last
 *   stays once more. The flag is a relaxed store: a lost one costs a reading of a directory, nothing else.
 * The bytes counted are those of objects in the table. Those evicted but still held by readers, or retired,
 * come on top: at most one per reader and those of two epochs. */
#include "listing_cache.h"
#include "epoch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <utlist.h>

#define BUCKETS 4096

struct wr_cache_node {
	_Atomic(struct wr_cache_node *) link;
	struct wr_retired retired;
	struct wr_cache_key key;
	struct wr_cached *obj;
	size_t bucket;
	atomic_bool used;
	struct wr_cache_node *prev, *next; /* the ring of the clock; writers only, as what follows */
	struct wr_cache_owner *owner;
	struct wr_cache_node *own_prev, *own_next;
};

static _Atomic(struct wr_cache_node *) buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wr_cache_node *ring, *hand;
static size_t limit = 64U << 20, total, count;
static atomic_ullong hits, misses;
static uint64_t evicted;

void wr_cached_unref(struct wr_cached *obj)
{
	if (obj && atomic_fetch_sub_explicit(&obj->refs, 1, memory_order_acq_rel) == 1)
		obj->free_fn(obj);
}

static size_t bucket_of(const struct wr_cache_key *key)
{
	return XXH3_64bits(key, sizeof(*key)) % BUCKETS;
}

/* Inside an epoch or with the lock. */
static struct wr_cache_node *find(size_t bucket, const struct wr_cache_key *key)
{
	struct wr_cache_node *n = atomic_load(&buckets[bucket]);

	while (n && memcmp(&n->key, key, sizeof(*key)))
		n = atomic_load(&n->link);
	return n;
}

struct wr_cached *wr_cache_get(const struct wr_cache_key *key)
{
	struct wr_cached *obj = NULL;

	if (wr_epoch_enter() < 0)
		return NULL;
	struct wr_cache_node *n = find(bucket_of(key), key);
	if (n) {
		obj = n->obj;
		atomic_fetch_add_explicit(&obj->refs, 1, memory_order_relaxed);
		if (!atomic_load_explicit(&n->used, memory_order_relaxed))
			atomic_store_explicit(&n->used, true, memory_order_relaxed);
	}
	wr_epoch_exit();
	atomic_fetch_add_explicit(obj ? &hits : &misses, 1, memory_order_relaxed);
	return obj;
}

static void node_free(struct wr_retired *r)
{
	struct wr_cache_node *n =
		(struct wr_cache_node *)((char *)r - offsetof(struct wr_cache_node, retired));

	wr_cached_unref(n->obj);
	free(n);
}

/* With the lock. */
static void take_out(struct wr_cache_node *n)
{
	_Atomic(struct wr_cache_node *) *at = &buckets[n->bucket];

	while (atomic_load(at) != n)
		at = &atomic_load(at)->link;
	atomic_store(at, atomic_load(&n->link));
	if (hand == n)
		hand = n->next;
	DL_DELETE(ring, n);
	if (n->owner)
		DL_DELETE2(n->owner->nodes, n, own_prev, own_next);
	total -= n->obj->bytes;
	count--;
	wr_epoch_retire(&n->retired, node_free);
}

/* With the lock. */
static void make_room(size_t bytes)
{
	while (ring && total + bytes > limit) {
		struct wr_cache_node *n = hand ? hand : ring;
		hand = n->next;
		if (atomic_exchange_explicit(&n->used, false, memory_order_relaxed) && limit)
			continue;
		take_out(n);
		evicted++;
	}
	wr_epoch_push();
}

void wr_cache_put(const struct wr_cache_key *key, struct wr_cached *obj, struct wr_cache_owner *owner)
{
	size_t bucket = bucket_of(key);
	struct wr_cache_node *n = malloc(sizeof(*n));

	if (!n)
		return;
	pthread_mutex_lock(&lock);
	if (obj->bytes > limit / 8 || find(bucket, key)) {
		pthread_mutex_unlock(&lock);
		free(n);
		return;
	}
	make_room(obj->bytes);
	atomic_fetch_add_explicit(&obj->refs, 1, memory_order_relaxed);
	n->key = *key;
	n->obj = obj;
	n->bucket = bucket;
	atomic_init(&n->used, false);
	atomic_init(&n->link, atomic_load(&buckets[bucket]));
	atomic_store(&buckets[bucket], n);
	DL_APPEND(ring, n);
	n->owner = owner;
	if (owner)
		DL_APPEND2(owner->nodes, n, own_prev, own_next);
	total += obj->bytes;
	count++;
	pthread_mutex_unlock(&lock);
}

void wr_cache_drop(struct wr_cache_owner *owner)
{
	pthread_mutex_lock(&lock);
	bool any = owner->nodes;
	while (owner->nodes)
		take_out(owner->nodes);
	pthread_mutex_unlock(&lock);
	if (any)
		wr_epoch_push();
}

void wr_cache_limit(size_t bytes)
{
	pthread_mutex_lock(&lock);
	limit = bytes;
	make_room(0);
	pthread_mutex_unlock(&lock);
}

void wr_cache_stats(struct wr_cache_stats *ret)
{
	pthread_mutex_lock(&lock);
	*ret = (struct wr_cache_stats){.bytes = total,
				       .objects = count,
				       .hits = atomic_load(&hits),
				       .misses = atomic_load(&misses),
				       .evicted = evicted};
	pthread_mutex_unlock(&lock);
}
