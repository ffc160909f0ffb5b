/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: as many threads as jobs may run at once. Each takes the next job, runs it in a sandbox of its own,
 * reads what it prints, and ends the whole sandbox with it. */
#define _GNU_SOURCE
#include "batch.h"
#include "../limits.h"
#include "../options.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOT_STACK (256 * 1024)
#define KILL_MS	   20000
#define STOP_MS	   200 /* from the end of a job to the end of the batch, if one has made both */

struct running { /* one attempt at a job */
	struct batch *b;
	const struct job *job;
	struct result *r;
	struct warren_sandbox *s;
	struct job_layer *layer; /* NULL: none */
	int in, out[2], err[2];	 /* out, err: read end, write end */
	struct buffer line[2];	 /* SHOW_FOLLOW: the part of a line that is here already */
};

static double monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void batch_stop(struct batch *b)
{
	uint64_t one = 1;

	atomic_store(&b->stop, true);
	(void)!write(b->stop_fd, &one, sizeof(one));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- what it prints ---- */

static void keep(struct buffer *buf, const char *data, size_t len, size_t limit)
{
	size_t fits = len <= limit - buf->len ? len : limit - buf->len;

	if (buf->len + fits > buf->room) {
		size_t room = (buf->len + fits) * 2;
		char *d = realloc(buf->data, room);
		if (!d) {
			buf->dropped += len;
			return;
		}
		buf->data = d;
		buf->room = room;
	}
	if (fits)
		memcpy(buf->data + buf->len, data, fits);
	buf->len += fits;
	buf->dropped += len - fits;
}

/* Reads what is there. False: the end. */
static bool drain(struct running *run, bool err, int fd)
{
	struct batch *b = run->b;
	char data[16384];

	for (;;) {
		ssize_t n = read(fd, data, sizeof(data));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		if (b->show == SHOW_FOLLOW) {
			pthread_mutex_lock(&b->lock);
			output_follow(b, run->job, &run->line[err], err, data, (size_t)n, false);
			pthread_mutex_unlock(&b->lock);
		}
		if (b->show == SHOW_GROUPED)
			keep(err ? &run->r->err : &run->r->out, data, (size_t)n, b->output_limit);
	}
}

/* ---- how it starts ---- */

static size_t env_set(char **env, size_t n, char *item)
{
	size_t len = strcspn(item, "=") + 1, at = 0;

	while (at < n && strncmp(env[at], item, len))
		at++;
	env[at] = item;
	return n + (at == n);
}

/* The strings are borrowed. */
static char **job_env(const struct batch *b, const struct job *job)
{
	size_t n = 0, extra = 0;

	while (b->env[n])
		n++;
	while (job->env && job->env[extra])
		extra++;
	char **env = malloc((n + extra + 1) * sizeof(*env));
	if (!env)
		return NULL;
	memcpy(env, b->env, n * sizeof(*env));
	for (size_t i = 0; i < extra; i++)
		n = env_set(env, n, job->env[i]);
	env[n] = NULL;
	return env;
}

static int open_streams(struct running *run)
{
	const char *input = run->job->input ? run->job->input : "/dev/null";

	run->in = open(input, O_RDONLY | O_CLOEXEC | (run->job->input ? 0 : O_NONBLOCK));
	if (run->in < 0)
		return -errno;
	if (pipe2(run->out, O_CLOEXEC) < 0 || pipe2(run->err, O_CLOEXEC) < 0)
		return -errno;
	fcntl(run->out[0], F_SETFL, O_NONBLOCK);
	fcntl(run->err[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* Most jobs leave nothing: that is known without a look. */
static void look_at_layer(struct running *run)
{
	if (warren_policy_fresh(layer_policy(run->layer)) == 0 || (run->b->collect && run->job->outputs))
		collect(run->b, run->job, layer_dir(run->layer), run->r);
	else
		run->r->use = (struct layer_use){.known = true};
}

/* After the sandbox has ended. */
static void end_layer(struct running *run)
{
	struct result *r = run->r;

	if (!run->layer)
		return;
	if (r->layer) { /* of the try before */
		layer_remove(r->layer);
		free(r->layer);
		r->layer = NULL;
	}
	if (r->outcome != JOB_CANCELLED && r->outcome != JOB_NO_START)
		look_at_layer(run);
	bool failed = r->outcome != JOB_PASSED && r->outcome != JOB_CANCELLED;
	if (failed && run->b->keep_failed)
		r->layer = layer_keep(run->layer, run->job->command);
	else
		layer_give(run->b, run->layer);
}

static int start(struct running *run)
{
	struct batch *b = run->b;
	int r = open_streams(run);

	if (r < 0) {
		if (run->in < 0 &&
		    asprintf(&run->r->error, "standard input '%s': %s", run->job->input, strerror(-r)) < 0)
			run->r->error = NULL;
		return r;
	}
	if (b->sandbox->n_cow && (r = layer_take(b, run->job->command, &run->layer, &run->r->error)) < 0)
		return r;
	struct warren_policy *policy = run->layer ? layer_policy(run->layer) : b->policy;
	const char *cwd = run->job->cwd || b->z ? run->job->cwd : b->cwd; /* a zygote is there already */
	char **env = b->z ? NULL : job_env(b, run->job);
	if (!env && !b->z)
		return -ENOMEM;
	struct warren_limits limits = run->job->limits;
	limits_merge(&limits, &b->sandbox->limits);
	const struct warren_command cmd = {.argv = run->job->argv,
					   .envp = b->z ? run->job->env : env,
					   .cwd = cwd,
					   .stdio = {run->in, run->out[1], run->err[1]},
					   .limits = limits_any(&limits) ? &limits : NULL,
					   .new_session = 1};
	sigset_t mask;
	signals_as_given(b, &mask);
	r = b->z ? warren_zygote_fork(b->z, policy, &cmd, &run->s)
		 : warren_sandbox_start(b->engine, policy, &cmd, &run->s);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (r < 0 && (run->layer || b->z) && *warren_policy_error(policy))
		run->r->error = strdup(warren_policy_error(policy));
	free(env);
	close_fd(&run->in);
	close_fd(&run->out[1]);
	close_fd(&run->err[1]);
	return r;
}

/* ---- how it ends ---- */

enum why { ENDED, TIME_IS_UP, STOPPED };

/* Until the program has ended, its time is up, or the batch is stopped. */
static enum why watch(struct running *run, double limit)
{
	double end = monotonic() + limit;
	struct pollfd p[4] = {{.fd = warren_sandbox_pidfd(run->s), .events = POLLIN},
			      {.fd = run->b->stop_fd, .events = POLLIN},
			      {.fd = run->out[0], .events = POLLIN},
			      {.fd = run->err[0], .events = POLLIN}};

	for (;;) {
		int ms = -1;
		if (limit > 0) {
			double left = end - monotonic();
			if (left <= 0)
				return TIME_IS_UP;
			ms = left > 1000 ? 1000000 : (int)(left * 1000) + 1;
		}
		if (poll(p, 4, ms) < 0 && errno != EINTR)
			return STOPPED;
		for (int i = 2; i < 4; i++)
			if (p[i].revents && !drain(run, i == 3, p[i].fd))
				p[i].fd = -1;
		if (p[0].revents)
			return ENDED;
		if (p[1].revents)
			return STOPPED;
	}
}

/* Whether what ends the batch has ended the job: who stops all processes of a job of Slurm, or of a cgroup,
 * may come to ours first. Such a job has no result, or --resume would not run it again. */
static bool ended_with_batch(const struct running *run, int status)
{
	struct pollfd p = {.fd = run->b->stop_fd, .events = POLLIN};
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128;

	if (sig != SIGTERM && sig != SIGINT && sig != SIGHUP && sig != SIGKILL)
		return false;
	return poll(&p, 1, STOP_MS) > 0;
}

static void settle(struct running *run, enum why why)
{
	struct warren_stats st = {0};
	struct warren_result res;
	struct result *r = run->r;

	/* What it left running ends with it, and with that the pipes. */
	warren_sandbox_kill(run->s, KILL_MS);
	drain(run, false, run->out[0]);
	drain(run, true, run->err[0]);
	if (warren_sandbox_wait(run->s, KILL_MS, &res) < 0) {
		r->outcome = JOB_NO_START;
		r->error = strdup("it could not be killed");
		return;
	}
	r->user += (double)res.rusage.ru_utime.tv_sec + (double)res.rusage.ru_utime.tv_usec / 1e6;
	r->sys += (double)res.rusage.ru_stime.tv_sec + (double)res.rusage.ru_stime.tv_usec / 1e6;
	if (res.rusage.ru_maxrss > r->max_rss)
		r->max_rss = res.rusage.ru_maxrss;
	if (warren_stats_get(run->b->engine, run->s, &st) == 0)
		r->notifications += st.notifications;
	if (why == ENDED && !res.limit && ended_with_batch(run, res.status))
		why = STOPPED;
	if (why == STOPPED) {
		r->outcome = JOB_CANCELLED;
	} else if (why == TIME_IS_UP) {
		r->outcome = JOB_TIMEOUT;
	} else if (res.limit) {
		r->outcome = JOB_LIMIT;
		r->limit = res.limit;
	} else if (WIFSIGNALED(res.status)) {
		r->outcome = JOB_SIGNAL;
		r->signal = WTERMSIG(res.status);
	} else {
		r->exit = WEXITSTATUS(res.status);
		r->outcome = r->exit ? JOB_FAILED : JOB_PASSED;
	}
}

/* Nor will there be one for the other jobs. */
static void no_zygote(struct running *run)
{
	run->r->outcome = JOB_CANCELLED;
	if (!atomic_exchange(&run->b->zygote_ended, true))
		fprintf(stderr, "warren batch: --zygote: it has ended; so does the batch\n");
	batch_stop(run->b);
}

static void attempt(struct batch *b, const struct job *job, struct result *r)
{
	struct running run = {.b = b, .job = job, .r = r, .in = -1, .out = {-1, -1}, .err = {-1, -1}};
	double limit = job->timeout > 0 ? job->timeout : b->timeout;

	r->attempts++;
	r->out.len = r->err.len = 0;
	r->exit = r->signal = 0;
	free(r->error);
	r->error = NULL;
	int e = start(&run);
	if (e == -ECHILD && b->z) {
		no_zygote(&run);
	} else if (e == -EINTR && atomic_load(&b->stop)) {
		r->outcome = JOB_CANCELLED;
	} else if (e < 0) {
		r->outcome = JOB_NO_START;
		if (!r->error)
			r->error = strdup(strerror(-e));
	} else {
		settle(&run, watch(&run, limit));
		warren_sandbox_unref(run.s);
	}
	end_layer(&run);
	if (b->show == SHOW_FOLLOW) {
		pthread_mutex_lock(&b->lock);
		for (int i = 0; i < 2; i++)
			output_follow(b, job, &run.line[i], i, "", 0, true);
		pthread_mutex_unlock(&b->lock);
	}
	free(run.line[0].data);
	free(run.line[1].data);
	close_fd(&run.in);
	for (int i = 0; i < 2; i++) {
		close_fd(&run.out[i]);
		close_fd(&run.err[i]);
	}
}

static void run_job(struct batch *b, size_t index)
{
	const struct job *job = &b->jobs.list[index];
	struct result *r = &b->results[index];
	double began = monotonic();

	r->start = now_seconds();
	do
		attempt(b, job, r);
	while (r->outcome != JOB_PASSED && r->outcome != JOB_CANCELLED && r->attempts <= b->retries &&
	       !atomic_load(&b->stop));
	r->wall = monotonic() - began;

	pthread_mutex_lock(&b->lock);
	if (r->outcome != JOB_CANCELLED) {
		b->done++;
		b->failed += r->outcome != JOB_PASSED;
		int e = b->results_error ? 0 : result_write(b, job, r);
		if (e < 0) { /* what cannot be told must not be done: --resume would not know */
			b->results_error = e;
			batch_stop(b);
		}
		b->finished[index] = true;
		output_job(b, index);
	}
	pthread_mutex_unlock(&b->lock);
	if (b->fail_fast && r->outcome != JOB_PASSED && r->outcome != JOB_CANCELLED)
		batch_stop(b);
}

static void *slot(void *arg)
{
	struct batch *b = arg;

	while (!atomic_load(&b->stop)) {
		size_t index = atomic_fetch_add(&b->next, 1);
		if (index >= b->jobs.n)
			break;
		if (b->jobs.list[index].done_before)
			continue;
		atomic_fetch_add(&b->running, 1);
		run_job(b, index);
		atomic_fetch_sub(&b->running, 1);
	}
	return NULL;
}

int slots_run(struct batch *b)
{
	pthread_t *threads = calloc(b->slots, sizeof(*threads));
	pthread_attr_t attr;
	unsigned n = 0;
	int r = 0;

	if (!threads)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, SLOT_STACK);
	while (r == 0 && n < b->slots) {
		r = -pthread_create(&threads[n], &attr, slot, b);
		n += r == 0;
	}
	if (n) /* fewer slots than asked for do the work, too */
		r = 0;
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	free(threads);
	return r;
}
