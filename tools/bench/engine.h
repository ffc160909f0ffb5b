/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_TOOLS_BENCH_ENGINE_H
#define WARREN_TOOLS_BENCH_ENGINE_H

#include "bench.h"
#include <warren/warren.h>

struct engine_run {
	const struct bench *bench;
	const void *arg;
	struct warren_engine_options options;
	struct warren_engine *engine;
	struct warren_policy *policy;
	int null;  /* an fd of /dev/null */
	int never; /* a pipe that is never readable: standard input of guests that wait */
};

/* Fills v; 0 or a negative errno, after a line on stderr. Need not clean up: its process ends. */
typedef int (*engine_fn)(struct engine_run *run, double *v);

/* Runs fn in a process of its own, without capabilities as warren itself is, and takes its n figures. 0 or a
 * negative errno. */
int engine_measure(const struct bench *b, engine_fn fn, const void *arg, double *ret, size_t n);

/* For fn; each 0, or a negative errno after a line on stderr. root NULL: / and the right to read it. */
int engine_open(struct engine_run *run, const char *root);
int engine_start(struct engine_run *run, char *const *argv, int in, int out, struct warren_sandbox **ret);
void engine_stop(struct warren_sandbox *s);

#endif
