/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes are a sandbox's: each carries a mark that fork and exec keep and the filter protects, the
 * hard limit RLIMIT_RTTIME (microseconds of real-time scheduling without a blocking call: numbers of this
 * size never take effect). Kernel: kernel/sys.c do_prlimit, kernel/fork.c copy_signal. */
#define _GNU_SOURCE
#include "engine.h"
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

static uint64_t tag_of(pid_t pid)
{
	struct rlimit lim;

	if (prlimit(pid, RLIMIT_RTTIME, NULL, &lim) < 0)
		return 0;
	return lim.rlim_max;
}

uint64_t wr_tag_base(void)
{
	return 1ULL << 62 | (uint64_t)(getpid() & 0x3fffff) << 32;
}

bool wr_task_in_sandbox(const struct warren_sandbox *s, pid_t pid)
{
	return tag_of(pid) == s->tag;
}

/* One pass over /proc in ascending order: children born meanwhile get higher numbers and are met later on. */
int wr_tag_kill(uint64_t tag, uint64_t mask)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");
	int found = 0;

	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		pid_t pid = (pid_t)atoi(e->d_name);
		if (pid <= 0 || (tag_of(pid) & mask) != tag)
			continue;
		/* The pidfd pins the process: check once more that it is ours, then kill that one. */
		_cleanup_close_ int fd = wr_pidfd_open(pid);
		struct pollfd ended = {.fd = fd, .events = POLLIN};
		if (fd >= 0 && poll(&ended, 1, 0) == 1)
			continue; /* a zombie that nobody has collected yet */
		if (fd >= 0 && (tag_of(pid) & mask) == tag && wr_pidfd_send_signal(fd, SIGKILL) == 0)
			found++;
	}
	return found;
}
