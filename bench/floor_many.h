/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_FLOOR_MANY_H
#define WARREN_BENCH_FLOOR_MANY_H

struct floor_rate {
	double per_s;  /* notifications answered in a second */
	double cpu_ns; /* the supervisor's CPU time for each */
};

/* n guests of program (bench-guest, a host path) that make null calls, and threads that answer them. 0 or a
 * negative errno. */
int floor_many(const char *program, unsigned n, unsigned threads, double seconds, struct floor_rate *ret);

#endif
