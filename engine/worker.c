/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread, one io_uring, the listeners it owns. Each listener has a one-shot poll, rearmed
 * together with the wait: as cheap as a multishot poll (the request rides along in the same io_uring_enter),
 * and level-triggered, so that no readiness is lost to coalescing. A turn of the ring serves one notification
 * of each ready listener. A listener that is alone for many turns goes to a hot thread (hot.c). */
#define _GNU_SOURCE
#include "confine.h"
#include "engine.h"
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#define RING_ENTRIES 256
#define ALONE	     64 /* turns until a listener counts as hot */
#define FULL_TURN    3	/* ready listeners */
#define CROWD	     32

static struct io_uring_sqe *get_sqe(struct wr_worker *w)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&w->ring);

	while (!sqe) { /* the queue is full: hand it over */
		io_uring_submit(&w->ring);
		sqe = io_uring_get_sqe(&w->ring);
	}
	return sqe;
}

static void arm(struct wr_worker *w, int fd, void *data)
{
	struct io_uring_sqe *sqe = get_sqe(w);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data(sqe, data);
}

static const char cancelled; /* the data of a request that ends another */

/* A sealed sandbox's poll ends; so it comes to ready() once more. The engine's lock is held. */
static void cancel_sealed(struct wr_worker *w)
{
	for (struct warren_sandbox *s = w->owned; s; s = s->own_next) {
		if (!s->sealed)
			continue;
		struct io_uring_sqe *sqe = get_sqe(w);
		io_uring_prep_cancel(sqe, s, 0);
		io_uring_sqe_set_data(sqe, (void *)(uintptr_t)&cancelled);
	}
}

static void poll_incoming(struct wr_worker *w)
{
	uint64_t n;

	(void)!read(w->wake_fd, &n, sizeof(n));
	pthread_mutex_lock(&w->server.engine->lock);
	for (struct warren_sandbox *s = w->incoming; s; s = s->next) {
		s->queued = false;
		arm(w, s->listener, s);
	}
	w->incoming = NULL;
	if (atomic_load(&w->server.engine->sealing))
		cancel_sealed(w);
	pthread_mutex_unlock(&w->server.engine->lock);
	arm(w, w->wake_fd, NULL);
}

static bool alone(struct wr_worker *w, struct warren_sandbox *s)
{
	if (w->last != s) {
		w->last = s;
		w->streak = 0;
	}
	if (w->streak < ALONE)
		return false;
	w->streak = 0; /* when it is refused, ask again later */
	return true;
}

/* s comes with the reference that its poll had. */
static void ready(struct wr_worker *w, struct warren_sandbox *s, int events)
{
	struct seccomp_notif n;

	if (atomic_load_explicit(&s->owner, memory_order_relaxed) != w) {
		wr_sandbox_unref(s); /* it was taken over, the new owner polls as well */
		return;
	}
	if (events > 0 && (events & POLLIN)) {
		memset(&n, 0, sizeof(n)); /* the kernel insists */
		/* ENOENT: the task was killed after the poll said ready. */
		if (wr_notif_recv(s->listener, &n) == 0 && !wr_serve(&w->server, s, &n)) {
			wr_sandbox_unref(s);
			return;
		}
	} else if (events < 0 || (events & (POLLHUP | POLLERR))) {
		wr_sandbox_gone(s);
		return;
	}
	if (alone(w, s) && wr_hot_take(s))
		return;
	arm(w, s->listener, s);
}

/* Hot threads pay while few sandboxes are busy. When a ring has many, they would compete with its thread for
 * the CPU, each for a single sandbox. */
static void weigh(struct wr_worker *w, unsigned listeners)
{
	struct warren_engine *e = w->server.engine;

	w->streak = listeners == 1 ? w->streak + 1 : 0;
	if (listeners >= FULL_TURN && w->full < CROWD)
		w->full++;
	else if (listeners < FULL_TURN && w->full)
		w->full--;
	if (!w->crowded && w->full == CROWD) {
		w->crowded = true;
		if (atomic_fetch_add(&e->crowded, 1) == 0)
			wr_hot_dissolve(e);
	} else if (w->crowded && !w->full) {
		w->crowded = false;
		atomic_fetch_sub(&e->crowded, 1);
	}
}

static void turn(struct wr_worker *w)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0, listeners = 0;

	io_uring_for_each_cqe(&w->ring, head, cqe)
	{
		struct warren_sandbox *s = io_uring_cqe_get_data(cqe);
		seen++;
		if ((const char *)s == &cancelled) {
			continue;
		} else if (s) {
			listeners++;
			ready(w, s, cqe->res);
		} else {
			poll_incoming(w);
		}
	}
	io_uring_cq_advance(&w->ring, seen);
	weigh(w, listeners);
}

/* With deferred task work nothing interrupts a handler's system call to tell of a completion; since 6.1. */
static int make_ring(struct wr_worker *w)
{
	const unsigned disabled = w->server.engine->confine ? IORING_SETUP_R_DISABLED : 0;
	int r = io_uring_queue_init(RING_ENTRIES, &w->ring,
				    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | disabled);
	w->server.thread.undisturbed = r == 0;
	if (r == -EINVAL)
		r = io_uring_queue_init(RING_ENTRIES, &w->ring, disabled);
	return r;
}

