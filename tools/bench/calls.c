/* SPDX-License-Identifier: Apache-2.0 */
/* Single calls: each natively, by the floors that know it and by warren, in turns. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	BY_FLOOR = 1,  /* the floor serves it */
	BY_CACHED = 2, /* and may answer from memory */
	CHANGES = 4,   /* so that the layer is touched in any case */
	LONG = 8,      /* not when it shall be quick */
	RELATIVE = 16,
	BY_OTHERS = 32, /* the floors of a tracer and of SIGSYS have it */
};

static const struct call {
	const char *name, *op, *path; /* below the place; NULL: none */
	const char *note;
	unsigned flags;
} calls[] = {
	{"null", "null", NULL, "readlinkat without a buffer: refused before any work is done",
	 BY_FLOOR | BY_OTHERS},
	{"open", "open", "t/b/c/f", "open and close of a file", BY_FLOOR | BY_OTHERS},
	{"openat2", "openat2", "t/b/c/f", "openat2 and close of a file", 0},
	{"stat", "stat", "t/b/c/f", "newfstatat of a file", BY_FLOOR | BY_CACHED | BY_OTHERS},
	{"stat-relative", "stat", "t/b/c/f", "the same by a relative path", BY_FLOOR | BY_CACHED | RELATIVE},
	{"stat-link", "stat", "t/s/c/f", "the same through a symlink to a directory", BY_FLOOR | BY_CACHED},
	{"stat-dots", "stat", "t/b/../b/c/f", "the same through ..", BY_FLOOR | BY_CACHED},
	{"statx", "statx", "t/b/c/f", "statx of a file", BY_FLOOR | BY_CACHED},
	{"enoent", "enoent", "t/b/c/m", "newfstatat of what does not exist", BY_FLOOR | BY_CACHED},
	{"access", "access", "t/b/c/f", "access of a file", BY_FLOOR},
	{"readlink", "readlink", "t/b/c/l", "readlink of a symlink", BY_FLOOR},
	{"getdents-10", "getdents", "t/d10", "a directory of 10 entries opened, read and closed", 0},
	{"getdents-1000", "getdents", "t/d1000", "the same with 1,000 entries", 0},
	{"getdents-100000", "getdents", "t/d100000", "the same with 100,000 entries", LONG},
	{"mkdir", "mkdir", "t/w/d", "mkdir and rmdir", CHANGES},
	{"unlink", "create", "t/w/f", "a file made, closed and unlinked", CHANGES},
	{"rename", "rename", "t/b/c/f", "a file renamed, and back", CHANGES},
	{"symlink", "symlink", "t/w/l", "a symlink made and unlinked", CHANGES},
	{"exec-static", "exec", "t/b/c/static", "a static program started and waited for", 0},
	{"exec-dynamic", "exec", "t/b/c/dynamic", "a dynamic program started and waited for", 0},
	{"exec-script", "exec", "t/b/c/script",
	 "a script, whose interpreter is static, started and waited for", 0},
	{"chdir", "chdir", "t/b/c", "chdir by an absolute path", 0},
	{"getcwd", "getcwd", NULL, "getcwd", 0},
	{"getxattr", "xattr", "t/b/c/f", "getxattr of a file that has none", 0},
};

#define COUNT_NS  20000000.0 /* how long the supervisor's calls are counted */
#define COUNT_MAX 300.0	     /* calls of the guest, at most: the kernel's buffer has room for so many */
#define N_CALLS	  (sizeof(calls) / sizeof(calls[0]))

const char *const setting_names[] = {"root", "foreign", "layer", "frozen", "touched", NULL};

enum who {
	NATIVE,
	FLOOR,
	FLOOR_CACHED,
	WARREN,
	PTRACE,
	SIGSYS,
	FIRST_PEER,
	N_WHO = FIRST_PEER + BENCH_MAX_PEERS
};

static const char *name_of(const struct bench *b, enum who who)
{
	static const char *const names[] = {"native", "floor", "floor-cached", "warren", "ptrace", "sigsys"};

	return who < FIRST_PEER ? names[who] : b->peers[who - FIRST_PEER].name;
}

