/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_GUEST_H
#define WARREN_BENCH_GUEST_H

/* Null calls from so many threads for so many seconds; prints how many they made in a second, together. An
 * exit status. */
int guest_threads(unsigned threads, double seconds);

/* From now on this program's own openat, newfstatat and readlinkat of absolute paths are below root, by a
 * handler of SIGSYS. 0 or a negative errno. */
int guest_sigsys(const char *root);

#endif
