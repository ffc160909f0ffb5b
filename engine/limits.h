/* SPDX-License-Identifier: Apache-2.0 */
/* What a sandbox may use. Open files and the size of a file are the kernel's resource limits; processes are
 * counted when they fork; memory, CPU time and time are looked at by a thread, which ends what is over its
 * limit. See docs/design.md. */
#ifndef WARREN_ENGINE_LIMITS_H
#define WARREN_ENGINE_LIMITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <warren/warren.h>
#include "cgroup.h"

struct warren_engine;
struct warren_sandbox;

struct wr_limited { /* of a sandbox */
	bool any;
	bool layers; /* of which one is limited in size */
	struct warren_limits max;
	struct wr_cgroup cgroup;
	atomic_int hit;	       /* enum warren_limit: the first that was reached */
	atomic_uint processes; /* at most so many; exact after a count */
	/* the thread's */
	uint64_t cpu_seen, cpu_lost; /* us: of its processes at the last look; of those that nobody waited for
				      */
	/* under the limiter's lock */
	bool listed, ended;
	struct warren_sandbox *next, **link;
};

struct wr_limiter { /* of an engine */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	pthread_t thread;
	bool started, stop, kick;
	struct warren_sandbox *list;
	unsigned n;
	struct warren_limits max; /* of all sandboxes together; does not change */
	bool in_cgroup;		  /* the kernel sees to max.memory */
	atomic_uint processes;	  /* of all, as in struct wr_limited */
};

/* max: of all sandboxes together, or NULL. 0, or why it cannot be enforced. */
int wr_limiter_init(struct wr_limiter *l, const struct warren_limits *max);
/* Is every process that the sandbox makes to be counted? */
bool wr_limits_count(const struct warren_sandbox *s);
void wr_limiter_stop(struct wr_limiter *l);

/* Before the launch: takes the limits over and makes what they need; *ret_procs: a cgroup to enter, or -1. */
int wr_limits_set(struct warren_sandbox *s, const struct warren_limits *max, int *ret_procs);
/* The sandbox runs: it is looked after until wr_limits_end(), when its last process is gone. */
int wr_limits_begin(struct warren_sandbox *s);
void wr_limits_end(struct warren_sandbox *s);
/* The program has ended; what the kernel or its status tell of limits is noted. */
void wr_limits_judge(struct warren_sandbox *s);
/* When nobody uses the sandbox any more. */
void wr_limits_free(struct warren_sandbox *s);

#endif
