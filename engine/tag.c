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

/* The pidfd pins the process: is it ours, and alive? Then it is killed; its pidfd, or -1. */
static int kill_one(pid_t pid, uint64_t tag, uint64_t mask)
{
	_cleanup_close_ int fd = wr_pidfd_open(pid);
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	if (fd < 0 || poll(&ended, 1, 0) == 1) /* a zombie that nobody has collected yet */
		return -1;
	if ((tag_of(pid) & mask) != tag || wr_pidfd_send_signal(fd, SIGKILL) < 0)
		return -1;
	return wr_steal_fd(&fd);
}

int wr_tag_each(uint64_t tag, uint64_t mask, void (*fn)(void *user, pid_t pid, uint64_t tag), void *user)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");

	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		pid_t pid = (pid_t)atoi(e->d_name);
		uint64_t its = pid > 0 ? tag_of(pid) : 0;
		if ((its & mask) == tag)
			fn(user, pid, its);
	}
	return 0;
}

static void count_one(void *user, pid_t pid, uint64_t tag)
{
	(void)pid;
	(void)tag;
	++*(unsigned *)user;
}

int wr_tag_count(uint64_t tag)
{
	unsigned n = 0;
	int r = wr_tag_each(tag, UINT64_MAX, count_one, &n);

	return r < 0 ? r : (int)n;
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
		_cleanup_close_ int fd = kill_one(pid, tag, mask);
		found += fd >= 0;
	}
	return found;
}

#define TREE 64 /* processes; larger trees are found by wr_tag_kill() */

static unsigned add_children(pid_t pid, pid_t *list, unsigned n)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	_cleanup_closedir_ DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (atoi(e->d_name) <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, atoi(e->d_name));
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		text[len > 0 ? len : 0] = '\0';
		for (char *at = text, *end; n < TREE; at = end) {
			long child = strtol(at, &end, 10);
			if (end == at)
				break;
			list[n++] = (pid_t)child;
		}
	}
	return n;
}

void wr_tag_kill_tree(uint64_t tag, pid_t pid, int timeout_ms)
{
	pid_t list[TREE] = {pid};
	int fds[TREE];
	unsigned n = 1;

	/* children are asked for before their parent is killed and they become somebody else's */
	for (unsigned i = 0; i < n; i++)
		n = add_children(list[i], list, n);
	for (unsigned i = 0; i < n; i++)
		fds[i] = kill_one(list[i], tag, UINT64_MAX);
	for (unsigned i = 0; i < n; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN};
		if (fds[i] < 0)
			continue;
		(void)poll(&p, 1, timeout_ms);
		close(fds[i]);
	}
}

int wr_sandbox_signal(const struct warren_sandbox *s, pid_t group, pid_t except, int sig)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");
	int found = 0;

	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		pid_t pid = (pid_t)atoi(e->d_name);
		if (pid <= 0 || pid == except || (group && getpgid(pid) != group) || tag_of(pid) != s->tag)
			continue;
		_cleanup_close_ int fd = wr_pidfd_open(pid);
		/* pinned by fd now, so the second look is at the one that gets the signal */
		found += fd >= 0 && tag_of(pid) == s->tag && wr_pidfd_send_signal(fd, sig) == 0;
	}
	return found ? 0 : -ESRCH;
}
