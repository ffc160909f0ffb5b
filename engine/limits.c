/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "limits.h"
#include "engine.h"
#include <string.h>
#include <sys/wait.h>

#define LOOK_MS	    50
#define REST_RATIO  20 /* looking takes at most this part of a CPU */
#define MEMORY_MIN  (1U << 20)
#define LAYER_SLACK (16U << 20)

static const char *const names[] = {
	[WARREN_LIMIT_NONE] = "none",		[WARREN_LIMIT_MEMORY] = "memory",
	[WARREN_LIMIT_PROCESSES] = "processes", [WARREN_LIMIT_CPU] = "cpu",
	[WARREN_LIMIT_WALL] = "wall",		[WARREN_LIMIT_FILE_SIZE] = "file-size",
	[WARREN_LIMIT_LAYER] = "layer-size",
};

const char *warren_limit_name(enum warren_limit l)
{
	return (unsigned)l < WR_ARRAY_SIZE(names) ? names[l] : "none";
}

int warren_limits_check(const struct warren_limits *l, char *why, size_t size)
{
	char cgroup[256];

	if (l->memory && l->memory < MEMORY_MIN) {
		snprintf(why, size, "a limit of memory below 1 MiB lets nothing run");
		return -EINVAL;
	}
	/* asked in any case: this makes the place, while that is possible (warren_confine_writes()) */
	if (!l->memory || wr_cgroup_available(cgroup, sizeof(cgroup)) == 0 || l->best_effort)
		return 0;
	snprintf(why, size,
		 "memory cannot be limited strictly here, this process can make no cgroup for it: %s; "
		 "best-effort "
		 "limits it for each process and looks at the sum now and then",
		 cgroup);
	return -EOPNOTSUPP;
}

/* The first that was reached is the one that is told. */
static bool hit(struct warren_sandbox *s, enum warren_limit l)
{
	int none = WARREN_LIMIT_NONE;

	return atomic_compare_exchange_strong(&s->limited.hit, &none, l);
}

/* ---- processes ---- */

static void kick(struct wr_limiter *l)
{
	pthread_mutex_lock(&l->lock);
	l->kick = true;
	pthread_cond_signal(&l->cond);
	pthread_mutex_unlock(&l->lock);
}

/* ---- of all sandboxes together ---- */

struct share { /* of one sandbox, by its tag */
	uint64_t tag, memory;
	unsigned processes;
};
struct shares {
	struct share *list;
	size_t n, room;
	bool exact; /* memory: each page by its share */
	bool memory;
};

static void add_share(void *user, pid_t pid, uint64_t tag)
{
	struct shares *sh = user;
	size_t i = 0;

	while (i < sh->n && sh->list[i].tag != tag)
		i++;
	if (i == sh->room) {
		size_t room = 2 * sh->room + 64;
		struct share *list = realloc(sh->list, room * sizeof(*list));
		if (!list)
			return;
		sh->list = list;
		sh->room = room;
	}
	if (i == sh->n)
		sh->list[sh->n++] = (struct share){.tag = tag};
	sh->list[i].processes++;
	if (sh->memory)
		sh->list[i].memory += wr_process_memory(pid, sh->exact);
}

static void count_shares(struct shares *sh, struct share *ret_sum)
{
	*ret_sum = (struct share){0};
	sh->n = 0;
	wr_tag_each(wr_tag_base(), WR_TAG_SUPERVISOR, add_share, sh);
	for (size_t i = 0; i < sh->n; i++) {
		ret_sum->memory += sh->list[i].memory;
		ret_sum->processes += sh->list[i].processes;
	}
}

static uint64_t largest(const struct shares *sh, bool memory)
{
	const struct share *best = sh->list;

	for (size_t i = 1; i < sh->n; i++)
		if (memory ? sh->list[i].memory > best->memory : sh->list[i].processes > best->processes)
			best = &sh->list[i];
	return sh->n ? best->tag : 0;
}

/* The sandbox with this tag is over a limit of all. False: it is not known, or ends already. */
static bool hit_tag(struct wr_limiter *l, uint64_t tag, enum warren_limit which)
{
	bool done = false;

	pthread_mutex_lock(&l->lock);
	for (struct warren_sandbox *s = l->list; s && !done; s = s->limited.next)
		if (s->tag == tag)
			done = hit(s, which);
	pthread_mutex_unlock(&l->lock);
	return done;
}

