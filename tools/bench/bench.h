/* SPDX-License-Identifier: Apache-2.0 */
/* warren bench: what interception costs here. main.c is the command, place.c the files that are used, calls.c
 * and sample.c single calls, procs.c and machine.c what /proc says. */
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

enum setting { IN_ROOT, IN_FOREIGN, IN_LAYER, IN_TOUCHED, N_SETTINGS };
extern const char *const setting_names[]; /* NULL-terminated */

struct bench {
	unsigned rounds;
	const char *amount;	   /* for bench-guest, of a sample: calls or time */
	const char *only;	   /* names of calls with blanks or commas between them; NULL: all */
	bool settings[N_SETTINGS]; /* that are wanted */
	bool quick;
	char warren[PATH_MAX], floor[PATH_MAX],
		guest[PATH_MAX]; /* host paths of the programs; "": there is none */

	/* place.c: a directory that is also the foreign root, with bench-guest and a tree "t" in it */
	char dir[64];

	cJSON *results;
};

/* ---- main.c ---- */
/* Has a signal asked for the end? */
bool bench_stopped(void);
/* On a terminal: what is being done, over what was said before. */
void bench_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Samples of nanoseconds or rates as JSON; what is below 0 failed and is null. */
cJSON *bench_samples(const double *v, unsigned n);
double bench_rounded(double v); /* to a tenth */
/* Is the name in a list of words? NULL holds all. */
bool bench_wants(const char *list, const char *name);
/* What is not measured, and why: to the results and, as a line, to stderr. Once for each who. */
void bench_leave_out(struct bench *b, const char *who, const char *why);

/* ---- place.c: each 0 or a negative errno ---- */
/* Finds bench-guest and warren-floor, installed or in a build tree. */
int place_find_programs(struct bench *b);
int place_make(struct bench *b);
void place_remove(struct bench *b);

/* ---- sample.c ---- */
struct sample {
	double ns;		 /* of a call: the median of many batches */
	double calls;		 /* all that were made, to which the following belong */
	double cpu_ns, switches; /* of guest and supervisor; < 0: not known */
};
/* Runs argv, which is bench-guest --sample or leads to it, in cwd. Adds to h. 0, or a negative errno and why,
 * one line. */
int sample_run(char *const *argv, const char *cwd, struct sample *ret, struct histogram *h, char *why,
	       size_t size);

/* ---- procs.c: the processes at and below one, of which every thread is looked at ---- */
struct usage {
	double cpu_ns, switches;
};
/* 0, or a negative errno: the kernel does not tell. */
int procs_usage(pid_t pid, struct usage *ret);

/* ---- calls.c ---- */
int calls_measure(struct bench *b);
bool calls_know(const char *name);

/* ---- machine.c ---- */
cJSON *machine_describe(void);

#endif
