/* SPDX-License-Identifier: Apache-2.0 */
/* A fork of a zygote becomes a sandbox of its own: the steps, of the thread that traces the zygote. */
#ifndef WARREN_ENGINE_FORK_H
#define WARREN_ENGINE_FORK_H

#include "engine.h"

struct wr_fork {
	struct warren_sandbox *zygote;
	struct warren_sandbox *s; /* to be: without a process and a listener yet */
	const struct warren_command *cmd;
	int cgroup; /* see wr_limits_set(), -1: none */
};

/* Seizes the zygote, which waits: it is stopped at its next system call. 0 or a negative errno. */
int wr_fork_seize(pid_t zygote);
/* Lets the zygote, which was given work, go on until it forks, and makes that process f->s, served and
 * running. 0, or a negative errno and no process: -ECHILD when the zygote is gone. */
int wr_fork_take(struct wr_fork *f);

#endif