/* Where no cgroup does it. */
static void look_at_all(struct wr_limiter *l)
{
	struct shares sh = {.memory = true};
	struct share sum;

	if (!l->max.memory || l->in_cgroup)
		return;
	count_shares(&sh, &sum);
	if (sum.memory > l->max.memory) { /* pages that are shared were counted for each */
		sh.exact = true;
		count_shares(&sh, &sum);
		if (sum.memory > l->max.memory)
			hit_tag(l, largest(&sh, true), WARREN_LIMIT_MEMORY);
	}
	free(sh.list);
}

/* One more process, of all: may it be? If not, the sandbox with the most ends, which may be another one. As
 * below, forks are counted, and processes when these may have used up the limit. */
static void fork_of_all(struct wr_limiter *l)
{
	struct shares sh = {0};
	struct share sum;

	if (!l->max.processes || atomic_fetch_add(&l->processes, 1) < l->max.processes)
		return;
	count_shares(&sh, &sum);
	atomic_store(&l->processes, sum.processes + 1);
	if (sum.processes >= l->max.processes && hit_tag(l, largest(&sh, false), WARREN_LIMIT_PROCESSES))
		kick(l);
	free(sh.list);
}

/* A count of forks is an upper bound of the processes, because nobody tells of ends. When it gets to the
 * limit they are counted. A fork that was let go on and has not happened yet is then missed: the limit may be
 * passed by one process for each thread that was in a fork at that moment, until the next count. */
bool wr_limit_fork(struct warren_sandbox *s)
{
	struct wr_limited *l = &s->limited;

	fork_of_all(&s->engine->limiter);
	if (!l->max.processes)
		return !atomic_load(&l->hit);
	if (atomic_load(&l->hit))
		return false; /* it is being killed */
	if (atomic_fetch_add(&l->processes, 1) < l->max.processes)
		return true;
	int n = wr_tag_count(s->tag);
	if (n >= 0 && (unsigned)n < l->max.processes) {
		atomic_store(&l->processes, (unsigned)n + 1);
		return true;
	}
	if (hit(s, WARREN_LIMIT_PROCESSES))
		kick(&s->engine->limiter);
	return false;
}

/* ---- the look ---- */

struct look { /* at one sandbox */
	struct warren_sandbox *s;
	uint64_t cpu_us, memory;
};

static int by_tag(const void *a, const void *b)
{
	uint64_t x = ((const struct look *)a)->s->tag, y = ((const struct look *)b)->s->tag;

	return x < y ? -1 : x > y;
}

static bool needs_scan(const struct warren_sandbox *s)
{
	const struct wr_limited *l = &s->limited;
	bool counted = l->cgroup.dir >= 0;

	return (l->max.memory && !counted) || (l->max.cpu_ms && (!counted || !wr_cgroup_cpu_us(&l->cgroup)));
}

static void look_at(struct look *at, pid_t pid)
{
	const struct wr_limited *l = &at->s->limited;

	if (l->max.cpu_ms)
		at->cpu_us += wr_process_cpu_us(pid);
	if (l->max.memory && l->cgroup.dir < 0)
		at->memory += wr_process_memory(pid, false);
}

struct scan {
	struct look *list;
	unsigned n;
};

static void scan_one(void *user, pid_t pid, uint64_t tag)
{
	struct scan *sc = user;
	struct warren_sandbox key = {.tag = tag};
	struct look want = {.s = &key}, *at = bsearch(&want, sc->list, sc->n, sizeof(*sc->list), by_tag);

	if (at)
		look_at(at, pid);
}

static void sum_shared(void *user, pid_t pid, uint64_t tag)
{
	(void)tag;
	*(uint64_t *)user += wr_process_memory(pid, true);
}

/* Memory that processes share by fork was counted for each of them: before that is held against a sandbox it
 * is counted again, each page by its share. */
static bool over_memory(struct look *at)
{
	uint64_t sum = 0, max = at->s->limited.max.memory;

	if (at->memory <= max)
		return false;
	wr_tag_each(at->s->tag, UINT64_MAX, sum_shared, &sum);
	return sum > max;
}

/* The time of ended processes is in their parents' when these waited for them, else it drops out of the sum.
 */
static bool over_cpu(struct look *at)
{
	struct wr_limited *l = &at->s->limited;
	uint64_t counted = wr_cgroup_cpu_us(&l->cgroup);

	if (counted)
		return counted > l->max.cpu_ms * 1000;
	if (at->cpu_us < l->cpu_seen)
		l->cpu_lost += l->cpu_seen - at->cpu_us;
	l->cpu_seen = at->cpu_us;
	return l->cpu_seen + l->cpu_lost > l->max.cpu_ms * 1000;
}

