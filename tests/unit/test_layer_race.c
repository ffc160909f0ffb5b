/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on one layer and on few names; run under ThreadSanitizer as well (SANITIZE=thread). Whatever
 * the order was: only errors that some order explains, the lower tree is untouched, what the index says is
 * what is on disk (the layer shows the same when opened again), and nothing of the work directory is left. */
#define _GNU_SOURCE
#include "layer_util.h"

#include "../../cow/epoch.h"
#include "../../cow/listing_cache.h"

#define THREADS 6

static unsigned rounds = 800;

struct worker {
	pthread_t thread;
	struct wr_layer *l;
	unsigned long long rng;
	unsigned done;
};

static unsigned rnd(struct worker *w, unsigned n)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (unsigned)(w->rng % n);
}

static const char *const paths[] = {"a/one", "a/b/two", "a/b/c/three", "d/x",	"d/y", "d",    "top",
				    "empty", "empty/n", "new",	       "new/n", "d/n", "a/b/n"};

static const char *pick(struct worker *w)
{
	return paths[rnd(w, WR_ARRAY_SIZE(paths))];
}

static bool explained(int r)
{
	switch (r) {
	case 0:
	case -ENOENT:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
	case -ENOTEMPTY:
	case -EXDEV:
	case -EINVAL:
	case -EPERM: /* link of a directory */
	case -EBUSY: /* changed all the time */
		return true;
	default:
		return false;
	}
}

/* A file is never seen half copied, and never a whiteout in its place. */
static int look(struct worker *w, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK};
	struct stat st;
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_layer_open_file(w->l, path, &how, &f, NULL);

	if (r < 0)
		return r;
	assert_int_equal(fstat(f.fd, &st), 0);
	assert_true(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
	if (S_ISREG(st.st_mode)) {
		char c;
		ssize_t n = read(f.fd, &c, 1);
		assert_true(n == 0 || (n == 1 && strchr("otxyw", c)));
	}
	return 0;
}

static int list(struct worker *w, const char *path)
{
	const struct wr_layer_listing *ls;
	int r = wr_layer_list(w->l, path, &ls);

	if (r < 0)
		return r;
	for (size_t i = 1; i < ls->n; i++) {
		assert_true(ls->entries[i].off > ls->entries[i - 1].off);
		assert_int_not_equal(ls->entries[i].type, DT_CHR);
	}
	wr_layer_listing_unref(ls);
	return 0;
}

static int put(struct worker *w, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_NONBLOCK, .mode = (flags & O_CREAT) ? 0644 : 0};
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_layer_open_file(w->l, path, &how, &f, NULL);

	if (r == 0)
		assert_int_equal(pwrite(f.fd, "w", 1, 0), 1);
	return r;
}

static int one(struct worker *w)
{
	const char *a = pick(w), *b = pick(w);
	struct wr_found f = WR_FOUND_INIT;
	int r;

	switch (rnd(w, 11)) {
	case 0:
		return put(w, a, O_WRONLY | O_CREAT);
	case 1:
		return put(w, a, O_RDWR);
	case 2:
		return put(w, a, O_WRONLY | O_TRUNC);
	case 3:
		return wr_layer_unlink(w->l, a);
	case 4:
		return wr_layer_mkdir(w->l, a, 0755);
	case 5:
		return wr_layer_rmdir(w->l, a);
	case 6:
		return wr_layer_rename(w->l, a, b, rnd(w, 3) ? 0 : RENAME_EXCHANGE);
	case 7:
		return wr_layer_link(w->l, a, b);
	case 8:
		r = wr_layer_copy_up(w->l, a, WR_UP_ALWAYS, &f);
		if (r == 0)
			wr_found_release(&f);
		return r;
	case 9:
		return list(w, a);
	default:
		return look(w, a);
	}
}

static void *work(void *user)
{
	struct worker *w = user;

	for (; w->done < rounds; w->done++) {
		int r = one(w);
		if (!explained(r)) {
			fprintf(stderr, "an operation gave %d (%s)\n", r, strerror(-r));
			abort();
		}
	}
	return NULL;
}

