/* SPDX-License-Identifier: Apache-2.0 */
/* The side pool. Every job gets a thread at once (started when none is idle), so that one that waits for
 * another (two ends of a FIFO) is never queued behind it; the number of jobs is what is bounded.
 *
 * The monitor looks at a few jobs every few milliseconds, in turn: is the notification still valid, is there
 * a signal for the task? If so it sends WR_SIDE_SIGNAL to the job's thread, again and again until the job has
 * left the list of running jobs: a signal that arrives just before the blocking call is thus not lost. It is
 * sent and the job is taken off under the same lock, so it never hits a thread that does something else. */
#define _GNU_SOURCE
#include "engine.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define WR_SIDE_SIGNAL SIGRTMAX
#define SANDBOX_MAX    256  /* jobs of one sandbox */
#define ENGINE_MAX     1024 /* of all; fewer where fds are scarce */
#define MODEST	       16   /* a sandbox with fewer may use the last quarter, too */
#define JOB_FDS	       4    /* what a job holds, at most a quarter of all fds */
#define STACK	       (256 * 1024)
#define IDLE_SECS      5
#define CHECKS	       16	   /* jobs looked at in one round */
#define TICK_NS	       5000000ULL  /* between rounds */
#define OLD_TICK_NS    20000000ULL /* when every job is older than OLD_NS */
#define OLD_NS	       1000000000ULL

struct job {
	struct warren_request rq; /* first: a handler's request is its job */
	struct job *next, **link; /* in the queue, or among the running */
	wr_side_fn fn;
	void *data;
	void (*free_data)(void *);
	uint64_t start;
	pid_t thread;
	int status_fd; /* /proc/TID/status of the guest's task */
	struct pollfd watch;
	unsigned seen;	/* rounds in a row with a signal that may be another thread's */
	bool sure;	/* the signal is this task's: it may be answered with -ERESTARTSYS directly */
	atomic_int why; /* see wr_side_interrupted() */
};

struct wr_side {
	struct warren_engine *engine;
	pthread_mutex_t lock;
	pthread_cond_t work, monitor, thread_ended;
	struct job *queue, **queue_end;
	struct job *running, **running_end; /* the next to be looked at comes first */
	unsigned jobs, max, queued, threads, idle;
	bool stop, monitor_runs;
};

/* ---- the monitor ---- */

