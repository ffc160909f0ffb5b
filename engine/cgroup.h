/* SPDX-License-Identifier: Apache-2.0 */
/* A cgroup for a sandbox whose memory is limited, where this user may make one: version 2 with the memory
 * controller delegated, else version 1's. The kernel then counts all that the sandbox's processes use
 * together, files in memory included. */
#ifndef WARREN_ENGINE_CGROUP_H
#define WARREN_ENGINE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Can this process make cgroups that limit memory? 0, or a negative errno and why (one line). The first call
 * finds the place and prepares it; thread-safe. */
int wr_cgroup_available(char *why, size_t size);

/* The directory in which this process makes them, NULL: it has made none so far. */
const char *wr_cgroup_place(void);

struct wr_cgroup {
	int dir; /* of the sandbox's; -1: it has none */
	char name[32];
};

/* All of them together may have no more than memory bytes. After wr_cgroup_available(). */
int wr_cgroup_limit_all(uint64_t memory);

/* Makes one; memory: 0: no limit of its own. *ret_procs: an fd to which a process writes "0" to move there;
 * the caller's. */
int wr_cgroup_new(struct wr_cgroup *g, uint64_t memory, int *ret_procs);
/* Has the kernel killed a process of it for want of memory? */
bool wr_cgroup_out_of_memory(const struct wr_cgroup *g);
/* Microseconds of CPU that its processes used, ended ones included; 0: it does not count them. */
uint64_t wr_cgroup_cpu_us(const struct wr_cgroup *g);
/* SIGKILL to all of it at once; false: it cannot do that. */
bool wr_cgroup_kill(const struct wr_cgroup *g);
/* Once its processes have ended: -EBUSY while they have not. Nothing happens when there is none. */
int wr_cgroup_remove(struct wr_cgroup *g);
/* Takes one that is busy over, to be removed by a later call of wr_cgroup_remove_left(). */
void wr_cgroup_leave(struct wr_cgroup *g);
void wr_cgroup_remove_left(void);

#endif
