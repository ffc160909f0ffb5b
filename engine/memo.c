/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of a fixed size in sets of four. Each has a sequence number (a seqlock): odd while it is written. A
 * reader copies the slot and takes the copy only when the number was even and the same before and after, so
 * it never sees half of a record; then it compares the whole key. A writer takes a slot by making its number
 * odd; one that does not get it drops its record. The words of a slot are atomics, so that copying what is
 * being written is a race that is lost, not one that is undefined.
 *
 * The hash is keyed by a random seed; who could make keys collide would only displace records. */
#define _GNU_SOURCE
#include "memo.h"
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define SETS  16384
#define WAYS  4
#define WORDS (WR_MEMO_BYTES / 8)

struct slot {
	atomic_uint_least64_t sequence;
	atomic_uint_least64_t hash;
	atomic_uint_least64_t lengths; /* of the key | of the value << 16 */
	atomic_uint_least64_t unused;
	atomic_uint_least64_t words[WORDS];
};
_Static_assert(sizeof(struct slot) == 512, "a slot is eight cache lines");

struct wr_memo {
	uint64_t seed;
	struct slot *slots;
};

#define TABLE_BYTES ((size_t)SETS * WAYS * sizeof(struct slot))

struct wr_memo *wr_memo_new(void)
{
	struct wr_memo *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	if (getrandom(&m->seed, sizeof(m->seed), GRND_NONBLOCK) != sizeof(m->seed))
		m->seed = (uint64_t)(uintptr_t)m;
	m->slots = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->slots == MAP_FAILED) {
		free(m);
		return NULL;
	}
	return m;
}

void wr_memo_free(struct wr_memo *m)
{
	if (!m)
		return;
	munmap(m->slots, TABLE_BYTES);
	free(m);
}

/* Never 0, which is an empty slot's. */
static uint64_t hash_of(const struct wr_memo *m, const void *key, size_t len)
{
	uint64_t h = XXH3_64bits_withSeed(key, len, m->seed);
	return h ? h : 1;
}

static struct slot *set_of(const struct wr_memo *m, uint64_t hash)
{
	return &m->slots[hash % SETS * WAYS];
}

static size_t words_for(size_t bytes)
{
	return (bytes + 7) / 8;
}

/* True: buf holds the whole record, of *lengths. */
static bool copy(const struct slot *s, uint64_t hash, uint64_t buf[static WORDS], uint64_t *lengths)
{
	uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);

	if (before & 1 || atomic_load_explicit(&s->hash, memory_order_acquire) != hash)
		return false;
	*lengths = atomic_load_explicit(&s->lengths, memory_order_acquire);
	size_t n = words_for((*lengths & 0xffff) + (*lengths >> 16));
	if (n > WORDS)
		return false;
	/* acquire: the number is read after the words */
	for (size_t i = 0; i < n; i++)
		buf[i] = atomic_load_explicit(&s->words[i], memory_order_acquire);
	return atomic_load_explicit(&s->sequence, memory_order_relaxed) == before;
}

bool wr_memo_get(const struct wr_memo *m, const void *key, size_t key_len, void *value, size_t *size)
{
	uint64_t buf[WORDS], lengths, hash = hash_of(m, key, key_len);
	const struct slot *set = set_of(m, hash);

	for (size_t i = 0; i < WAYS; i++) {
		if (!copy(&set[i], hash, buf, &lengths) || (lengths & 0xffff) != key_len ||
		    memcmp(buf, key, key_len))
			continue;
		size_t n = lengths >> 16;
		if (n > *size)
			return false;
		memcpy(value, (const char *)buf + key_len, n);
		*size = n;
		return true;
	}
	return false;
}

/* The slot that has this hash, or is empty; else one that the hash picks. */
static struct slot *choose(struct slot *set, uint64_t hash)
{
	struct slot *empty = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		uint64_t h = atomic_load_explicit(&set[i].hash, memory_order_relaxed);
		if (h == hash)
			return &set[i];
		if (!h && !empty)
			empty = &set[i];
	}
	return empty ? empty : &set[(hash >> 32) % WAYS];
}

void wr_memo_put(struct wr_memo *m, const void *key, size_t key_len, const void *value, size_t size)
{
	uint64_t buf[WORDS] = {0}, hash = hash_of(m, key, key_len);
	struct slot *s = choose(set_of(m, hash), hash);
	uint64_t before = atomic_load_explicit(&s->sequence, memory_order_relaxed);

	if (key_len > WR_MEMO_BYTES || size > WR_MEMO_BYTES - key_len || before & 1 ||
	    !atomic_compare_exchange_strong_explicit(&s->sequence, &before, before + 1, memory_order_acquire,
						     memory_order_relaxed))
		return;
	memcpy(buf, key, key_len);
	if (size)
		memcpy((char *)buf + key_len, value, size);
	/* release: who reads one of these sees the odd number, too */
	atomic_store_explicit(&s->hash, hash, memory_order_release);
	atomic_store_explicit(&s->lengths, key_len | (uint64_t)size << 16, memory_order_release);
	for (size_t i = 0; i < words_for(key_len + size); i++)
		atomic_store_explicit(&s->words[i], buf[i], memory_order_release);
	atomic_store_explicit(&s->sequence, before + 2, memory_order_release);
}
