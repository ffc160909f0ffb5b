// SPDX-License-Identifier: Apache-2.0
#ifndef WARREN_BENCH_MANY_H
#define WARREN_BENCH_MANY_H

struct rate {
	double per_s;  /* notifications answered in a second */
	double cpu_us; /* the supervisor's CPU time for each */
};

double many_now(void);
double many_cpu(void); /* of this process, in seconds */

/* The bare loop: n guests of program that make null calls, threads that answer them. 0 or a negative errno.
 */
int many_bare(const char *program, unsigned n, unsigned threads, double seconds, struct rate *ret);

#endif
