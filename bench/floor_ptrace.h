/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_FLOOR_PTRACE_H
#define WARREN_BENCH_FLOOR_PTRACE_H

/* Runs argv, found below root, as a tracer would: openat, newfstatat and readlinkat of absolute paths are
 * below root. 0 and a status as waitpid(2) gives it, or a negative errno: -ENOSYS on other architectures than
 * x86-64. */
int floor_ptrace(const char *root, char **argv, int *ret_status);

#endif