/* Files without a name are in no directory any more, but as long as somebody has them open. */
static bool over_layers(const struct warren_sandbox *s)
{
	for (size_t i = 0; i < s->policy->n_layers; i++) {
		const struct wr_layer_spec *spec = &s->policy->layers[i];
		struct wr_layer_usage u;
		struct stat st;
		if (!spec->max_bytes || wr_layer_measure(spec->layer, &u) < 0 ||
		    fstat(wr_layer_dir(spec->layer, 0), &st) < 0)
			continue;
		u.bytes += wr_unlinked_bytes(s->tag, st.st_dev);
		if (u.bytes > spec->max_bytes + spec->max_bytes / 8 + LAYER_SLACK)
			return true;
	}
	return false;
}

static void judge(struct look *at, uint64_t now)
{
	struct warren_sandbox *s = at->s;
	struct wr_limited *l = &s->limited;

	if (!atomic_load(&l->hit)) {
		if (l->max.wall_ms && now - s->start_ns > l->max.wall_ms * 1000000)
			hit(s, WARREN_LIMIT_WALL);
		else if (wr_cgroup_out_of_memory(&l->cgroup) || (l->max.memory && over_memory(at)))
			hit(s, WARREN_LIMIT_MEMORY);
		else if (l->max.cpu_ms && over_cpu(at))
			hit(s, WARREN_LIMIT_CPU);
		else if (l->layers && over_layers(s))
			hit(s, WARREN_LIMIT_LAYER);
	}
	/* Again and again until its end: what forks while it is searched may be missed. */
	if (atomic_load(&l->hit) && !wr_cgroup_kill(&l->cgroup))
		wr_tag_kill(s->tag, UINT64_MAX);
}

static void look(struct wr_limiter *l)
{
	struct scan sc = {0};
	bool scan = false;

	pthread_mutex_lock(&l->lock);
	sc.list = calloc(l->n + 1, sizeof(*sc.list));
	for (struct warren_sandbox *s = sc.list ? l->list : NULL; s; s = s->limited.next) {
		sc.list[sc.n++].s = wr_sandbox_ref(s);
		scan |= needs_scan(s);
	}
	pthread_mutex_unlock(&l->lock);
	if (scan) {
		qsort(sc.list, sc.n, sizeof(*sc.list), by_tag);
		wr_tag_each(wr_tag_base(), WR_TAG_SUPERVISOR, scan_one, &sc);
	}
	look_at_all(l);
	uint64_t now = wr_now_ns();
	for (unsigned i = 0; i < sc.n; i++) {
		judge(&sc.list[i], now);
		wr_sandbox_unref(sc.list[i].s);
	}
	free(sc.list);
	wr_cgroup_remove_left();
}

/* With the lock: when to look next. */
static uint64_t next_look(const struct wr_limiter *l, uint64_t spent)
{
	uint64_t now = wr_now_ns(), pause = LOOK_MS * 1000000ULL;

	if (pause < spent * REST_RATIO)
		pause = spent * REST_RATIO;
	uint64_t at = now + pause;
	for (const struct warren_sandbox *s = l->list; s; s = s->limited.next) {
		uint64_t end = s->start_ns + s->limited.max.wall_ms * 1000000;
		if (s->limited.max.wall_ms && !atomic_load(&s->limited.hit) && end < at)
			at = end + 1;
	}
	return at;
}

static void *run(void *arg)
{
	struct wr_limiter *l = arg;
	uint64_t spent = 0;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (!l->list) {
			pthread_cond_wait(&l->cond, &l->lock);
			continue;
		}
		uint64_t at = next_look(l, spent);
		const struct timespec until = {.tv_sec = (time_t)(at / 1000000000),
					       .tv_nsec = (long)(at % 1000000000)};
		if (!l->kick)
			pthread_cond_clockwait(&l->cond, &l->lock, CLOCK_MONOTONIC, &until);
		l->kick = false;
		pthread_mutex_unlock(&l->lock);
		uint64_t begin = wr_now_ns();
		look(l);
		spent = wr_now_ns() - begin;
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int wr_limiter_init(struct wr_limiter *l, const struct warren_limits *max)
{
	char why[256];

	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->cond, NULL);
	if (!max)
		return 0;
	int r = warren_limits_check(max, why, sizeof(why));
	if (r < 0)
		return r;
	l->max = *max;
	if (max->memory && wr_cgroup_available(why, sizeof(why)) == 0)
		l->in_cgroup = wr_cgroup_limit_all(max->memory) == 0;
	return max->memory && !l->in_cgroup && !max->best_effort ? -EOPNOTSUPP : 0;
}