struct cell {
	bool failed;
	double ns[BENCH_MAX_ROUNDS]; /* < 0: failed */
	unsigned n;
	double calls, cpu_calls, cpu_ns, switches; /* sums; cpu_calls: those that the other two belong to */
	struct histogram h;
	double supervisor_calls;
	cJSON *names; /* NULL: not counted */
};

struct words {
	struct argv argv;
	char path[PATH_MAX], guest[PATH_MAX], rule[PATH_MAX], number[32];
	char *text; /* malloc */
};

bool calls_know(const char *name)
{
	for (size_t i = 0; i < N_CALLS; i++)
		if (!strcmp(calls[i].name, name))
			return true;
	return false;
}

static void add(struct words *w, const char *word)
{
	argv_add(&w->argv, WORDS(word));
}

/* Natively the working directory stands for the foreign root, so that the kernel walks as many components as
 * for the others; but a chdir moves it. */
static void set_paths(struct words *w, const struct bench *b, const struct call *c, enum setting where,
		      enum who who)
{
	bool chdir_native = where == IN_FOREIGN && who == NATIVE && !strcmp(c->op, "chdir");
	bool foreign = where == IN_FOREIGN && !chdir_native;
	const char *root = foreign ? "" : b->dir, *slash = "/";

	if (c->flags & RELATIVE || (foreign && who == NATIVE)) {
		root = "";
		slash = "";
	}
	snprintf(w->path, sizeof(w->path), "%s%s%s%s", root, slash, c->path ? c->path : "",
		 foreign && who != NATIVE && !strcmp(c->name, "exec-script") ? "-foreign" : "");
	snprintf(w->guest, sizeof(w->guest), "%s/bench-guest",
		 where == IN_FOREIGN && who != NATIVE && who != SIGSYS ? "" : b->dir);
}

static void add_floor(struct words *w, const struct bench *b, const struct call *c, enum setting where,
		      bool cached)
{
	add(w, b->floor);
	add(w, "--pin");
	add(w, "none");
	add(w, "--root");
	add(w, where == IN_FOREIGN ? b->dir : "/");
	if (cached)
		add(w, "--cache");
	if (!strcmp(c->op, "null")) {
		snprintf(w->number, sizeof(w->number), "%d", SYS_readlinkat);
		add(w, "--null");
		add(w, w->number);
	}
	add(w, "--");
}

static void add_tracer(struct words *w, const struct bench *b)
{
	argv_add(&w->argv, WORDS(b->floor, "--ptrace", "--root", b->dir, "--"));
}

static void add_warren(struct words *w, const struct bench *b, enum setting where)
{
	add(w, b->warren);
	add(w, "run");
	snprintf(w->rule, sizeof(w->rule), "%s%s", b->dir, where == IN_ROOT ? "" : "/t");
	if (where == IN_FOREIGN) {
		add(w, "--root");
		add(w, b->dir);
		add(w, "--cwd=/");
	} else {
		add(w, "-r");
		add(w, "/");
		add(w, where == IN_ROOT ? "-w" : "--cow");
		add(w, w->rule);
		if (where == IN_FROZEN)
			add(w, "--lower-frozen");
	}
	add(w, "--");
}

static void command(struct words *w, const struct bench *b, const struct call *c, enum setting where,
		    enum who who, const char *amount)
{
	*w = (struct words){0};
	set_paths(w, b, c, where, who);
	if (who == PTRACE)
		add_tracer(w, b);
	else if (who == FLOOR || who == FLOOR_CACHED)
		add_floor(w, b, c, where, who == FLOOR_CACHED);
	else if (who == WARREN)
		add_warren(w, b, where);
	add(w, w->guest);
	add(w, "--sample");
	if (who == SIGSYS) {
		add(w, "--sigsys");
		add(w, b->dir);
	}
	if (where == IN_TOUCHED)
		add(w, "--touch");
	add(w, c->op);
	if (c->path)
		add(w, w->path);
	add(w, amount);
	if (who >= FIRST_PEER) {
		w->text = peers_command(&b->peers[who - FIRST_PEER], w->argv.list);
		w->argv.n = 0;
		argv_add(&w->argv, WORDS("/bin/sh", "-c", w->text ? w->text : ""));
	}
}

