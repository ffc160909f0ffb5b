/* SPDX-License-Identifier: Apache-2.0 */
/* Hot threads: each blocks in RECV on one busy listener, which costs two system calls for a notification that
 * needs no other. There are about as many as CPUs; a worker asks for one when a listener has been busy alone,
 * and one that finds notifications queued up gets another one to its side. RECV wakes every thread that waits
 * in it, so one that finds no queue leaves again. (Whether RECV waited says nothing: a guest that the answer
 * woke on this CPU has made its next call before this thread comes to RECV.)
 *
 * While a sandbox has hot threads its owner does not poll it. The last one to leave hands it back, and what
 * the listener then says (its HUP above all) is the owner's to see. A thread is got out of RECV by a signal
 * that is blocked everywhere else; should it come just before RECV, the watchdog sends it again. */
#define _GNU_SOURCE
#include "engine.h"
#include <poll.h>
#include <string.h>

#define SAMPLE	    16 /* every so many notifications: are others waiting behind this one? */
#define QUEUE	    3  /* samples in a row that say yes: another thread would have work */
#define NO_QUEUE    32 /* that say no: this thread is one too many */
#define IDLE_LOOKS  10 /* of the watchdog */
#define STUCK_LOOKS 5

static bool hung_up(int listener)
{
	struct pollfd p = {.fd = listener};
	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

/* With the lock held: a free thread, made at the first use of its place. */
static void *run(void *arg);
static struct wr_hot *free_thread(struct warren_engine *e)
{
	for (unsigned i = 0; i < e->n_hot; i++) {
		struct wr_hot *h = &e->hot[i];
		if (h->s || atomic_load(&h->server.state) == WR_STOLEN)
			continue;
		if (!h->started) {
			sigset_t all, old;
			sigfillset(&all);
			pthread_sigmask(SIG_SETMASK, &all, &old);
			h->started = pthread_create(&h->server.thread.pthread, NULL, run, h) == 0;
			pthread_sigmask(SIG_SETMASK, &old, NULL);
		}
		return h->started ? h : NULL;
	}
	return NULL;
}

/* With the lock held. */
static void kick(struct wr_hot *h)
{
	unsigned idle = WR_IDLE;

	atomic_store(&h->quit, true);
	atomic_store(&h->server.kicked, true);
	/* elsewhere than in RECV it sees quit by itself, soon */
	if (!atomic_compare_exchange_strong(&h->server.state, &idle, WR_KICKED))
		return;
	pthread_kill(h->server.thread.pthread, h->server.engine->kick_signal);
	atomic_store(&h->server.state, WR_IDLE);
}

/* With the lock held; a reference goes to the thread. */
static void assign(struct wr_hot *h, struct warren_sandbox *s)
{
	h->s = s;
	h->server.still = 0;
	atomic_store(&h->quit, false);
	s->hot_threads++;
	pthread_cond_signal(&h->cond);
}

bool wr_hot_take(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;
	struct wr_hot *h = NULL;

	if (!e->kick_signal || atomic_load(&e->crowded))
		return false;
	pthread_mutex_lock(&e->lock);
	if (!atomic_load(&e->stop) && !s->sealed)
		h = free_thread(e);
	if (h)
		assign(h, s);
	for (unsigned i = 0; !h && i < e->n_hot; i++)
		if (e->hot[i].s && e->hot[i].server.still) {
			kick(&e->hot[i]); /* idle: there will be one when the caller asks again */
			break;
		}
	pthread_mutex_unlock(&e->lock);
	return h != NULL;
}

void wr_hot_dissolve(struct warren_engine *e)
{
	pthread_mutex_lock(&e->lock);
	for (unsigned i = 0; i < e->n_hot; i++)
		if (e->hot[i].s)
			kick(&e->hot[i]);
	pthread_mutex_unlock(&e->lock);
}

void wr_hot_leave(const struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	for (unsigned i = 0; s->hot_threads && i < e->n_hot; i++)
		if (e->hot[i].s == s)
			kick(&e->hot[i]);
}

/* With the lock held. The reference goes back to the owner, or is dropped by the caller (false). */
static bool give_back(struct warren_sandbox *s)
{
	if (--s->hot_threads || wr_worker_park(s))
		return false;
	wr_worker_poll(s);
	return true;
}

static void call_help(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	pthread_mutex_lock(&e->lock);
	bool wanted = !atomic_load(&e->stop) && !atomic_load(&e->crowded) && !s->sealed;
	struct wr_hot *h = wanted ? free_thread(e) : NULL;
	if (h)
		assign(h, wr_sandbox_ref(s));
	pthread_mutex_unlock(&e->lock);
}

/* With a notification in hand: *samples is how many in a row said the same, negative for no queue. True when
 * this thread should leave to the others after it. */
static bool weigh(struct warren_sandbox *s, int *samples)
{
	struct warren_engine *e = s->engine;
	struct pollfd p = {.fd = s->listener, .events = POLLIN};

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLIN)) {
		*samples = *samples > 0 ? *samples + 1 : 1;
		if (*samples % QUEUE == 0)
			call_help(s);
		return false;
	}
	*samples = *samples < 0 ? *samples - 1 : -1;
	if (*samples % NO_QUEUE)
		return false;
	pthread_mutex_lock(&e->lock);
	bool others = s->hot_threads > 1;
	pthread_mutex_unlock(&e->lock);
	return others;
}

