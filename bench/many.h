// SPDX-License-Identifier: Apache-2.0
#ifndef WARREN_BENCH_MANY_H
#define WARREN_BENCH_MANY_H

/* The bare loop: n guests of program that make null calls, threads that answer them. Notifications answered in a
 * second; 0 or a negative errno. */
int many_bare(const char *program, unsigned n, unsigned threads, double seconds, double *ret);

#endif
