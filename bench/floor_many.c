// SPDX-License-Identifier: Apache-2.0
/* The floor for many listeners: each thread has an io_uring with a multishot poll for each of its listeners,
 * and does nothing but RECV and SEND. It trusts every completion, which a supervisor must not: a task that is
 * killed between its completion and RECV would block the thread. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_many.h"
#include "loop.h"
#include "raw.h"

#include <liburing.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define NULL_NR SYS_readlinkat /* as loop.c has it */

struct bare {
	pthread_t thread;
	const int *listeners;
	unsigned n;
	atomic_bool *stop;
	atomic_ulong answered;
};

/* In the child: the listener's number goes to the parent, which fetches it. */
static _Noreturn void guest(const char *program, int out)
{
	struct sock_filter prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NULL_NR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog fprog = {.len = sizeof(prog) / sizeof(prog[0]), .filter = prog};
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			      &fprog);
	if (write(out, &fd, sizeof(fd)) < 0 || fd < 0)
		_exit(125);
	while (read(out, &c, 1) < 0)
		;
	dup2(open("/dev/null", O_RDWR), 1);
	execl(program, program, "null", "1e9", (char *)NULL);
	_exit(127);
}

static int start_guest(const char *program, pid_t *ret_pid)
{
	int sv[2], fd = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		guest(program, sv[1]);
	close(sv[1]);
	int pidfd = pid < 0 ? -1 : wr_pidfd_open(pid);
	if (pidfd >= 0 && read(sv[0], &fd, sizeof(fd)) == (ssize_t)sizeof(fd) && fd >= 0)
		fd = wr_pidfd_getfd(pidfd, fd);
	close(pidfd);
	*ret_pid = pid;
	if (fd >= 0) {
		(void)wr_notif_set_sync_wakeup(fd);
		(void)!write(sv[0], "", 1);
	}
	close(sv[0]);
	return fd;
}

static void answer(struct bare *b, int fd)
{
	struct seccomp_notif n;

	memset(&n, 0, sizeof(n));
	if (wr_notif_recv(fd, &n) < 0)
		return;
	struct seccomp_notif_resp resp = {.id = n.id, .error = -EINVAL};
	(void)wr_notif_send(fd, &resp);
	atomic_store_explicit(&b->answered, atomic_load_explicit(&b->answered, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static void arm(struct io_uring *ring, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe) {
		io_uring_submit(ring);
		sqe = io_uring_get_sqe(ring);
	}
	io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	io_uring_sqe_set_data64(sqe, (uint64_t)fd);
}

static void *serve(void *arg)
{
	struct bare *b = arg;
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct __kernel_timespec tick = {.tv_nsec = 50000000};

	if (io_uring_queue_init(256, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) < 0 &&
	    io_uring_queue_init(256, &ring, 0) < 0)
		return NULL;
	for (unsigned i = 0; i < b->n; i++)
		arm(&ring, b->listeners[i]);
	while (!atomic_load(b->stop)) {
		unsigned head, seen = 0;

		io_uring_submit_and_wait_timeout(&ring, &cqe, 1, &tick, NULL);
		io_uring_for_each_cqe(&ring, head, cqe)
		{
			int fd = (int)io_uring_cqe_get_data64(cqe);

			seen++;
			if (cqe->user_data == LIBURING_UDATA_TIMEOUT)
				continue;
			if (cqe->res > 0 && cqe->res & POLLIN)
				answer(b, fd);
			if (!(cqe->flags & IORING_CQE_F_MORE) && !(cqe->res & POLLHUP))
				arm(&ring, fd);
		}
		io_uring_cq_advance(&ring, seen);
	}
	io_uring_queue_exit(&ring);
	return NULL;
}

/* Of this process, in seconds. */
static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static unsigned long total(const struct bare *b, unsigned n)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += atomic_load(&b[i].answered);
	return sum;
}

/* A listener each. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int floor_many(const char *program, unsigned n, unsigned threads, double seconds, struct floor_rate *ret)
{
	int *listeners = calloc(n, sizeof(*listeners)), r = 0;
	pid_t *pids = calloc(n, sizeof(*pids));
	struct bare *b = calloc(threads, sizeof(*b));
	atomic_bool stop = false;
	unsigned have = 0;

	raise_limit();
	for (; have < n && r >= 0; have += r >= 0) {
		r = start_guest(program, &pids[have]);
		listeners[have] = r;
	}
	for (unsigned i = 0, at = 0; i < threads; i++) {
		b[i].stop = &stop;
		b[i].listeners = listeners + at;
		b[i].n = have / threads + (i < have % threads);
		at += b[i].n;
		pthread_create(&b[i].thread, NULL, serve, &b[i]);
	}
	usleep(300000);
	double t = (double)loop_now_ns() / 1e9, cpu = cpu_seconds();
	unsigned long before = total(b, threads);
	usleep((useconds_t)(seconds * 1e6));
	double n_calls = (double)(total(b, threads) - before);
	*ret = (struct floor_rate){n_calls / ((double)loop_now_ns() / 1e9 - t),
				   (cpu_seconds() - cpu) * 1e9 / n_calls};
	/* Killed while served, so that no thread is left in RECV. */
	for (unsigned i = 0; i < have; i++)
		kill(pids[i], SIGSTOP);
	usleep(20000);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(b[i].thread, NULL);
	for (unsigned i = 0; i < have; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		close(listeners[i]);
	}
	free(listeners);
	free(pids);
	free(b);
	return r < 0 ? r : 0;
}
