/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_BENCH_LOOP_CALLS_H
#define WARREN_BENCH_LOOP_CALLS_H

#include "loop.h"

struct loop_call {
	const char *name;
	int wants_path;				/* one word more */
	long (*once)(const struct loop_op *op); /* as a system call: -1 and errno */
};

extern const struct loop_call loop_calls[]; /* by enum loop_kind */

#endif
