/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread, one io_uring, the listeners it owns. */
#define _GNU_SOURCE
#include "engine.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#define RING_ENTRIES 256
#define BATCH	     16 /* notifications of one listener before the others get their turn */

static struct io_uring_sqe *get_sqe(struct wr_worker *w)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&w->ring);

	while (!sqe) { /* the queue is full: hand it over */
		io_uring_submit(&w->ring);
		sqe = io_uring_get_sqe(&w->ring);
	}
	return sqe;
}

/* One-shot polls, rearmed together with the wait: as cheap as a multishot poll (the request rides along in
 * the same io_uring_enter), and it is level-triggered, so that no readiness is lost to coalescing and no
 * extra poll(2) is needed after each notification. */
static void arm(struct wr_worker *w, int fd, void *data)
{
	struct io_uring_sqe *sqe = get_sqe(w);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data(sqe, data);
}

static void adopt_incoming(struct wr_worker *w)
{
	uint64_t n;

	(void)!read(w->wake_fd, &n, sizeof(n));
	pthread_mutex_lock(&w->lock);
	struct warren_sandbox *s = w->incoming;
	w->incoming = NULL;
	pthread_mutex_unlock(&w->lock);
	while (s) {
		struct warren_sandbox *next = s->next;
		s->next = NULL;
		arm(w, s->listener, s);
		s = next;
	}
	arm(w, w->wake_fd, NULL);
}

static void serve_one(struct wr_worker *w, struct warren_sandbox *s)
{
	struct seccomp_notif n;

	memset(&n, 0, sizeof(n)); /* the kernel insists */
	/* ENOENT: the task was killed after poll said ready. */
	if (wr_notif_recv(s->listener, &n) == 0)
		wr_dispatch(&w->thread, w->scratch, w->counters, s, &n);
}

static void ready(struct wr_worker *w, struct warren_sandbox *s, int events)
{
	if (events > 0 && (events & POLLIN)) {
		serve_one(w, s);
		/* More of the same listener while nothing else waits: cheaper than a trip through the ring.
		 */
		for (int i = 1; i < BATCH && !io_uring_cq_ready(&w->ring); i++) {
			struct pollfd p = {.fd = s->listener, .events = POLLIN};
			if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN))
				break;
			serve_one(w, s);
		}
	} else if (events < 0 || (events & (POLLHUP | POLLERR))) {
		atomic_fetch_sub_explicit(&w->load, 1, memory_order_relaxed);
		wr_sandbox_gone(s);
		return;
	}
	arm(w, s->listener, s);
}

static void *run(void *arg)
{
	struct wr_worker *w = arg;
	struct io_uring_cqe *cqe;

	/* an fs_struct of its own, for the guest's umask */
	if (unshare(CLONE_FS) < 0)
		return NULL;
	w->thread.umask = umask(022);
	umask(w->thread.umask);
	arm(w, w->wake_fd, NULL);
	while (!atomic_load(&w->engine->stop)) {
		int r = io_uring_submit_and_wait(&w->ring, 1);
		if (r < 0 && r != -EINTR && r != -EBUSY)
			break;
		while (io_uring_peek_cqe(&w->ring, &cqe) == 0) {
			void *data = io_uring_cqe_get_data(cqe);
			int res = cqe->res;
			io_uring_cqe_seen(&w->ring, cqe);
			if (data)
				ready(w, data, res);
			else
				adopt_incoming(w);
		}
	}
	return NULL;
}

void wr_worker_adopt(struct wr_worker *w, struct warren_sandbox *s)
{
	uint64_t one = 1;

	atomic_fetch_add_explicit(&w->load, 1, memory_order_relaxed);
	pthread_mutex_lock(&w->lock);
	s->next = w->incoming;
	w->incoming = s;
	pthread_mutex_unlock(&w->lock);
	(void)!write(w->wake_fd, &one, sizeof(one));
}

int wr_worker_start(struct wr_worker *w)
{
	sigset_t all, old;
	int r;

	pthread_mutex_init(&w->lock, NULL);
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	w->scratch = malloc(sizeof(*w->scratch));
	w->counters = calloc(1, sizeof(*w->counters));
	r = w->scratch && w->counters ? io_uring_queue_init(RING_ENTRIES, &w->ring, 0) : -ENOMEM;
	if (r < 0)
		goto fail;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&w->thread.pthread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		return 0;
	io_uring_queue_exit(&w->ring);
fail:
	free(w->scratch);
	free(w->counters);
	close(w->wake_fd);
	return r;
}

void wr_worker_stop(struct wr_worker *w)
{
	uint64_t one = 1;

	(void)!write(w->wake_fd, &one, sizeof(one));
	pthread_join(w->thread.pthread, NULL);
	io_uring_queue_exit(&w->ring);
	close(w->wake_fd);
	free(w->scratch);
	free(w->counters);
	pthread_mutex_destroy(&w->lock);
}
