/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_FLOOR_MEASURE_H
#define WARREN_BENCH_FLOOR_MEASURE_H

#include "floor_serve.h"
#include "loop.h"

#include <limits.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct measure_options {
	unsigned rounds, calls;
	bool json;
};

/* Measure every row and print the table. Returns 0 or a negative errno. */
int floor_measure(const struct measure_options *o, FILE *to);

/* A guest that does one operation on command. */
struct pupil {
	struct floor *f; /* NULL: native */
	pid_t pid;	 /* native only */
	int cmd, result; /* -1: closed */
};

/* op is used by the child only, as it is when this is called. native: no filter, conf is not used. */
int pupil_start(struct pupil *ret_p, const struct floor_config *conf, const struct loop_op *op, bool native);

/* Have it do n calls; *ret_ns is the median of its batches, per call. */
int pupil_run(struct pupil *p, unsigned n, double *ret_ns);
void pupil_stop(struct pupil *p);

/* A directory with a file four deep (DIR/a/b/c/f) and a link beside it (DIR/a/b/c/l). */
struct scene {
	char dir[32];
	char file[64], link[64], missing[64];
};
int scene_make(struct scene *s);
void scene_remove(const struct scene *s);

#ifdef __cplusplus
}
#endif
#endif
