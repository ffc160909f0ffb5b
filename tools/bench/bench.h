/* SPDX-License-Identifier: Apache-2.0 */
/* warren bench: what interception costs here. main.c is the command, place.c the files that are used, calls.c
 * and sample.c single calls, counts.c a supervisor's own system calls, many.c and
 * starts.c whole sandboxes (engine.c), layers.c paths of layers, procs.c and machine.c what /proc says. */
#ifndef WARREN_TOOLS_BENCH_BENCH_H
#define WARREN_TOOLS_BENCH_BENCH_H

#include "../../bench/histogram.h"
#include "results.h"
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define BENCH_NAME	 "warren bench"
#define BENCH_MAX_ROUNDS 200
#define BENCH_MAX_ARGS	 64

/* Words of a command, for as long as the block lasts. */
#define WORDS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

enum setting { IN_ROOT, IN_FOREIGN, IN_LAYER, IN_FROZEN, IN_TOUCHED, N_SETTINGS };
extern const char *const setting_names[]; /* NULL-terminated */

#define BENCH_MAX_PEERS 12
struct peer {
	char name[32];
	const char *command; /* for the shell; {} stands for the guest's */
};

struct bench {
	unsigned rounds;
	bool rounds_given;
	bool have_calls;	   /* all but the workloads was measured */
	const char *amount;	   /* for bench-guest, of a sample: calls or time */
	const char *only;	   /* names of calls with blanks or commas between them; NULL: all */
	bool settings[N_SETTINGS]; /* that are wanted */
	bool quick;
	/* Host paths of the programs; "": there is none. */
	char warren[PATH_MAX], floor[PATH_MAX], guest[PATH_MAX], script[PATH_MAX];

	/* place.c: a directory that is also the foreign root, with bench-guest and a tree "t" in it */
	char dir[64];

	struct peer peers[BENCH_MAX_PEERS],
		given_peers[BENCH_MAX_PEERS]; /* all that can run; those of --peer */
	size_t n_peers, n_given_peers;
	const char *workloads;	   /* names, "": all; NULL: none */
	const char *workload_root; /* a foreign root that has compilers in it; NULL: / */

	cJSON *results;
};

/* ---- main.c ---- */
/* Has a signal asked for the end? */
bool bench_stopped(void);
/* On a terminal: what is being done, over what was said before. */
void bench_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Samples of nanoseconds or rates as JSON; what is below 0 failed and is null. */
cJSON *bench_samples(const double *v, unsigned n);
double bench_rounded(double v, double parts); /* to a whole number of parts of 1 */
/* Is the name in a list of words? NULL holds all. */
bool bench_wants(const char *list, const char *name);
/* What is not measured, and why: to the results and, as a line, to stderr. Once for each who. */
void bench_leave_out(struct bench *b, const char *who, const char *why);

/* ---- place.c: each 0 or a negative errno ---- */
/* Finds bench-guest, warren-floor and workloads.sh, installed or in a build tree. */
int place_find_programs(struct bench *b);
int place_make(struct bench *b);
/* n empty files PREFIX000000, PREFIX000001, ... in a directory, which is made if it is not there. */
int place_fill(const char *dir, const char *prefix, unsigned n);
void place_remove(struct bench *b);

/* ---- peers.c ---- */
/* "NAME=COMMAND {}", which is kept. 0 or -EINVAL. */
int peers_add(struct bench *b, const char *text);
/* Adds those that are known, and leaves out what is not there or cannot run. */
void peers_find(struct bench *b);
/* Its command with these words for {}; malloc, NULL: no memory. */
char *peers_command(const struct peer *p, char *const *words);

/* ---- procs.c ---- */
struct usage {
	double cpu_ns, switches;
};
/* fn for each thread of pid and of the processes below it, but for those of that name (NULL: none) and what
 * is below them; task is its directory in /proc. 0, or a negative errno: the kernel does not tell. */
int procs_each_thread(pid_t pid, const char *but, void (*fn)(const char *task, pid_t tid, void *arg),
		      void *arg);
/* Of all these threads together. */
int procs_usage(pid_t pid, struct usage *ret);

/* ---- counts.c ---- */
#define COUNTS_MAX_NAMES 64
struct counts;
/* 0, or a negative errno: this kernel has no such tracepoint, or we may not see it. */
int counts_new(struct counts **ret);
/* From now on the calls of the threads at and below pid are counted, the guest's excepted; until
 * counts_detach(), which must be called in any case. 0 or a negative errno. */
int counts_attach(struct counts *c, pid_t pid);
void counts_detach(struct counts *c);
/* All calls, for each of so many of the guest's; the same by name are added to names. < 0: there were too
 * many to count. */
double counts_tell(const struct counts *c, double calls, cJSON *names);
void counts_free(struct counts *c);

/* ---- sample.c ---- */
/* A command that is put together; the words are borrowed. */
struct argv {
	char *list[BENCH_MAX_ARGS]; /* NULL-terminated */
	size_t n;
};
void argv_add(struct argv *a, char *const *words);

struct sample {
	double ns;		 /* of a call: the median of many batches */
	double calls;		 /* all that were made, to which the following belong */
	double cpu_ns, switches; /* of guest and supervisor; < 0: not known */
};
/* Runs argv, which is bench-guest --sample or leads to it, in cwd. Adds to h; counts what the supervisor does
 * unless counts is NULL. 0, or a negative errno and why, one line. */
int sample_run(char *const *argv, const char *cwd, struct counts *counts, struct sample *ret,
	       struct histogram *h, char *why, size_t size);

/* Runs argv in cwd; what it prints goes to buf. As above. */
int sample_output(char *const *argv, const char *cwd, char *buf, size_t buf_size, char *why, size_t size);

/* ---- calls.c ---- */
int calls_measure(struct bench *b);
bool calls_know(const char *name);

/* ---- layers.c, many.c, starts.c: 0, or a negative errno when it was stopped ---- */
int layers_measure(struct bench *b);
int many_measure(struct bench *b);
int starts_measure(struct bench *b);

/* ---- breakdown.c: after the calls ---- */
int breakdown_measure(struct bench *b);

/* ---- workloads.c: 0 or a negative errno ---- */
int workloads_measure(struct bench *b);

/* ---- machine.c ---- */
cJSON *machine_describe(void);

#endif
