/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: a pool of workers and what they share. */
#define _GNU_SOURCE
#include "engine.h"
#include "runtime_dir.h"
#include "../handlers/exec_cache.h"
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

static unsigned cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n > 0 ? (unsigned)n : 1;
}

static rlim_t soft_nofile = RLIM_INFINITY;
static pthread_once_t nofile_once = PTHREAD_ONCE_INIT;

static void raise_nofile(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	soft_nofile = lim.rlim_cur;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

/* The soft limit as it was: programs that use select(2), or close every fd there may be, reckon with a low
 * one.
 */
struct rlimit wr_guest_nofile(void)
{
	struct rlimit lim = {0};

	getrlimit(RLIMIT_NOFILE, &lim);
	if (soft_nofile < lim.rlim_cur)
		lim.rlim_cur = soft_nofile;
	return lim;
}

/* An eighth of the fds may be in messages on their way. */
static unsigned max_sent_fds(void)
{
	struct rlimit lim;
	return getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur > 8U * 65536 ? 65536
									       : (unsigned)lim.rlim_cur / 8;
}

static void free_handlers(struct wr_custom *c)
{
	while (c) {
		struct wr_custom *next = c->next;
		free(c);
		c = next;
	}
}

static void engine_destroy(struct warren_engine *e)
{
	atomic_store(&e->stop, true);
	wr_watch_stop(&e->watch);
	wr_limiter_stop(&e->limiter);
	wr_hot_stop(e);
	for (unsigned i = 0; i < e->n_started; i++)
		wr_worker_wake(&e->workers[i]);
	for (unsigned i = 0; i < e->n_started; i++)
		wr_worker_join(&e->workers[i]);
	/* Those that were killed are ended, or just about to be. */
	for (int i = 0; i < 1000 && e->forgotten; i++) {
		wr_watch_collect(e);
		if (e->forgotten)
			usleep(1000);
	}
	wr_watch_free(&e->watch);
	wr_guard_stop(&e->guard);
	wr_side_free(e->side); /* before the tracers, which it uses */
	wr_tracers_free(e->tracers);
	wr_exec_cache_free(e->exec_cache);
	for (unsigned i = 0; i < WR_MAX_SYSCALLS; i++) {
		free_handlers(e->before[i]);
		free_handlers(e->after[i]);
	}
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->changed);
	free(e->workers);
	free(e);
}

static int new_exec_cache(struct warren_engine *e)
{
	static atomic_uint serial;
	char dir[PATH_MAX + 32];
	const char *base = wr_runtime_dir();

	if (!base)
		return -EROFS;
	snprintf(dir, sizeof(dir), "%s/exec-%u", base, atomic_fetch_add(&serial, 1));
	if (mkdir(dir, 0700) < 0)
		return -errno;
	return wr_exec_cache_new(dir, &e->exec_cache);
}

int warren_engine_new(const struct warren_engine_options *opt, struct warren_engine **ret)
{
	struct warren_engine *e;
	int r;

	_Static_assert(WR_MAX_SYSCALLS < INT16_MAX, "row numbers fit");
	if (wr_table_len > WR_MAX_SYSCALLS)
		return -E2BIG;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	pthread_once(&nofile_once, raise_nofile);
	int r0 = wr_guard_start(&e->guard, wr_tag_base(), WR_TAG_SUPERVISOR);
	if (r0 < 0) {
		free(e);
		return r0;
	}
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	wr_watch_init(&e->watch);
	r = wr_limiter_init(&e->limiter, opt ? opt->limits : NULL);
	e->max_sent_fds = max_sent_fds();
	e->trace = opt ? opt->trace : NULL;
	e->confine = opt && opt->confine;
	memset(e->row_of, -1, sizeof(e->row_of));
	for (unsigned i = 0; i < wr_table_len; i++)
		if (wr_table[i].nr >= 0 && wr_table[i].handler)
			e->row_of[wr_table[i].nr] = (int16_t)i;
	e->n_workers = opt && opt->workers ? opt->workers : cpus();
	e->n_hot = cpus() > 2 ? cpus() : 2;
	e->workers = calloc(e->n_workers + WR_SPARE_WORKERS, sizeof(*e->workers));
	if (r == 0)
		r = e->workers ? wr_tracers_new(64, &e->tracers) : -ENOMEM;
	if (r == 0)
		r = wr_side_new(e, &e->side);
	if (r == 0)
		r = new_exec_cache(e);
	if (r == 0)
		r = wr_hot_init(e);
	while (r == 0 && e->n_started < e->n_workers) {
		r = wr_worker_start(e, &e->workers[e->n_started]);
		e->n_started += r == 0;
	}
	if (r < 0) {
		engine_destroy(e);
		return r;
	}
	/* It starts workers in the place of stuck ones, which one that a confined thread started could not.
	 */
	if (e->confine)
		wr_watch_start(e);
	*ret = e;
	return 0;
}

static struct warren_sandbox *any_alive(struct warren_engine *e)
{
	pthread_mutex_lock(&e->lock);
	struct warren_sandbox *s = e->alive ? wr_sandbox_ref(e->alive) : NULL;
	pthread_mutex_unlock(&e->lock);
	return s;
}

/* A killed sandbox is alive in our books until its owner has seen the HUP. */
static bool wait_until_gone(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&e->lock);
	while (!s->gone && r == 0)
		r = pthread_cond_clockwait(&e->changed, &e->lock, CLOCK_MONOTONIC, &until);
	bool gone = s->gone;
	pthread_mutex_unlock(&e->lock);
	return gone;
}

void warren_engine_free(struct warren_engine *e)
{
	struct warren_sandbox *s;
	bool gone = true;

	if (!e)
		return;
	/* else stuck in the kernel; its listener closes with us */
	while (gone && (s = any_alive(e))) {
		gone = warren_sandbox_kill(s, 10000) == 0 && wait_until_gone(s);
		wr_sandbox_unref(s);
	}
	engine_destroy(e);
}

int warren_engine_add_handler(struct warren_engine *e, const char *syscall, enum warren_handler_when when,
			      warren_handler_fn fn, void *user)
{
	bool found = false;

	if (atomic_load(&e->used))
		return -EBUSY;
	for (unsigned i = 0; i < wr_table_len; i++) {
		if (strcmp(wr_table[i].canonical, syscall) || !wr_table[i].handler)
			continue;
		struct wr_custom **at = when == WARREN_BEFORE ? &e->before[i] : &e->after[i];
		while (*at)
			at = &(*at)->next;
		*at = malloc(sizeof(**at));
		if (!*at)
			return -ENOMEM;
		**at = (struct wr_custom){NULL, fn, user};
		found = true;
	}
	return found ? 0 : -ENOENT;
}

/* The listener of each, and what the process and its threads need: a ring and an eventfd for each worker,
 * some fds in every handler, a tracer or a launch; half of a small limit. */
unsigned warren_engine_capacity(const struct warren_engine *e)
{
	struct rlimit lim;
	rlim_t own = 128 + 8 * (e->n_workers + WR_SPARE_WORKERS + e->n_hot);

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return 0;
	if (own > lim.rlim_cur / 2)
		own = lim.rlim_cur / 2;
	return lim.rlim_cur - own > UINT_MAX ? UINT_MAX : (unsigned)(lim.rlim_cur - own);
}