/* A ring goes past the filter: this one shall do nothing but poll, and end that. */
static int confine(struct wr_worker *w)
{
	struct io_uring_restriction only[] = {
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_POLL_ADD},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_ASYNC_CANCEL},
	};
	const int ring = w->ring.ring_fd;
	int r = wr_uring_register(ring, IORING_REGISTER_RESTRICTIONS, only, WR_ARRAY_SIZE(only));

	if (r == 0)
		r = wr_uring_register(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	return r < 0 ? r : wr_confine_thread();
}

/* The filter comes last: it refuses to make a ring. */
static int begin(struct wr_worker *w)
{
	int r = wr_server_init(&w->server);

	if (r < 0 || (r = make_ring(w)) < 0)
		return r;
	if (w->server.engine->confine && (r = confine(w)) < 0)
		io_uring_queue_exit(&w->ring);
	return r;
}

static void *run(void *arg)
{
	struct wr_worker *w = arg;
	struct warren_engine *e = w->server.engine;

	int r = w->start = begin(w);
	sem_post(&w->started);
	if (r < 0)
		return NULL;
	arm(w, w->wake_fd, NULL);
	while (!atomic_load(&e->stop)) {
		r = io_uring_submit_and_wait(&w->ring, 1);
		if (r < 0 && r != -EINTR && r != -EBUSY && r != -EAGAIN)
			break;
		wr_watch_wake(e, &e->watch);
		turn(w);
	}
	io_uring_queue_exit(&w->ring);
	return NULL;
}

/* ---- ownership ---- */

static void owned_push(struct wr_worker *w, struct warren_sandbox *s)
{
	atomic_store_explicit(&s->owner, w, memory_order_relaxed);
	s->own_next = w->owned;
	s->own_link = &w->owned;
	if (w->owned)
		w->owned->own_link = &s->own_next;
	w->owned = s;
	w->load++;
}

void wr_worker_own(struct wr_worker *w, struct warren_sandbox *s)
{
	owned_push(w, s);
}

void wr_worker_disown(struct warren_sandbox *s)
{
	*s->own_link = s->own_next;
	if (s->own_next)
		s->own_next->own_link = s->own_link;
	atomic_load_explicit(&s->owner, memory_order_relaxed)->load--;
}

void wr_worker_poll(struct warren_sandbox *s)
{
	struct wr_worker *w = atomic_load_explicit(&s->owner, memory_order_relaxed);

	s->queued = true;
	s->next = w->incoming;
	w->incoming = s;
	wr_worker_wake(w);
}

bool wr_worker_park(struct warren_sandbox *s)
{
	s->parked = s->stuck >= WR_STUCK_MAX;
	return s->parked;
}

void wr_worker_unstuck(struct warren_sandbox *s)
{
	s->stuck--;
	if (s->parked && s->stuck < WR_STUCK_MAX) {
		s->parked = false;
		wr_worker_poll(wr_sandbox_ref(s));
	}
}

static bool is_stuck(const struct wr_worker *w)
{
	return atomic_load(&w->server.state) == WR_STOLEN || w->server.still;
}

/* The least loaded of the others, or a new one. */
static struct wr_worker *heir(struct warren_engine *e)
{
	struct wr_worker *best = NULL;

	for (unsigned i = 0; i < e->n_started; i++) {
		struct wr_worker *x = &e->workers[i];
		if (!is_stuck(x) && (!best || x->load < best->load))
			best = x;
	}
	if (best || e->n_started == e->n_workers + WR_SPARE_WORKERS)
		return best;
	best = &e->workers[e->n_started];
	if (wr_worker_start(e, best) < 0)
		return NULL;
	e->n_started++;
	return best;
}

void wr_worker_take_over(struct wr_worker *w)
{
	struct warren_engine *e = w->server.engine;
	unsigned serving = WR_SERVING;

	pthread_mutex_lock(&e->lock);
	struct wr_worker *x = w->owned ? heir(e) : NULL;
	/* From here on w leaves its handler through the lock only, see wr_serve(). */
	if (x && atomic_compare_exchange_strong(&w->server.state, &serving, WR_STOLEN)) {
		struct warren_sandbox *queued = w->incoming, *s = w->server.serving;
		s->stuck++;
		w->incoming = NULL;
		while ((s = w->owned)) {
			wr_worker_disown(s);
			owned_push(x, s);
			if (!s->hot_threads && !s->queued && !wr_worker_park(s))
				wr_worker_poll(wr_sandbox_ref(s));
		}
		while ((s = queued)) {
			queued = s->next;
			wr_worker_poll(s);
		}
	}
	pthread_mutex_unlock(&e->lock);
}

/* ---- start and stop ---- */

void wr_worker_wake(struct wr_worker *w)
{
	uint64_t one = 1;
	(void)!write(w->wake_fd, &one, sizeof(one));
}

int wr_worker_start(struct warren_engine *e, struct wr_worker *w)
{
	sigset_t all, old;

	w->server.engine = e;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	sem_init(&w->started, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = -pthread_create(&w->server.thread.pthread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0) {
		while (sem_wait(&w->started) < 0 && errno == EINTR)
			;
		r = w->start;
		if (r < 0)
			pthread_join(w->server.thread.pthread, NULL);
	}
	if (r < 0) {
		sem_destroy(&w->started);
		close(w->wake_fd);
		free(wr_steal_ptr(&w->server.scratch));
	}
	return r;
}

void wr_worker_join(struct wr_worker *w)
{
	pthread_join(w->server.thread.pthread, NULL);
	sem_destroy(&w->started);
	close(w->wake_fd);
	free(w->server.scratch);
}
