/* SPDX-License-Identifier: Apache-2.0 */
/* Line by line, sequence by sequence: a wrong error, or a wrong detail, is reported and the comparison goes
 * on; after a wrong success or refusal the two trees are no longer the same, and the rest of the sequence is
 * left alone. Counts are shared between the jobs. */
#include "run.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_GROUPS 512
#define MAX_MADE   128
#define KEY_SIZE   176
#define CONTEXT	   12
#define MAX_SOFT   5 /* per sequence */

struct group {
	char key[KEY_SIZE];
	uint64_t seed;
	unsigned count;
	bool expected;
};

struct made {
	char name[32];
	uint64_t count;
};

struct tally {
	atomic_flag lock;
	uint64_t sequences, diffs, expected;
	unsigned ngroups, nmade;
	struct made made[MAX_MADE];
	struct group groups[MAX_GROUPS];
};

struct tally *tally_new(void)
{
	void *m = mmap(NULL, sizeof(struct tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

uint64_t tally_diffs(const struct tally *t)
{
	return t->diffs;
}

/* Held while a report is printed: the jobs wait for each other, and none dies in here. */
static void lock(struct tally *t)
{
	while (atomic_flag_test_and_set_explicit(&t->lock, memory_order_acquire))
		usleep(100);
}

static void unlock(struct tally *t)
{
	atomic_flag_clear_explicit(&t->lock, memory_order_release);
}

static void count_group(struct tally *t, const char *key, uint64_t seed, bool expected)
{
	unsigned i;

	for (i = 0; i < t->ngroups; i++)
		if (!strcmp(t->groups[i].key, key) && t->groups[i].expected == expected)
			break;
	if (i == MAX_GROUPS)
		return;
	if (i == t->ngroups) {
		snprintf(t->groups[i].key, KEY_SIZE, "%s", key);
		t->groups[i].seed = seed;
		t->groups[i].expected = expected;
		t->ngroups++;
	}
	t->groups[i].count++;
}

static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->expected != y->expected)
		return x->expected - y->expected;
	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->key, y->key);
}

void tally_count(struct tally *t, uint64_t sequences)
{
	lock(t);
	t->sequences += sequences;
	unlock(t);
}

void tally_print(const struct tally *t)
{
	struct tally *m = (struct tally *)t;

	qsort(m->groups, m->ngroups, sizeof(m->groups[0]), by_count);
	if (t->ngroups)
		printf("differences by call (chroot | warren):\n");
	for (unsigned i = 0; i < t->ngroups; i++)
		printf("%7u  %-60s %sseed %llu\n", t->groups[i].count, t->groups[i].key,
		       t->groups[i].expected ? "by design, " : "e.g. ",
		       (unsigned long long)t->groups[i].seed);
	if (t->expected)
		printf("%llu more by design\n", (unsigned long long)t->expected);
	printf("%llu sequences, %llu differences\n", (unsigned long long)t->sequences,
	       (unsigned long long)t->diffs);
}

void tally_lower_changed(struct tally *t, uint64_t seed)
{
	lock(t);
	t->diffs++;
	count_group(t, "the lower tree was changed", seed, false);
	unlock(t);
}

/* ---- lines ---- */

/* The next line without its newline; false at the end. An unfinished line counts as none. */
static bool next_line(struct text *t, struct text *ret)
{
	const char *nl = t->p < t->end ? memchr(t->p, '\n', (size_t)(t->end - t->p)) : NULL;

	if (!nl)
		return false;
	*ret = (struct text){t->p, nl};
	t->p = nl + 1;
	return true;
}

/* The lines of one sequence, between "S seed" and "E seed". False when it did not get to its end; then
 * ret holds what there is. */
static bool find_sequence(const struct run *r, uint64_t seed, const char **hint, struct text *ret)
{
	char head[40], tail[40];
	const char *from = *hint ? *hint : r->out, *s, *e;

	snprintf(head, sizeof(head), "S %llu\n", (unsigned long long)seed);
	snprintf(tail, sizeof(tail), "\nE %llu\n", (unsigned long long)seed);
	*ret = (struct text){r->out + r->len, r->out + r->len};
	for (s = from; (s = strstr(s, head)); s++)
		if (s == r->out || s[-1] == '\n')
			break;
	if (!s)
		return false;
	ret->p = s;
	e = strstr(s, tail);
	if (!e)
		return false;
	ret->end = e + 1;
	*hint = ret->end;
	return true;
}

/* The first word that is not the same, for the summary. */
static void first_word(struct text ref, struct text test, char *dst, size_t size)
{
	struct text a, b;

	do {
		a = next_word(&ref);
		b = next_word(&test);
	} while (same_text(a, b) && (ref.p < ref.end || test.p < test.end));
	snprintf(dst, size, "[%.*s | %.*s]", a.end - a.p > 28 ? 28 : (int)(a.end - a.p), a.p,
		 b.end - b.p > 28 ? 28 : (int)(b.end - b.p), b.p);
}