/* Until told to leave. False: what it served was taken away. */
static bool serve(struct wr_hot *h, struct warren_sandbox *s)
{
	struct seccomp_notif n;
	int samples = 0;

	for (unsigned i = 1; !atomic_load_explicit(&h->quit, memory_order_relaxed); i++) {
		memset(&n, 0, sizeof(n)); /* the kernel insists */
		int r = wr_notif_recv(s->listener, &n);
		if (r == 0) {
			bool leave = i % SAMPLE == 0 && weigh(s, &samples);
			if (!wr_serve(&h->server, s, &n))
				return false;
			if (leave)
				break;
		} else if (r == -ENOENT) { /* the task was killed, or there is none any more */
			if (hung_up(s->listener))
				break;
		} else if (r != -EINTR) {
			break;
		}
	}
	return true;
}

static void allow_kick(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *run(void *arg)
{
	struct wr_hot *h = arg;
	struct warren_engine *e = h->server.engine;
	bool able = wr_server_init(&h->server) == 0;

	allow_kick(e->kick_signal);
	h->server.thread.undisturbed = true;
	pthread_mutex_lock(&e->lock);
	for (;;) {
		while (!h->s && !atomic_load(&e->stop))
			pthread_cond_wait(&h->cond, &e->lock);
		struct warren_sandbox *s = h->s;
		if (!s)
			break;
		pthread_mutex_unlock(&e->lock);
		bool mine = !able || serve(h, s);
		pthread_mutex_lock(&e->lock);
		if (mine) {
			h->s = NULL;
			if (give_back(s))
				continue;
		}
		pthread_mutex_unlock(&e->lock);
		wr_sandbox_unref(s);
		pthread_mutex_lock(&e->lock);
	}
	h->started = false;
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

/* Its sandbox goes back to the owner. */
static void take_over(struct wr_hot *h)
{
	unsigned serving = WR_SERVING;

	if (!atomic_compare_exchange_strong(&h->server.state, &serving, WR_STOLEN))
		return;
	struct warren_sandbox *s = wr_steal_ptr(&h->s);
	s->stuck++;
	if (--s->hot_threads == 0 && !wr_worker_park(s))
		wr_worker_poll(wr_sandbox_ref(s));
}

bool wr_hot_look(struct wr_hot *h)
{
	struct wr_server *v = &h->server;
	struct warren_engine *e = v->engine;

	pthread_mutex_lock(&e->lock);
	bool busy = h->s != NULL;
	if (busy) {
		unsigned served = atomic_load(&v->served), state = atomic_load(&v->state);
		v->still = served == v->seen ? v->still + 1 : 0;
		v->seen = served;
		if (state == WR_SERVING && v->still >= STUCK_LOOKS)
			take_over(h);
		else if (state == WR_IDLE && (atomic_load(&h->quit) || v->still >= IDLE_LOOKS ||
					      (v->still && hung_up(h->s->listener))))
			kick(h);
	}
	pthread_mutex_unlock(&e->lock);
	return busy;
}

/* ---- the signal ---- */

_Thread_local volatile sig_atomic_t wr_kicked;

static void on_kick(int sig)
{
	(void)sig;
	wr_kicked = 1;
}

static int kick_signal;

/* A real-time signal that the program does not use; no SA_RESTART: the EINTR is the point. */
static void choose_signal(void)
{
	const struct sigaction sa = {.sa_handler = on_kick};
	struct sigaction old;

	for (int sig = SIGRTMAX - 1; sig > SIGRTMIN; sig--)
		if (sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_DFL &&
		    !(old.sa_flags & SA_SIGINFO) && sigaction(sig, &sa, NULL) == 0) {
			kick_signal = sig;
			return;
		}
}

int wr_hot_init(struct warren_engine *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, choose_signal);
	e->hot = calloc(e->n_hot, sizeof(*e->hot));
	if (!e->hot)
		return -ENOMEM;
	e->kick_signal = kick_signal;
	for (unsigned i = 0; i < e->n_hot; i++) {
		e->hot[i].server.engine = e;
		pthread_cond_init(&e->hot[i].cond, NULL);
	}
	return 0;
}

/* Stop was set, and the watchdog is gone. */
void wr_hot_stop(struct warren_engine *e)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; e->hot && i < e->n_hot; i++) {
		struct wr_hot *h = &e->hot[i];
		pthread_mutex_lock(&e->lock);
		bool was = h->started;
		while (h->started) {
			pthread_cond_signal(&h->cond);
			if (h->s)
				kick(h);
			pthread_mutex_unlock(&e->lock);
			nanosleep(&pause, NULL);
			pthread_mutex_lock(&e->lock);
		}
		pthread_mutex_unlock(&e->lock);
		if (was)
			pthread_join(h->server.thread.pthread, NULL);
		pthread_cond_destroy(&h->cond);
		free(h->server.scratch);
	}
	free(e->hot);
}
