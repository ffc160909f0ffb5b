/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of listings: places, and going on in a later snapshot of a directory that has changed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../handlers/listing.h"

#define N 20000

/* A snapshot of . and .. and of the names first, first + step, ... below N. */
static struct wr_listing *make(unsigned first, unsigned step)
{
	struct wr_listing *l = wr_listing_new();
	char name[32];

	assert_non_null(l);
	assert_int_equal(wr_listing_set(l, ".", 1, DT_DIR), 0);
	assert_int_equal(wr_listing_set(l, "..", 2, DT_DIR), 0);
	for (unsigned i = first; i < N; i += step) {
		snprintf(name, sizeof(name), "name-%u", i);
		assert_int_equal(wr_listing_set(l, name, i, DT_REG), 0);
	}
	wr_listing_finish(l);
	return l;
}

static void places_ascend(void **state)
{
	struct wr_listing *l = make(0, 4);

	(void)state;
	assert_int_equal(l->n, N / 4 + 2);
	assert_string_equal(wr_listing_name(l, &l->entries[0]), ".");
	assert_string_equal(wr_listing_name(l, &l->entries[1]), "..");
	assert_true(l->entries[0].place > 0);
	for (size_t i = 1; i < l->n; i++)
		assert_true(l->entries[i].place > l->entries[i - 1].place);
	assert_true(l->entries[l->n - 1].place < 1ULL << 39);
	assert_int_equal(wr_listing_after(l, 0), 0);
	for (size_t i = 0; i < l->n; i++)
		assert_int_equal(wr_listing_after(l, l->entries[i].place), i + 1);
	assert_int_equal(wr_listing_after(l, UINT64_MAX), l->n);
	wr_listing_unref(l);
}

/* Read in turns from two snapshots, of which one has all names and the other every second one: those that are
 * in both are met once each, the others once at most. */
static void goes_on_in_another_snapshot(void **state)
{
	struct wr_listing *l[2] = {make(0, 8), make(0, 16)};
	static unsigned char met[N];
	uint64_t at = 0;

	(void)state;
	memset(met, 0, sizeof(met));
	for (unsigned turn = 0;; turn++) {
		struct wr_listing *now = l[turn % 2];
		size_t i = wr_listing_after(now, at);
		if (i == now->n)
			break;
		for (unsigned k = 0; k < 7 && i < now->n; k++, i++) {
			unsigned nr;
			if (sscanf(wr_listing_name(now, &now->entries[i]), "name-%u", &nr) == 1)
				met[nr]++;
			at = now->entries[i].place;
		}
	}
	for (unsigned i = 0; i < N; i++) {
		if (i % 16 == 0)
			assert_int_equal(met[i], 1);
		else
			assert_true(met[i] <= (i % 8 == 0));
	}
	wr_listing_unref(l[0]);
	wr_listing_unref(l[1]);
}

static void an_entry_is_replaced(void **state)
{
	struct wr_listing *l = wr_listing_new();

	(void)state;
	assert_int_equal(wr_listing_set(l, "a", 1, DT_REG), 0);
	assert_int_equal(wr_listing_set(l, "ab", 2, DT_REG), 0);
	assert_int_equal(wr_listing_set(l, "a", 3, DT_DIR), 0);
	wr_listing_finish(l);
	assert_int_equal(l->n, 2);
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(wr_listing_name(l, &l->entries[i]), "a")) {
			assert_int_equal(l->entries[i].ino, 3);
			assert_int_equal(l->entries[i].type, DT_DIR);
		}
	wr_listing_ref(l);
	wr_listing_unref(l);
	wr_listing_unref(l);
	wr_listing_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_ascend),
		cmocka_unit_test(goes_on_in_another_snapshot),
		cmocka_unit_test(an_entry_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