/* Numbers that differ from seed to seed would make a group of each difference. */
static void mask_digits(char *s)
{
	char *d = s;

	for (; *s; s++)
		if (!isdigit((unsigned char)*s))
			*d++ = *s;
		else if (d == s || d[-1] != '#')
			*d++ = '#';
	*d = '\0';
}

static void make_key(struct text ref, struct text test, char *key)
{
	char name[40], a[40], b[40], tname[40], word[80];

	if (ref.p == ref.end || test.p == test.end) {
		snprintf(key, KEY_SIZE, "one side has no such line");
		return;
	}
	split_line(ref, name, sizeof(name), a, sizeof(a));
	split_line(test, tname, sizeof(tname), b, sizeof(b));
	if (name[0] == 'T' && strcmp(ref.p, test.p) != 0) {
		first_word(ref, test, word, sizeof(word));
		mask_digits(word);
		snprintf(key, KEY_SIZE, "tree: %s", word);
	} else if (strcmp(a, b) != 0) {
		snprintf(key, KEY_SIZE, "%s: %s | %s", name, a, b);
	} else {
		first_word(ref, test, word, sizeof(word));
		mask_digits(word);
		snprintf(key, KEY_SIZE, "%s: %s %s", name, a, word);
	}
}

/* ---- reports ---- */

static void print_line(const char *mark, struct text l)
{
	printf("%s%.*s\n", mark, (int)(l.end - l.p), l.p);
}

static void print_repro(const struct opts *o, uint64_t seed)
{
	printf("  reproduce: diff-run --guest %s", o->guest);
	if (o->self)
		printf(" --self");
	else
		printf(" --warren %s", o->warren);
	if (o->have_uid)
		printf(" --uid %u", o->uid);
	printf("%s%s%s%s%s%s --calls %u --seed %llu --count 1 -v\n", o->proc ? " --with-proc" : "",
	       o->lower && !o->apart ? " --lower" : "",
	       o->overlay ? " --overlay"
	       : o->apart ? " --apart"
			  : "",
	       o->mutate ? " --mutate" : "", o->without ? " --without " : "", o->without ? o->without : "",
	       o->calls, (unsigned long long)seed);
}

static void print_context(const struct opts *o, struct text seq, const char *upto)
{
	unsigned n = 0, skip;
	struct text all = {seq.p, upto}, l;

	while (next_line(&all, &l))
		n++;
	skip = o->verbose || n <= CONTEXT ? 0 : n - CONTEXT;
	if (skip)
		printf("  ... %u lines before (-v shows them)\n", skip);
	all = (struct text){seq.p, upto};
	for (unsigned i = 0; next_line(&all, &l); i++)
		if (i >= skip)
			print_line("    ", l);
}

static void report(const struct opts *o, struct tally *t, uint64_t seed, struct text seq, struct text ref,
		   struct text test, const struct run *r, bool complete)
{
	char key[KEY_SIZE];

	make_key(ref, test, key);
	if (!complete && test.p == test.end) {
		if (r->status == -1)
			snprintf(key, sizeof(key), "the run hung and was killed");
		else
			snprintf(key, sizeof(key), "the run ended early, status %#x", r->status);
	}
	lock(t);
	t->diffs++;
	count_group(t, key, seed, false);
	if (t->diffs <= o->max_diffs) {
		printf("difference %llu, seed %llu: %s\n", (unsigned long long)t->diffs,
		       (unsigned long long)seed, key);
		print_context(o, seq, ref.p);
		print_line("  - ", ref);
		print_line("  + ", test);
		if (!complete && r->err[0])
			printf("  stderr: %s\n", r->err);
		print_repro(o, seed);
		fflush(stdout);
	}
	unlock(t);
}

static void count_expected(struct tally *t, uint64_t seed, struct text ref, struct text test)
{
	char key[KEY_SIZE];

	make_key(ref, test, key);
	lock(t);
	t->expected++;
	count_group(t, key, seed, true);
	unlock(t);
}

/* The wrong error of a call that did nothing on both sides, or the same result with other details: what
 * follows is still comparable, mostly. */
static bool is_soft(struct text ref, struct text test)
{
	char name[40], a[40], b[40], tname[40];

	split_line(ref, name, sizeof(name), a, sizeof(a));
	split_line(test, tname, sizeof(tname), b, sizeof(b));
	if (strcmp(name, tname) != 0 || !a[0])
		return false;
	return !strcmp(a, b) || (a[0] == 'E' && b[0] == 'E');
}