/* Has this who this call in this setting? A floor has no layers: next to those it serves the same without
 * them. */
static bool has(const struct bench *b, const struct call *c, enum setting where, enum who who)
{
	if (!b->settings[where] || !bench_wants(b->only, c->name) || (b->quick && c->flags & LONG))
		return false;
	if ((where == IN_LAYER || where == IN_FROZEN) && c->flags & CHANGES)
		return false;
	if (who == FLOOR)
		return *b->floor && c->flags & BY_FLOOR;
	if (who == FLOOR_CACHED)
		return *b->floor && c->flags & BY_CACHED && (where == IN_FOREIGN || where == IN_FROZEN);
	if (who == PTRACE || who == SIGSYS)
		return *b->floor && c->flags & BY_OTHERS && where == IN_FOREIGN;
	return who < FIRST_PEER || (where == IN_ROOT && who - FIRST_PEER < b->n_peers);
}

static void take(struct bench *b, struct cell *cell, const struct call *c, enum setting where, enum who who)
{
	char why[300], text[400];
	struct words w;
	struct sample s;

	if (cell->failed) {
		cell->ns[cell->n++] = -1;
		return;
	}
	command(&w, b, c, where, who, b->amount);
	int r = sample_run(w.argv.list, b->dir, NULL, &s, &cell->h, why, sizeof(why));
	free(w.text);
	if (bench_stopped())
		return;
	cell->ns[cell->n++] = r < 0 ? -1 : s.ns;
	if (r < 0) {
		snprintf(text, sizeof(text), "%s in the setting %s: %s", c->name, setting_names[where], why);
		bench_leave_out(b, name_of(b, who), text);
		cell->failed = true;
		return;
	}
	cell->calls += s.calls;
	if (s.cpu_ns >= 0) {
		cell->cpu_calls += s.calls;
		cell->cpu_ns += s.cpu_ns * s.calls;
		cell->switches += s.switches * s.calls;
	}
}

static cJSON *histogram_json(const struct histogram *h)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->count[i])
			continue;
		const double pair[] = {(double)histogram_lower(i), (double)h->count[i]};
		cJSON_AddItemToArray(list, cJSON_CreateDoubleArray(pair, 2));
	}
	return list;
}

static void tell(const struct bench *b, const struct cell *cell, const struct call *c, enum setting where,
		 enum who who, cJSON *list)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "call", c->name);
	cJSON_AddStringToObject(o, "note", c->note);
	cJSON_AddStringToObject(o, "setting", setting_names[where]);
	cJSON_AddStringToObject(o, "who", name_of(b, who));
	cJSON_AddItemToObject(o, "ns", bench_samples(cell->ns, cell->n));
	cJSON_AddNumberToObject(o, "p50", histogram_percentile(&cell->h, 50));
	cJSON_AddNumberToObject(o, "p90", histogram_percentile(&cell->h, 90));
	cJSON_AddNumberToObject(o, "p99", histogram_percentile(&cell->h, 99));
	cJSON_AddNumberToObject(o, "p999", histogram_percentile(&cell->h, 99.9));
	cJSON_AddItemToObject(o, "histogram", histogram_json(&cell->h));
	if (cell->cpu_calls > 0) {
		cJSON_AddNumberToObject(o, "cpu_ns", bench_rounded(cell->cpu_ns / cell->cpu_calls, 10));
		cJSON_AddNumberToObject(o, "switches", bench_rounded(cell->switches / cell->cpu_calls, 100));
	}
	if (cell->names) {
		cJSON_AddNumberToObject(o, "supervisor_calls", cell->supervisor_calls);
		cJSON_AddItemToObject(o, "supervisor_names", cell->names);
	}
	cJSON_AddItemToArray(list, o);
}

/* One for each call, setting and who; NULL: not measured. */
typedef struct cell *setting_cells[N_SETTINGS][N_WHO];

