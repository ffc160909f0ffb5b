/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine.h"
#include <time.h>

#define LOOK_MS	    10
#define STUCK_LOOKS 5	/* looks at the same notification of a worker */
#define QUIET_LOOKS 20	/* looks without work until it sleeps */
#define REST_MS	    200 /* between looks for ended programs while there is no other work */

static bool look_at_worker(struct wr_worker *w)
{
	struct wr_server *v = &w->server;
	unsigned served = atomic_load(&v->served), state = atomic_load(&v->state);
	bool work = served != v->seen || state != WR_IDLE;

	v->still = state == WR_SERVING && served == v->seen ? v->still + 1 : 0;
	v->seen = served;
	if (v->still >= STUCK_LOOKS)
		wr_worker_take_over(w);
	return work;
}

void wr_watch_collect(struct warren_engine *e)
{
	struct warren_sandbox *done = NULL, *s;

	pthread_mutex_lock(&e->lock);
	for (struct warren_sandbox **at = &e->forgotten; (s = *at);) {
		if (wr_sandbox_reap(s)) {
			*at = s->forgotten_next;
			s->forgotten_next = done;
			done = s;
		} else {
			at = &s->forgotten_next;
		}
	}
	pthread_mutex_unlock(&e->lock);
	while ((s = done)) {
		done = s->forgotten_next;
		wr_sandbox_unref(s);
	}
}

void wr_watch_forgotten(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	pthread_mutex_lock(&e->lock);
	bool first = !s->forgotten;
	if (first) {
		s->forgotten = true;
		s->forgotten_next = e->forgotten;
		e->forgotten = s;
	}
	pthread_mutex_unlock(&e->lock);
	if (first)
		wr_watch_start(e);
	else
		wr_sandbox_unref(s);
}

static bool any_forgotten(struct warren_engine *e)
{
	pthread_mutex_lock(&e->lock);
	bool r = e->forgotten != NULL;
	pthread_mutex_unlock(&e->lock);
	return r;
}

static bool look(struct warren_engine *e)
{
	bool work = false;

	pthread_mutex_lock(&e->lock);
	unsigned n = e->n_started;
	pthread_mutex_unlock(&e->lock);
	for (unsigned i = 0; i < n; i++)
		work |= look_at_worker(&e->workers[i]);
	for (unsigned i = 0; i < e->n_hot; i++)
		work |= wr_hot_look(&e->hot[i]);
	return wr_tracers_look(e->tracers) || work;
}

static void *run(void *arg)
{
	struct warren_engine *e = arg;
	struct wr_watch *w = &e->watch;
	struct timespec until;
	unsigned quiet = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		bool rest = quiet == QUIET_LOOKS;
		if (rest && !any_forgotten(e)) {
			atomic_store(&w->awake, false);
			pthread_cond_wait(&w->cond, &w->lock);
			quiet = 0;
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += (rest ? REST_MS : LOOK_MS) * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		atomic_store(&w->awake, !rest);
		bool early = pthread_cond_clockwait(&w->cond, &w->lock, CLOCK_MONOTONIC, &until) == 0;
		if (w->stop)
			break;
		pthread_mutex_unlock(&w->lock);
		wr_watch_collect(e);
		quiet = look(e) || early ? 0 : rest ? quiet : quiet + 1;
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

void wr_watch_init(struct wr_watch *w)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->cond, NULL);
}

void wr_watch_start(struct warren_engine *e)
{
	struct wr_watch *w = &e->watch;
	sigset_t all, old;

	pthread_mutex_lock(&w->lock);
	atomic_store(&w->awake, true);
	if (!w->started && !w->stop) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		w->started = pthread_create(&w->thread, NULL, run, e) == 0;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

void wr_watch_stop(struct wr_watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->cond);
	bool started = w->started;
	pthread_mutex_unlock(&w->lock);
	if (started)
		pthread_join(w->thread, NULL);
}

void wr_watch_free(struct wr_watch *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->cond);
}
