/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's open files: pidfd_getfd(2) gives a descriptor of the same open file description, which stays
 * what it is whatever another thread of the guest puts at that number meanwhile. */
#define _GNU_SOURCE
#include "engine.h"
#include <signal.h>

/* Of the very thread: its table of fds may be another than that of the thread group's leader. */
int wr_guest_pidfd(struct warren_request *rq)
{
	int fd = wr_task_pidfd(rq->tid);

	if (fd >= 0 && !wr_request_alive(rq)) { /* or it is another task that got this number */
		close(fd);
		return -ESRCH;
	}
	return fd;
}

int wr_guest_fd(struct warren_request *rq, int pidfd, uint64_t fd)
{
	_cleanup_close_ int own = -1;

	if (pidfd < 0)
		pidfd = own = wr_guest_pidfd(rq);
	if (pidfd < 0)
		return pidfd;
	return wr_pidfd_getfd(pidfd, (int)fd);
}

void wr_guest_signal(struct warren_request *rq, int sig)
{
	if (wr_request_alive(rq))
		syscall(SYS_tgkill, wr_task_tgid(rq->tid), rq->tid, sig);
}

bool wr_guest_fds_take(struct warren_sandbox *s, unsigned n)
{
	struct warren_engine *e = s->engine;

	if (atomic_fetch_add(&s->sent_fds, n) + n <= WR_SENT_FDS_MAX) {
		if (atomic_fetch_add(&e->sent_fds, n) + n <= e->max_sent_fds)
			return true;
		atomic_fetch_sub(&e->sent_fds, n);
	}
	atomic_fetch_sub(&s->sent_fds, n);
	return false;
}

void wr_guest_fds_give(struct warren_sandbox *s, unsigned n)
{
	atomic_fetch_sub(&s->engine->sent_fds, n);
	atomic_fetch_sub(&s->sent_fds, n);
}
