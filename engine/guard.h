/* SPDX-License-Identifier: Apache-2.0 */
/* The guard: a small process beside the supervisor that kills every task of its sandboxes should it die
 * itself, by SIGKILL even, and removes its runtime directory. */
#ifndef WARREN_ENGINE_GUARD_H
#define WARREN_ENGINE_GUARD_H

#include <stdint.h>
#include <sys/types.h>

struct wr_guard {
	pid_t pid;
	int fd; /* the end that is closed when the supervisor dies */
};

/* Kills processes whose tag has these bits under mask, in the end. 0 or a negative errno. */
int wr_guard_start(struct wr_guard *g, uint64_t tag, uint64_t mask);
void wr_guard_stop(struct wr_guard *g);

#endif
