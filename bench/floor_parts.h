/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel calls that handlers are made of, each timed alone in the supervisor while a guest waits in a
 * notification: a budget in which an extra call of warren can be looked up. */
#ifndef WARREN_BENCH_FLOOR_PARTS_H
#define WARREN_BENCH_FLOOR_PARTS_H

#define PARTS_MAX    16
#define PARTS_ROUNDS 41

struct parts {
	const char *name[PARTS_MAX]; /* NULL: the end */
	double ns[PARTS_MAX][PARTS_ROUNDS];
	unsigned n[PARTS_MAX];
};

/* path: absolute, below root_fd. Returns 0 or a negative errno. */
int parts_measure(struct parts *p, int root_fd, const char *path);

#endif