bool wr_limits_count(const struct warren_sandbox *s)
{
	return s->limited.max.processes || s->engine->limiter.max.processes;
}

void wr_limiter_stop(struct wr_limiter *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->cond);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->cond);
}

/* ---- a sandbox's course ---- */

int wr_limits_set(struct warren_sandbox *s, const struct warren_limits *max, int *ret_procs)
{
	struct wr_limited *l = &s->limited;
	char why[512];

	l->cgroup.dir = *ret_procs = -1;
	for (size_t i = 0; i < s->policy->n_layers; i++)
		l->layers |= s->policy->layers[i].max_bytes > 0;
	const struct wr_limiter *all = &s->engine->limiter;
	l->any = l->layers || all->max.memory || all->max.processes;
	if (!max && !all->in_cgroup)
		return 0;
	int r = max ? warren_limits_check(max, why, sizeof(why)) : 0;
	if (r < 0)
		return wr_policy_fail(s->policy, r, "%s", why);
	if (max)
		l->max = *max;
	l->any = true;
	atomic_store(&l->processes, 1);
	if ((!l->max.memory && !all->in_cgroup) || wr_cgroup_available(why, sizeof(why)) < 0)
		return 0;
	r = wr_cgroup_new(&l->cgroup, l->max.memory, ret_procs);
	if (r < 0 && l->max.best_effort) {
		*ret_procs = -1;
		return 0;
	}
	return r < 0 ? wr_policy_fail(s->policy, r, "no cgroup could be made for the limit of memory: %s",
				      strerror(-r))
		     : 0;
}

int wr_limits_begin(struct warren_sandbox *s)
{
	struct wr_limiter *l = &s->engine->limiter;
	sigset_t all, old;
	int r = 0;

	if (!s->limited.any)
		return 0;
	pthread_mutex_lock(&l->lock);
	if (!l->started) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		r = -pthread_create(&l->thread, NULL, run, l);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		l->started = r == 0;
	}
	if (!s->limited.ended) { /* its end may be seen first */
		s->limited.next = l->list;
		s->limited.link = &l->list;
		if (l->list)
			l->list->limited.link = &s->limited.next;
		l->list = s;
		l->n++;
		s->limited.listed = true;
	}
	pthread_cond_signal(&l->cond);
	pthread_mutex_unlock(&l->lock);
	return r;
}

void wr_limits_end(struct warren_sandbox *s)
{
	struct wr_limiter *l = &s->engine->limiter;

	if (!s->limited.any)
		return;
	pthread_mutex_lock(&l->lock);
	s->limited.ended = true;
	if (s->limited.listed) {
		s->limited.listed = false;
		*s->limited.link = s->limited.next;
		if (s->limited.next)
			s->limited.next->limited.link = s->limited.link;
		l->n--;
	}
	pthread_mutex_unlock(&l->lock);
}

/* Shells tell the signal that ended a command by their exit status. */
static int ending_signal(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) > 128 ? WEXITSTATUS(status) - 128 : 0;
}

void wr_limits_judge(struct warren_sandbox *s)
{
	struct wr_limited *l = &s->limited;
	const struct rusage *u = &s->rusage;

	if (!l->any || atomic_load(&l->hit))
		return;
	const int sig = ending_signal(s->status);
	uint64_t cpu_ms = (uint64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 +
			  (uint64_t)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
	if (wr_cgroup_out_of_memory(&l->cgroup))
		hit(s, WARREN_LIMIT_MEMORY);
	else if (l->max.file_size && sig == SIGXFSZ)
		hit(s, WARREN_LIMIT_FILE_SIZE);
	else if (l->max.cpu_ms && (sig == SIGXCPU || sig == SIGKILL) && cpu_ms >= l->max.cpu_ms)
		hit(s, WARREN_LIMIT_CPU);
	else if (l->max.memory && l->cgroup.dir < 0 && s->status &&
		 (uint64_t)u->ru_maxrss * 1024 >= l->max.memory)
		hit(s, WARREN_LIMIT_MEMORY);
}

void wr_limits_free(struct warren_sandbox *s)
{
	if (s->limited.any && wr_cgroup_remove(&s->limited.cgroup) == -EBUSY)
		wr_cgroup_leave(&s->limited.cgroup); /* its last process is on its way out */
}
