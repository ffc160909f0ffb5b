/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "guard.h"
#include "engine.h"
#include "runtime_dir.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define PASSES 1000 /* of 5 ms: what is stuck in the kernel for longer is left */

/* dir: the supervisor's runtime directory, NULL: it has none. */
static void guard(int fd, uint64_t tag, uint64_t mask, const char *dir)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	char c;
	ssize_t n;

	prctl(PR_SET_NAME, "warren-guard");
	setsid();
	/* everything but the pipe: the listeners above all must die with the supervisor */
	if (fd != 3) {
		dup2(fd, 3);
		fd = 3;
	}
	syscall(SYS_close_range, 0, 2, 0);
	syscall(SYS_close_range, 4, ~0U, 0);
	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	for (int i = 0, quiet = 0; n == 0 && i < PASSES && quiet < 2; i++) {
		quiet = wr_tag_kill(tag, mask) == 0 ? quiet + 1 : 0;
		nanosleep(&pause, NULL);
	}
	if (n == 0 && dir)
		wr_runtime_dir_remove(dir);
	_exit(0);
}

int wr_guard_start(struct wr_guard *g, uint64_t tag, uint64_t mask)
{
	const char *dir = wr_runtime_dir(); /* made now, so that the guard knows it */
	sigset_t all, old;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	/* The terminal's signals are for the supervisor. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	g->pid = fork();
	if (g->pid == 0)
		guard(p[0], tag, mask, dir);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(p[0]);
	if (g->pid < 0) {
		int r = -errno;
		close(p[1]);
		return r;
	}
	g->fd = p[1];
	return 0;
}

void wr_guard_stop(struct wr_guard *g)
{
	if (g->pid <= 0)
		return;
	/* Before it sees the end of file: there is nothing to kill. */
	kill(g->pid, SIGKILL);
	close(g->fd);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	g->pid = 0;
}