static void round_of(struct bench *b, setting_cells *cells, unsigned round)
{
	for (int where = 0; where < N_SETTINGS; where++) {
		for (size_t i = 0; i < N_CALLS; i++) {
			bench_progress("round %u of %u, setting %s: %s", round + 1, b->rounds,
				       setting_names[where], calls[i].name);
			for (unsigned k = 0; k < N_WHO && !bench_stopped(); k++) {
				enum who who = (enum who)((k + round) % N_WHO); /* none is always the first */
				struct cell *cell = cells[i][where][who];

				if (cell)
					take(b, cell, &calls[i], (enum setting)where, who);
			}
		}
	}
}

/* A run of its own, with as many calls as a moment has: a tracepoint costs those time who pass it. */
static void count(struct bench *b, struct counts *counts, struct cell *cell, const struct call *c,
		  enum setting where, enum who who)
{
	static struct histogram ignored;
	char why[300], amount[32];
	double ns = histogram_percentile(&cell->h, 50), n = ns > 0 ? COUNT_NS / ns : 0;
	struct words w;
	struct sample s;

	snprintf(amount, sizeof(amount), "%.0f", n < 2 ? 2 : n > COUNT_MAX ? COUNT_MAX : n);
	command(&w, b, c, where, who, amount);
	int r = sample_run(w.argv.list, b->dir, counts, &s, &ignored, why, sizeof(why));
	free(w.text);
	if (r < 0)
		return;
	cell->names = cJSON_CreateObject();
	cell->supervisor_calls = counts_tell(counts, s.calls, cell->names);
	if (cell->supervisor_calls < 0) {
		cJSON_Delete(cell->names);
		cell->names = NULL;
	}
}

static void count_all(struct bench *b, setting_cells *cells)
{
	struct counts *counts;
	int r = counts_new(&counts);

	if (r < 0) {
		bench_leave_out(b, "supervisor's system calls", strerror(-r));
		return;
	}
	for (size_t i = 0; i < N_CALLS; i++) {
		bench_progress("the supervisor's system calls: %s", calls[i].name);
		for (int where = 0; where < N_SETTINGS; where++) {
			for (int who = FLOOR; who <= WARREN && !bench_stopped(); who++) {
				struct cell *cell = cells[i][where][who];

				if (cell && !cell->failed)
					count(b, counts, cell, &calls[i], (enum setting)where, (enum who)who);
			}
		}
	}
	counts_free(counts);
}

/* Makes the cells that are wanted. 1: there are some; 0; -ENOMEM. */
static int make_cells(const struct bench *b, setting_cells *cells)
{
	int any = 0;

	for (size_t i = 0; i < N_CALLS; i++) {
		for (int where = 0; where < N_SETTINGS; where++) {
			for (int who = 0; who < N_WHO; who++) {
				if (!has(b, &calls[i], (enum setting)where, (enum who)who))
					continue;
				struct cell *cell = calloc(1, sizeof(*cell));
				if (!cell)
					return -ENOMEM;
				cells[i][where][who] = cell;
				any = 1;
			}
		}
	}
	return any;
}

static void tell_all(const struct bench *b, setting_cells *cells)
{
	cJSON *list = cJSON_AddArrayToObject(b->results, "calls");

	for (size_t i = 0; i < N_CALLS; i++) {
		for (int where = 0; where < N_SETTINGS; where++) {
			for (int who = 0; who < N_WHO; who++) {
				struct cell *cell = cells[i][where][who];

				if (cell)
					tell(b, cell, &calls[i], (enum setting)where, (enum who)who, list);
				free(cell);
			}
		}
	}
}

int calls_measure(struct bench *b)
{
	setting_cells *cells = calloc(N_CALLS, sizeof(*cells));
	int any = cells ? make_cells(b, cells) : -ENOMEM;

	if (any < 0)
		return any;
	for (unsigned round = 0; any && round < b->rounds && !bench_stopped(); round++)
		round_of(b, cells, round);
	if (any && !bench_stopped())
		count_all(b, cells);
	tell_all(b, cells);
	free(cells);
	return bench_stopped() ? -EINTR : 0;
}
