/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that reach other processes by number: those of the sandbox only. What a task does to itself (pid 0)
 * does not come here, see engine/filter_reach.c; on kernels whose Landlock keeps signals within the sandbox,
 * no signal does.
 *
 * Continued: numbers are in registers, and what the kernel reads from memory is a value that the guest may
 * choose for its own processes. Between the check and the call a process may end, be collected, and its
 * number be given to one outside: that takes going through all the numbers there are in some microseconds,
 * and what is left to do to it is no more than any process of the same user may do to it, and nothing that
 * reads or writes in it. */
#define _GNU_SOURCE
#include "handlers.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct warren_verdict if_ours(struct warren_request *rq, uint64_t pid, int error)
{
	return wr_task_in_sandbox(rq->sandbox, (pid_t)pid) ? warren_continue() : warren_return(error);
}

struct warren_verdict wr_handle_own_pid(struct warren_request *rq, void *user)
{
	(void)user;
	if ((pid_t)rq->args[0] == 0)
		return warren_continue();
	return if_ours(rq, rq->args[0], -ESRCH);
}

/* A process group may have members outside, the supervisor among them; so may a user. */
static struct warren_verdict by_which(struct warren_request *rq, int process)
{
	if ((int)rq->args[0] != process)
		return warren_return((int)rq->args[0] == process + 1 || (int)rq->args[0] == process + 2
					     ? -EPERM
					     : -EINVAL);
	if ((pid_t)rq->args[1] == 0)
		return warren_continue();
	return if_ours(rq, rq->args[1], -ESRCH);
}

struct warren_verdict wr_handle_setpriority(struct warren_request *rq, void *user)
{
	(void)user;
	return by_which(rq, PRIO_PROCESS);
}

struct warren_verdict wr_handle_ioprio_set(struct warren_request *rq, void *user)
{
	(void)user;
	return by_which(rq, 1 /* IOPRIO_WHO_PROCESS */);
}

/* kill to a group, or to all: member by member, for the kernel would not stop at the sandbox. */
struct warren_verdict wr_handle_kill(struct warren_request *rq, void *user)
{
	pid_t pid = (pid_t)rq->args[0], group = 0, except = 0;

	(void)user;
	if (pid > 0)
		return if_ours(rq, rq->args[0], -EPERM);
	if (rq->args[1] > 64)
		return warren_return(-EINVAL);
	if (pid == -1)
		except = wr_task_tgid(rq->tid); /* all but the caller */
	else
		group = pid == 0 ? getpgid(rq->tid) : -pid;
	if (!wr_request_alive(rq))
		return warren_return(-ESRCH);
	return warren_return(wr_sandbox_signal(rq->sandbox, group, except, (int)rq->args[1]));
}

/* tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_open: argument 0 is a process or thread; where a
 * thread of it is named as well, it must be its own. */
struct warren_verdict wr_handle_signal(struct warren_request *rq, void *user)
{
	(void)user;
	if ((pid_t)rq->args[0] <= 0)
		return warren_continue(); /* the kernel's EINVAL */
	return if_ours(rq, rq->args[0], -EPERM);
}

/* The process that a pidfd of ours stands for; -1: it is gone, or that is no pidfd. */
static pid_t pid_of(int pidfd)
{
	char path[48], text[512];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "\nPid:");
	return at ? (pid_t)atoi(at + 5) : -1;
}

/* A socket tells the pidfd of its peer, which is warren's where warren connected on behalf. The signal is
 * sent through a copy, since another pidfd may be at that number by now; the process that it stands for stays
 * the same. */
struct warren_verdict wr_handle_pidfd_send_signal(struct warren_request *rq, void *user)
{
	siginfo_t info;

	(void)user;
	/* A process group may have members outside; kernels that have no such flag say so. */
	if (rq->args[3] > 2)
		return warren_return(-EINVAL);
	_cleanup_close_ int pidfd = wr_guest_fd(rq, -1, rq->args[0]);
	if (pidfd < 0)
		return warren_return(pidfd);
	if (rq->args[2]) {
		int r = wr_guest_read(rq, rq->args[2], &info, sizeof(info));
		if (r < 0)
			return warren_return(r);
		/* as if from another: warren would pass for the sender */
		if (info.si_code >= 0 || info.si_code == SI_TKILL)
			return warren_return(-EPERM);
	}
	pid_t pid = pid_of(pidfd);
	if (pid == -1) /* the kernel says which it is */
		return warren_return(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0 ? -errno : -ESRCH);
	if (!wr_task_in_sandbox(rq->sandbox, pid))
		return warren_return(-EPERM);
	if (!wr_request_alive(rq))
		return warren_return(-ESRCH);
	long r = syscall(SYS_pidfd_send_signal, pidfd, (int)rq->args[1], rq->args[2] ? &info : NULL,
			 (unsigned)rq->args[3]);
	return warren_return(r < 0 ? -errno : 0);
}