static void dump(struct wr_layer *l, const char *rel, FILE *out)
{
	const struct wr_layer_listing *ls;

	assert_int_equal(wr_layer_list(l, rel, &ls), 0);
	for (size_t i = 2; i < ls->n; i++) {
		char path[PATH_MAX];
		struct stat st;
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		snprintf(path, sizeof(path), "%s%s%s", rel, *rel ? "/" : "", ls->entries[i].name);
		int r = wr_layer_lookup(l, path, 0, &f);
		if (r < 0)
			fail_msg("%s is listed, but: %s", path, strerror(-r));
		assert_int_equal(fstat(f.fd, &st), 0);
		assert_int_equal(st.st_ino, ls->entries[i].ino);
		fprintf(out, "%s %o %lu %d\n", path, st.st_mode, (unsigned long)st.st_ino, f.where);
		if (S_ISDIR(st.st_mode))
			dump(l, path, out);
	}
	wr_layer_listing_unref(ls);
}

static char *tree(struct wr_layer *l)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	dump(l, "", f);
	fclose(f);
	return text;
}

static void threads_on_few_names(void **state)
{
	struct lt *t = *state;
	struct worker w[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.l = t->l, .rng = 0x9E3779B97F4A7C15ULL * (i + 1)};
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	char *left = lt_out("ls -A %s/work", t->dir);
	assert_string_equal(left, "");
	free(left);
	char *before = tree(t->l);
	lt_reopen(t);
	char *after = tree(t->l);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* ---- the cache ---- */

struct object {
	struct wr_cached cached;
	uint64_t key, copy;
};

static atomic_long alive;
static struct wr_cache_owner owners[3];

static void object_free(struct wr_cached *c)
{
	((struct object *)c)->copy = 0;
	free(c);
	atomic_fetch_sub(&alive, 1);
}

static void *use_cache(void *user)
{
	struct worker *w = user;

	for (; w->done < rounds * 10; w->done++) {
		struct wr_cache_key key = {.v = {1000, rnd(w, 500)}};
		struct object *o = (struct object *)wr_cache_get(&key);
		if (!o) {
			o = malloc(sizeof(*o));
			*o = (struct object){.cached = {.bytes = 1000, .free_fn = object_free},
					     .key = key.v[1],
					     .copy = ~key.v[1]};
			atomic_init(&o->cached.refs, 1);
			atomic_fetch_add(&alive, 1);
			/* some belong to somebody, who goes now and then */
			unsigned whose = (unsigned)rnd(w, 6);
			wr_cache_put(&key, &o->cached, whose < 3 ? &owners[whose] : NULL);
			if (rnd(w, 200) == 0)
				wr_cache_drop(&owners[rnd(w, 3)]);
		}
		if (o->key != key.v[1] || o->copy != ~key.v[1])
			abort();
		wr_cached_unref(&o->cached);
	}
	return NULL;
}

static void the_cache_under_eviction(void **state)
{
	struct worker w[THREADS];
	struct wr_cache_stats stats;

	(void)state;
	wr_cache_limit(100 * 1000);
	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.rng = 0x9E3779B97F4A7C15ULL * (i + 7)};
		assert_int_equal(pthread_create(&w[i].thread, NULL, use_cache, &w[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	wr_cache_stats(&stats);
	assert_true(stats.bytes <= 100 * 1000);
	assert_true(stats.hits > 0 && stats.evicted > 0);
	size_t owned = stats.objects;
	for (unsigned i = 0; i < 3; i++) {
		wr_cache_drop(&owners[i]);
		assert_null(owners[i].nodes);
	}
	wr_cache_stats(&stats);
	assert_true(stats.objects < owned && stats.bytes == stats.objects * 1000);
	wr_cache_limit(0);
	wr_epoch_drain();
	assert_int_equal(atomic_load(&alive), 0);
	wr_cache_limit(64 << 20);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_on_few_names, lt_setup, lt_teardown),
		cmocka_unit_test(the_cache_under_eviction),
	};

	if (getenv("ROUNDS"))
		rounds = (unsigned)atoi(getenv("ROUNDS"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return lt_main(argc, argv, run);
}
