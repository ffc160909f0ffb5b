/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog: a thread that looks at the serving threads while there is work. A worker that is stuck in one
 * handler (a slow file system) loses its sandboxes to another one; a hot thread without work goes back. */
#ifndef WARREN_ENGINE_WATCH_H
#define WARREN_ENGINE_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct warren_engine;
struct warren_sandbox;

struct wr_watch {
	atomic_bool awake;
	bool started, stop; /* under lock */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

void wr_watch_init(struct wr_watch *w);
void wr_watch_stop(struct wr_watch *w);
void wr_watch_free(struct wr_watch *w); /* when no thread is left that might start it */
/* There is work: look from now on, until there has been none for a while. */
void wr_watch_start(struct warren_engine *e);
/* The caller's reference goes along: its program is collected when it ends, so that no zombie stays (and,
 * before Linux 6.11, so that the listener hangs up). */
void wr_watch_forgotten(struct warren_sandbox *s);
/* The last chance of those, after every sandbox was killed. */
void wr_watch_collect(struct warren_engine *e);
static inline void wr_watch_wake(struct warren_engine *e, struct wr_watch *w)
{
	if (!atomic_load_explicit(&w->awake, memory_order_relaxed))
		wr_watch_start(e);
}

#endif
