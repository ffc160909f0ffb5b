// SPDX-License-Identifier: Apache-2.0
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#if defined(__x86_64__)
#define FLOOR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FLOOR_ARCH AUDIT_ARCH_AARCH64
#else
#error "the floor knows x86-64 and aarch64"
#endif

/* Interrupts a supervisor thread that blocks in RECV; kernels before 6.11 do not wake it when the guest ends.
 */
#define FLOOR_WAKE_SIGNAL SIGUSR1
#define FLOOR_MAX_FILTER  32

/* A kernel that adds fields writes them behind the structs we know. */
union notif_buf {
	struct seccomp_notif n;
	char room[256];
};

static void set_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The i-th CPU that this process may use, counted cyclically. */
static int nth_cpu(int i)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0 || !CPU_COUNT(&set))
		return 0;
	i %= CPU_COUNT(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && i-- == 0)
			return cpu;
	return 0;
}

static int load_filter(int null_nr, bool *ret_killable)
{
	struct sock_filter prog[FLOOR_MAX_FILTER] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLOOR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog fprog = {.filter = prog};
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	int nrs[FLOOR_MAX_FILTER], n = 0, k = 4;
	long fd;

	nrs[n++] = null_nr;
	for (int i = 0; floor_trapped[i] >= 0; i++)
		nrs[n++] = floor_trapped[i];
	for (int i = 0; i < n; i++)
		prog[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)nrs[i],
							 (__u8)(n - i), 0);
	prog[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	fprog.len = (unsigned short)k;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
	*ret_killable = fd >= 0;
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog);
	return fd < 0 ? -errno : (int)fd;
}

struct hello {
	int error;
	bool wait_killable;
};

static int send_hello(int sock, const struct hello *h, int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {(void *)(uintptr_t)h, sizeof(*h)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c = (struct cmsghdr *)ctl;

		m.msg_control = ctl;
		m.msg_controllen = sizeof(ctl);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int recv_hello(int sock, struct hello *h)
{
	char ctl[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {h, sizeof(*h)};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl)};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(*h))
		return -EPIPE;
	if (h->error)
		return h->error;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* In the forked child of a threaded process: async-signal-safe calls only. */
_Noreturn static void guest_main(const struct floor_config *c, int sock, int (*child)(void *), void *arg)
{
	struct hello h = {0};
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (c->pin != FLOOR_PIN_NONE)
		set_cpu(nth_cpu(0));
	fd = load_filter(c->null_nr, &h.wait_killable);
	if (fd < 0)
		h.error = fd;
	if (send_hello(sock, &h, fd) < 0 || fd < 0)
		_exit(125);
	close(fd);
	close(sock);
	_exit(child(arg));
}

static void answer(struct floor *f, const struct seccomp_notif *n, const struct floor_reply *r)
{
	struct seccomp_notif_resp resp = {.id = n->id, .val = r->val, .error = r->error, .flags = r->flags};
	int e;

	if (r->fd >= 0) {
		struct seccomp_notif_addfd a = {.id = n->id,
						.flags = SECCOMP_ADDFD_FLAG_SEND,
						.srcfd = (__u32)r->fd,
						.newfd_flags = r->fd_flags};

		e = wr_notif_addfd(f->listener, &a);
		close(r->fd);
		if (e >= 0 || e == -ENOENT)
			return;
		resp.error = e; /* the guest's table is full, or the fd cannot be given */
	}
	wr_notif_send(f->listener, &resp); /* ENOENT: the guest was killed meanwhile */
}

static bool guest_is_gone(int listener)
{
	struct pollfd p = {.fd = listener};

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

/* A null call needs nothing that the threads share. */
static void handle(struct floor *f, const struct seccomp_notif *n, struct floor_reply *r)
{
	bool alone = f->conf.threads <= 1 || n->data.nr == f->conf.null_nr;

	if (!alone)
		pthread_mutex_lock(&f->lock);
	floor_handle(f, n, r);
	if (!alone)
		pthread_mutex_unlock(&f->lock);
}

static void *serve(void *arg)
{
	struct floor *f = arg;
	union notif_buf b;

	if (f->conf.pin != FLOOR_PIN_NONE)
		set_cpu(nth_cpu(f->conf.pin == FLOOR_PIN_SPLIT));
	while (!atomic_load_explicit(&f->done, memory_order_relaxed)) {
		struct floor_reply r = {.fd = -1};
		int e;

		memset(&b.n, 0, sizeof(b.n));
		e = wr_notif_recv(f->listener, &b.n);
		if (e == -EINTR)
			continue;
		if (e == -ENOENT && !guest_is_gone(f->listener))
			continue;
		if (e < 0)
			break;
		if (f->conf.probe)
			f->conf.probe(&b.n, f->conf.probe_arg);
		handle(f, &b.n, &r);
		answer(f, &b.n, &r);
	}
	return NULL;
}

static void on_wake(int sig)
{
	(void)sig;
}

static int check_kernel(void)
{
	struct seccomp_notif_sizes s;
	struct sigaction sa = {.sa_handler = on_wake}; /* no SA_RESTART: the point is the EINTR */

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &s) < 0)
		return -errno;
	if (s.seccomp_notif > sizeof(union notif_buf))
		return -EOVERFLOW;
	return sigaction(FLOOR_WAKE_SIGNAL, &sa, NULL) < 0 ? -errno : 0;
}

