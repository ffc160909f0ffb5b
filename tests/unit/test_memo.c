/* SPDX-License-Identifier: Apache-2.0 */
/* The table of answers: what was put is what is got, or nothing, whoever else puts and gets. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../engine/memo.h"

static void what_was_put_is_got(void **state)
{
	struct wr_memo *m = wr_memo_new();
	char value[64] = "";
	size_t size = sizeof(value);

	(void)state;
	assert_non_null(m);
	assert_false(wr_memo_get(m, "key", 3, value, &size));
	wr_memo_put(m, "key", 3, "value", 5);
	assert_true(wr_memo_get(m, "key", 3, value, &size));
	assert_int_equal(size, 5);
	assert_memory_equal(value, "value", 5);
	size = sizeof(value);
	assert_false(wr_memo_get(m, "keyv", 4, value, &size));
	assert_false(wr_memo_get(m, "ke", 2, value, &size));
	wr_memo_put(m, "key", 3, "", 0);
	assert_true(wr_memo_get(m, "key", 3, value, &size));
	assert_int_equal(size, 0);
	wr_memo_free(m);
}

static void sizes_are_kept(void **state)
{
	struct wr_memo *m = wr_memo_new();
	char key[WR_MEMO_BYTES + 8], value[WR_MEMO_BYTES + 8];
	size_t size = sizeof(value);

	(void)state;
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	wr_memo_put(m, key, WR_MEMO_BYTES - 8, value, 8);
	assert_true(wr_memo_get(m, key, WR_MEMO_BYTES - 8, value, &size));
	assert_int_equal(size, 8);
	size = 7; /* no room */
	assert_false(wr_memo_get(m, key, WR_MEMO_BYTES - 8, value, &size));
	size = sizeof(value);
	wr_memo_put(m, key, WR_MEMO_BYTES - 7, value, 8);
	assert_false(wr_memo_get(m, key, WR_MEMO_BYTES - 7, value, &size));
	wr_memo_put(m, key, WR_MEMO_BYTES + 1, value, 0);
	assert_false(wr_memo_get(m, key, WR_MEMO_BYTES + 1, value, &size));
	wr_memo_free(m);
}

/* More than it holds: most of what came last is there, and all that is there is right. */
static void it_is_bounded(void **state)
{
	struct wr_memo *m = wr_memo_new();
	const uint64_t n = 300000, last = 20000;
	unsigned found = 0;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		wr_memo_put(m, &i, sizeof(i), &i, sizeof(i));
	for (uint64_t i = 0; i < n; i++) {
		uint64_t v;
		size_t size = sizeof(v);
		if (wr_memo_get(m, &i, sizeof(i), &v, &size)) {
			assert_int_equal(v, i);
			found += i >= n - last;
		}
	}
	assert_in_range(found, last / 2, last);
	wr_memo_free(m);
}

#define THREADS 4
#define ROUNDS	20000
#define KEYS	7 /* few, so that they meet */

struct shared {
	struct wr_memo *m;
	atomic_uint torn, hits;
};

/* A value is one number over and over, and its length says which key it is of. */
static void *put_and_get(void *arg)
{
	struct shared *s = arg;
	uint64_t v[KEYS + 8];

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		uint64_t key = i % KEYS;
		size_t n = key + 8, size = sizeof(v);
		if (i % 3) {
			if (!wr_memo_get(s->m, &key, sizeof(key), v, &size))
				continue;
			bool right = size == n * sizeof(v[0]);
			for (size_t k = 1; right && k < n; k++)
				right = v[k] == v[0];
			atomic_fetch_add(right ? &s->hits : &s->torn, 1);
		} else {
			for (size_t k = 0; k < n; k++)
				v[k] = i ^ (uintptr_t)&v;
			wr_memo_put(s->m, &key, sizeof(key), v, n * sizeof(v[0]));
		}
	}
	return NULL;
}

static void nobody_sees_half_a_record(void **state)
{
	struct shared s = {.m = wr_memo_new()};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_and_get, &s), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.torn, 0);
	assert_int_not_equal(s.hits, 0);
	wr_memo_free(s.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_got),
		cmocka_unit_test(sizes_are_kept),
		cmocka_unit_test(it_is_bounded),
		cmocka_unit_test(nobody_sees_half_a_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
