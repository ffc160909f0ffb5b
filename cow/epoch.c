/* SPDX-License-Identifier: Apache-2.0 */
/* Why it is right.
 *
 * G is the global epoch; each thread has a record with the epoch it read on entering, or 0 outside. All
 * accesses below that matter are seq_cst, as are the loads and stores of the links in the structures guarded
 * (index.c, listing_cache.c), so there is one order S of all of them.
 *
 * (1) G moves from g to g+1 only after every record was seen as 0 or g. Hence while a thread is inside with
 *     epoch e, G is at most e+1: to get to e+2 its record would have to be seen as 0 or e+1.
 * (2) An object is unlinked (seq_cst store), then tagged with t = G read after that.
 * (3) A reader that can hold the object loaded the link before the unlinking in S; its record was stored
 *     before that load, so before the tag was read. Its epoch e was read from G earlier still: e <= t.
 *     While it is inside, G <= e+1 <= t+1 by (1).
 * (4) The object is freed after G was seen >= t+2. By (3) no such reader is inside then.
 *
 * In (1) the subtle case: a thread reads G = g, is delayed, and stores its record late, when G is g+5. Until
 * the store it counts as outside and has loaded nothing. After it, G stays at g+5 or moves once at most: the
 * record g is neither 0 nor G. It only holds back; e <= t in (3) is true all the same. But "G <= e+1" fails
 * for such a reader, and with it (4). So the entering thread reads G again after the store and repeats until
 * both agree: then the record equals G at a moment when it was already visible, which is what (1) needs. */
#include "epoch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct record {
	_Alignas(64) atomic_ullong epoch; /* 0: outside */
	atomic_int used;
	unsigned nest; /* the owner's alone */
	struct record *next;
};

static atomic_ullong global = 1;
static _Atomic(struct record *) records; /* never freed, taken over by later threads */
static _Thread_local struct record *mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static pthread_mutex_t bag_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wr_retired *bag, **bag_end = &bag; /* oldest first */
static unsigned bag_size;

static void thread_gone(void *p)
{
	struct record *r = p;

	atomic_store(&r->used, 0);
}

static void make_key(void)
{
	pthread_key_create(&key, thread_gone);
}

static struct record *take_record(void)
{
	struct record *r;

	pthread_once(&once, make_key);
	for (r = atomic_load(&records); r; r = r->next) {
		int no = 0;
		if (atomic_compare_exchange_strong(&r->used, &no, 1))
			break;
	}
	if (!r) {
		r = aligned_alloc(64, sizeof(*r));
		if (!r)
			return NULL;
		atomic_init(&r->epoch, 0);
		atomic_init(&r->used, 1);
		r->nest = 0;
		r->next = atomic_load(&records);
		while (!atomic_compare_exchange_weak(&records, &r->next, r))
			;
	}
	pthread_setspecific(key, r);
	return mine = r;
}

int wr_epoch_enter(void)
{
	struct record *r = mine ? mine : take_record();
	unsigned long long e;

	if (!r)
		return -ENOMEM;
	if (r->nest++)
		return 0;
	do {
		e = atomic_load(&global);
		atomic_store(&r->epoch, e);
	} while (atomic_load(&global) != e);
	return 0;
}

void wr_epoch_exit(void)
{
	if (--mine->nest == 0)
		atomic_store(&mine->epoch, 0);
}

uint64_t wr_epoch_now(void)
{
	return atomic_load(&global);
}

static void try_advance(void)
{
	unsigned long long g = atomic_load(&global);

	for (struct record *r = atomic_load(&records); r; r = r->next) {
		unsigned long long e = atomic_load(&r->epoch);
		if (e && e != g)
			return;
	}
	atomic_compare_exchange_strong(&global, &g, g + 1);
}

void wr_epoch_push(void)
{
	try_advance();
}

/* Takes what may be freed out of the bag. */
static struct wr_retired *ripe(void)
{
	struct wr_retired *first = bag, **end = &bag;
	unsigned long long g = atomic_load(&global);

	while (*end && (*end)->epoch + 2 <= g) {
		end = &(*end)->next;
		bag_size--;
	}
	if (end == &bag)
		return NULL;
	bag = *end;
	if (!bag)
		bag_end = &bag;
	*end = NULL;
	return first;
}

static void free_all(struct wr_retired *r)
{
	while (r) {
		struct wr_retired *next = r->next;
		r->free_fn(r);
		r = next;
	}
}

void wr_epoch_retire(struct wr_retired *r, void (*free_fn)(struct wr_retired *))
{
	struct wr_retired *done = NULL;

	r->next = NULL;
	r->free_fn = free_fn;
	pthread_mutex_lock(&bag_lock);
	r->epoch = atomic_load(&global); /* under the lock: the bag is in order */
	*bag_end = r;
	bag_end = &r->next;
	if (++bag_size >= 64) {
		try_advance();
		done = ripe();
	}
	pthread_mutex_unlock(&bag_lock);
	free_all(done);
}

void wr_epoch_drain(void)
{
	for (int i = 0; i < 4; i++) {
		pthread_mutex_lock(&bag_lock);
		try_advance();
		struct wr_retired *done = ripe();
		pthread_mutex_unlock(&bag_lock);
		free_all(done);
	}
}
