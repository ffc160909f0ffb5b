/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_GUEST_H
#define WARREN_BENCH_GUEST_H

/* Null calls from so many threads for so many seconds; prints how many they made in a second, together. An
 * exit status. */
int guest_threads(unsigned threads, double seconds);

#endif