/* A line of a call begins with its number. */
static void count_made(struct tally *t, struct text seq)
{
	char name[32], result[40];
	struct text l;
	unsigned i;

	while (next_line(&seq, &l)) {
		if (l.p == l.end || (!isdigit((unsigned char)*l.p) && *l.p != '+'))
			continue;
		split_line(l, name, sizeof(name), result, sizeof(result));
		for (i = 0; i < t->nmade && strcmp(t->made[i].name, name) != 0; i++)
			;
		if (i == MAX_MADE)
			continue;
		if (i == t->nmade)
			strcpy(t->made[t->nmade++].name, name);
		t->made[i].count++;
	}
}

void tally_print_calls(const struct tally *t)
{
	for (unsigned i = 0; i < t->nmade; i++)
		printf("made %7llu %s\n", (unsigned long long)t->made[i].count, t->made[i].name);
}

/* One sequence. The reference is complete; the other side may not be. True: they went different ways. */
static bool compare_sequence(const struct opts *o, struct tally *t, uint64_t seed, struct text ref,
			     struct text test, const struct run *r, bool complete)
{
	struct text a = ref, b = test, la, lb;
	unsigned soft = 0;

	for (;;) {
		enum effect effect;

		if (!next_line(&a, &la))
			la = (struct text){a.end, a.end};
		if (!next_line(&b, &lb)) {
			lb = (struct text){b.end, b.end};
			/* What the guest had begun to print when it ended. */
			if (!complete && b.p < b.end)
				lb.p = b.p;
		}
		if (la.p == la.end && lb.p == lb.end && a.p == a.end)
			return false;
		if (same_text(la, lb)) {
			if (o->verbose)
				print_line("  = ", la);
			continue;
		}
		effect = expected(o->overlay, la, lb);
		if (effect == NOT_EXPECTED) {
			report(o, t, seed, ref, la, lb, r, complete);
			if (!is_soft(la, lb) || ++soft == MAX_SOFT)
				return true;
			continue;
		}
		count_expected(t, seed, la, lb);
		if (o->verbose) {
			print_line("  ~ ", la);
			print_line("  ~ ", lb);
		}
		if (effect == TAINTS)
			return true;
	}
}

/* When nobody answers any more, the kernel says ENOSYS to every call that would be notified, and so to the
 * first of the dump. The sequence in which it began is the one to blame. */
static bool supervisor_died(const struct opts *o, struct tally *t, uint64_t seed, struct text test,
			    const struct run *r)
{
	static const char mark[] = "T0 no tree = ENOSYS\n";
	struct text all = test, l;
	char name[40], result[40];

	if (r->status == 0 || test.p == test.end ||
	    !memmem(test.p, (size_t)(test.end - test.p), mark, sizeof(mark) - 1))
		return false;
	while (next_line(&all, &l)) {
		split_line(l, name, sizeof(name), result, sizeof(result));
		/* Two that may well be refused so by design. */
		if (!strcmp(result, "ENOSYS") && strcmp(name, "openat2") != 0 &&
		    strcmp(name, "inotify_add_watch") != 0)
			break;
	}
	report(o, t, seed, test, l, (struct text){l.end, l.end}, r, false);
	return true;
}

/* The guest says first which fds, ids and umask it was given. */
static void compare_start(const struct opts *o, struct tally *t, const struct run *ref,
			  const struct run *test, uint64_t seed)
{
	struct text a = {ref->out, ref->out + ref->len}, b = {test->out, test->out + test->len}, la, lb;

	if (next_line(&a, &la) && next_line(&b, &lb) && !same_text(la, lb))
		report(o, t, seed, (struct text){la.p, la.p}, la, lb, test, true);
}

uint64_t compare(const struct opts *o, struct tally *t, const struct run *ref, const struct run *test,
		 uint64_t seed, uint64_t count, bool *differs)
{
	const char *hint_ref = NULL, *hint_test = NULL;
	uint64_t s;

	compare_start(o, t, ref, test, seed);
	for (s = seed; s < seed + count; s++) {
		struct text a, b;
		bool complete;

		if (!find_sequence(ref, s, &hint_ref, &a)) {
			fprintf(stderr,
				"diff-run: the reference did not finish seed %llu: status %#x %s\n%.*s\n",
				(unsigned long long)s, ref->status, ref->err, (int)(a.end - a.p), a.p);
			_exit(2);
		}
		complete = find_sequence(test, s, &hint_test, &b);
		if (differs[s - seed])
			continue;
		if (supervisor_died(o, t, s, b, test))
			complete = false;
		else
			differs[s - seed] = compare_sequence(o, t, s, a, b, test, complete);
		if (o->calls_made) {
			lock(t);
			count_made(t, a);
			unlock(t);
		}
		if (!complete) {
			differs[s - seed] = true;
			return s + 1;
		}
	}
	if (test->status != ref->status)
		report(o, t, s - 1, (struct text){test->err, test->err}, (struct text){"", ""},
		       (struct text){test->err, test->err}, test, false);
	return s;
}