static uint64_t field(const char *text, const char *key, int base)
{
	const char *at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

/* Does a signal wait for this task? It is certainly this task's if it was sent to the thread, or if there is
 * no other thread. If not, the thread that the kernel has chosen for it takes it soon, unless it is this one.
 */
static bool signalled(struct job *j)
{
	char buf[8192];
	ssize_t n = pread(j->status_fd, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return false; /* the task is gone, or going */
	buf[n] = '\0';
	uint64_t open = ~field(buf, "\nSigBlk:", 16);
	bool own = field(buf, "\nSigPnd:", 16) & open, shared = field(buf, "\nShdPnd:", 16) & open;
	j->sure = own || (shared && field(buf, "\nThreads:", 10) == 1);
	j->seen = shared ? j->seen + 1 : 0;
	return j->sure || j->seen >= 3;
}

static void look(struct wr_side *s, struct job *j)
{
	bool wake = false;

	if (s->stop || !wr_request_alive(&j->rq))
		atomic_store(&j->why, -ENOENT);
	else if (!atomic_load(&j->why) && signalled(j))
		atomic_store(&j->why, -WR_ERESTARTSYS);
	else if (j->watch.fd >= 0)
		wake = poll(&j->watch, 1, 0) == 1;
	if (wake || atomic_load(&j->why))
		syscall(SYS_tgkill, getpid(), j->thread, WR_SIDE_SIGNAL);
}

static void link_last(struct job ***end, struct job *j)
{
	j->next = NULL;
	j->link = *end;
	**end = j;
	*end = &j->next;
}

static void unlink_job(struct job ***end, struct job *j)
{
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	else
		*end = j->link;
}

static void *monitor(void *arg)
{
	struct wr_side *s = arg;
	struct timespec until;

	pthread_mutex_lock(&s->lock);
	while (!s->stop || s->running) {
		if (!s->running) {
			pthread_cond_wait(&s->monitor, &s->lock);
			continue;
		}
		uint64_t tick = OLD_TICK_NS, now = wr_now_ns();
		for (int i = 0; i < CHECKS && s->running; i++) {
			struct job *j = s->running;
			if (now - j->start < OLD_NS || atomic_load(&j->why))
				tick = TICK_NS;
			look(s, j);
			unlink_job(&s->running_end, j);
			link_last(&s->running_end, j);
			if (s->running->next == NULL)
				break;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		uint64_t ns = (uint64_t)until.tv_nsec + tick;
		until.tv_sec += (time_t)(ns / 1000000000);
		until.tv_nsec = (long)(ns % 1000000000);
		pthread_mutex_unlock(&s->lock);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		pthread_mutex_lock(&s->lock);
	}
	s->monitor_runs = false;
	pthread_cond_broadcast(&s->thread_ended);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the threads ---- */

static void answer(struct job *j, struct warren_verdict *v)
{
	if (v->kind != WARREN_RETURN || v->value != -WR_ERESTARTSYS || j->sure) {
		wr_reply(&j->rq, v);
		return;
	}
	/* The kernel acts on -ERESTARTSYS only when it goes to look for signals; a stop by ptrace makes it.
	 */
	struct warren_verdict restart = {.kind = WARREN_SUBSTITUTE, .fd = -1, .sub = wr_subst_new()};
	if (!restart.sub)
		restart = warren_return(-ENOMEM);
	else
		restart.sub->restart_only = true;
	wr_reply(&j->rq, &restart);
}

static void release(struct wr_side *s, struct job *j)
{
	struct warren_sandbox *sandbox = j->rq.sandbox;

	if (j->free_data)
		j->free_data(j->data);
	atomic_fetch_sub(&sandbox->side_jobs, 1);
	warren_sandbox_unref(sandbox);
	wr_cleanup_close(&j->status_fd);
	free(j);
	pthread_mutex_lock(&s->lock);
	s->jobs--;
	pthread_mutex_unlock(&s->lock);
}

static void serve(struct wr_side *s, struct job *j)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/status", j->rq.tid);
	j->status_fd = open(path, O_RDONLY | O_CLOEXEC);
	pthread_mutex_lock(&s->lock);
	link_last(&s->running_end, j);
	pthread_cond_signal(&s->monitor);
	pthread_mutex_unlock(&s->lock);

	struct warren_verdict v = j->fn(&j->rq, j->data);

	pthread_mutex_lock(&s->lock);
	unlink_job(&s->running_end, j);
	pthread_mutex_unlock(&s->lock);
	answer(j, &v);
	release(s, j);
}

/* The next job, or NULL when there was none for a while. Called and returns with the lock held. */
static struct job *next_job(struct wr_side *s)
{
	struct timespec until;

	while (!s->queue) {
		if (s->stop)
			return NULL;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += IDLE_SECS;
		s->idle++;
		int r = pthread_cond_timedwait(&s->work, &s->lock, &until);
		s->idle--;
		if (r == ETIMEDOUT && !s->queue)
			return NULL;
	}
	struct job *j = s->queue;
	unlink_job(&s->queue_end, j);
	s->queued--;
	return j;
}

static void *run(void *arg)
{
	struct wr_side *s = arg;
	struct wr_thread thread = {.pthread = pthread_self()};
	struct wr_scratch *scratch = malloc(sizeof(*scratch));
	int ready = scratch ? wr_thread_begin(&thread) : -ENOMEM;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, WR_SIDE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_mutex_lock(&s->lock);
	for (struct job *j; (j = next_job(s));) {
		pthread_mutex_unlock(&s->lock);
		j->thread = gettid();
		j->rq.thread = &thread;
		j->rq.scratch = scratch;
		if (ready == 0) {
			serve(s, j);
		} else {
			struct warren_verdict v = warren_return(ready);
			wr_reply(&j->rq, &v);
			release(s, j);
		}
		pthread_mutex_lock(&s->lock);
	}
	s->threads--;
	pthread_cond_broadcast(&s->thread_ended);
	pthread_mutex_unlock(&s->lock);
	free(scratch);
	return NULL;
}

/* ---- submission ---- */

static int spawn(void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t th;

	int r = pthread_attr_init(&attr);
	if (r)
		return -r;
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&th, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return r;
}

/* With the lock held: is there room, and a thread? */
static int admit(struct wr_side *s, struct warren_sandbox *sandbox)
{
	unsigned mine = atomic_load(&sandbox->side_jobs);
	unsigned max = mine < MODEST ? s->max : s->max / 4 * 3;

	if (s->stop || mine >= SANDBOX_MAX || s->jobs >= max)
		return -ENOMEM;
	if (!s->monitor_runs) {
		if (spawn(monitor, s) < 0)
			return -ENOMEM;
		s->monitor_runs = true;
	}
	if (s->queued >= s->idle) {
		if (spawn(run, s) < 0)
			return -ENOMEM;
		s->threads++;
	}
	return 0;
}

struct warren_verdict wr_side_run(struct warren_request *rq, wr_side_fn fn, void *data,
				  void (*free_data)(void *))
{
	struct wr_side *s = rq->sandbox->engine->side;
	struct job *j = malloc(sizeof(*j));
	int r = -ENOMEM;

	if (j) {
		*j = (struct job){.rq = *rq,
				  .fn = fn,
				  .data = data,
				  .free_data = free_data,
				  .start = wr_now_ns(),
				  .status_fd = -1,
				  .watch = {.fd = -1}};
		j->rq.path = NULL; /* the worker's buffer */
		j->rq.builtin = NULL;
		pthread_mutex_lock(&s->lock);
		r = admit(s, rq->sandbox);
		if (r == 0) {
			wr_sandbox_ref(rq->sandbox);
			atomic_fetch_add(&rq->sandbox->side_jobs, 1);
			s->jobs++;
			s->queued++;
			link_last(&s->queue_end, j);
			pthread_cond_signal(&s->work);
		}
		pthread_mutex_unlock(&s->lock);
	}
	if (r == 0)
		return (struct warren_verdict){.kind = WARREN_DEFERRED, .fd = -1};
	free(j);
	if (free_data)
		free_data(data);
	return warren_return(r);
}

int wr_side_interrupted(const struct warren_request *rq)
{
	return atomic_load(&((const struct job *)rq)->why);
}

void wr_side_watch(struct warren_request *rq, int fd, short events)
{
	struct job *j = (struct job *)rq;
	struct wr_side *s = rq->sandbox->engine->side;

	pthread_mutex_lock(&s->lock);
	j->watch = (struct pollfd){.fd = fd, .events = events};
	pthread_mutex_unlock(&s->lock);
}

static void wake(int sig)
{
	(void)sig;
}

int wr_side_new(struct warren_engine *e, struct wr_side **ret)
{
	/* no SA_RESTART: what it is for is to end a call */
	const struct sigaction sa = {.sa_handler = wake};
	struct wr_side *s = calloc(1, sizeof(*s));
	struct rlimit lim;

	if (!s)
		return -ENOMEM;
	if (sigaction(WR_SIDE_SIGNAL, &sa, NULL) < 0) {
		free(s);
		return -errno;
	}
	s->engine = e;
	s->max = ENGINE_MAX;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur / (4 * JOB_FDS) < ENGINE_MAX)
		s->max = (unsigned)lim.rlim_cur / (4 * JOB_FDS);
	s->queue_end = &s->queue;
	s->running_end = &s->running;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	pthread_cond_init(&s->monitor, NULL);
	pthread_cond_init(&s->thread_ended, NULL);
	*ret = s;
	return 0;
}

void wr_side_free(struct wr_side *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->monitor);
	while (s->threads || s->monitor_runs)
		pthread_cond_wait(&s->thread_ended, &s->lock);
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->monitor);
	pthread_cond_destroy(&s->thread_ended);
	free(s);
}