static void stop_threads(struct floor *f)
{
	struct timespec t;

	atomic_store(&f->done, true);
	for (unsigned i = 0; i < f->n_threads; i++) {
		/* The signal may come just before the thread blocks: send until it has heard. */
		do {
			pthread_kill(f->threads[i], FLOOR_WAKE_SIGNAL);
			clock_gettime(CLOCK_REALTIME, &t);
			t.tv_nsec += 2000000;
			t.tv_sec += t.tv_nsec / 1000000000;
			t.tv_nsec %= 1000000000;
		} while (pthread_timedjoin_np(f->threads[i], NULL, &t));
	}
}

static int adopt(struct floor *f, int sock)
{
	struct hello h = {0};
	int r = recv_hello(sock, &h);

	if (r < 0)
		return r;
	f->listener = r;
	f->wait_killable = h.wait_killable;
	if (!f->conf.async_wakeup)
		f->sync_wakeup = wr_notif_set_sync_wakeup(f->listener) >= 0;
	do {
		r = pthread_create(&f->threads[f->n_threads], NULL, serve, f);
		f->n_threads += !r;
	} while (!r && f->n_threads < f->conf.threads);
	if (r) {
		stop_threads(f);
		close(f->listener);
		return -r;
	}
	return 0;
}

static int note_root_path(struct floor *f)
{
	char name[32];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", f->conf.root_fd);
	n = readlink(name, f->root_path, sizeof(f->root_path) - 1);
	return n < 0 ? -errno : 0;
}

int floor_start(struct floor **ret_f, const struct floor_config *c, int (*child)(void *), void *arg)
{
	struct floor *f;
	int sv[2], r;

	r = check_kernel();
	if (r < 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->conf = *c;
	pthread_mutex_init(&f->lock, NULL);
	r = note_root_path(f);
	if (r < 0) {
		free(f);
		return r;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		r = -errno;
		free(f);
		return r;
	}
	f->pid = fork();
	if (f->pid == 0)
		guest_main(c, sv[1], child, arg);
	r = f->pid < 0 ? -errno : 0;
	close(sv[1]);
	if (!r)
		r = adopt(f, sv[0]);
	close(sv[0]);
	if (r < 0) {
		if (f->pid > 0) {
			kill(f->pid, SIGKILL);
			waitpid(f->pid, NULL, 0);
		}
		free(f);
		return r;
	}
	*ret_f = f;
	return 0;
}

int floor_finish(struct floor *f, int *ret_status)
{
	int status = 0, r = 0;

	if (!f)
		return 0;
	while (waitpid(f->pid, &status, 0) < 0) {
		if (errno != EINTR) {
			r = -errno;
			break;
		}
	}
	stop_threads(f);
	close(f->listener);
	free(f);
	if (ret_status && !r)
		*ret_status = status;
	return r;
}

bool floor_has_sync_wakeup(const struct floor *f)
{
	return f->sync_wakeup;
}

bool floor_has_wait_killable(const struct floor *f)
{
	return f->wait_killable;
}
