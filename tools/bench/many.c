/* SPDX-License-Identifier: Apache-2.0 */
/* Many sandboxes, and many threads in one: how many null calls are answered in a second, next to a bare
 * io_uring loop over as many listeners; and what idle ones cost the one that is busy. */
#define _GNU_SOURCE
#include "../../bench/loop.h"
#include "bench.h"
#include "engine.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECONDS	   0.4
#define SETTLE_US  200000 /* until all have started */
#define MAX_ROUNDS 5
#define FEW	   10 /* idle sandboxes that cost nothing */

static const char guest[] = "/bench-guest";

static double cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

static double now_s(void)
{
	return (double)loop_now_ns() / 1e9;
}

/* ---- busy sandboxes ---- */

struct shape {
	unsigned sandboxes, workers;
};

static int busy(struct engine_run *run, double *v)
{
	const struct shape *shape = run->arg;
	struct warren_sandbox **box = calloc(shape->sandboxes, sizeof(struct warren_sandbox *));
	struct warren_stats a = {0}, z = {0};
	int r;

	run->options.workers = shape->workers;
	r = box ? engine_open(run, run->bench->dir) : -ENOMEM;
	for (unsigned i = 0; r == 0 && i < shape->sandboxes; i++)
		r = engine_start(run, WORDS(guest, "null", "1e9"), run->never, run->null, &box[i]);
	if (r < 0)
		return r;
	usleep(SETTLE_US);
	warren_stats_get(run->engine, NULL, &a);
	double t = now_s(), cpu = cpu_ns();
	usleep((useconds_t)(SECONDS * 1e6));
	warren_stats_get(run->engine, NULL, &z);
	double calls = (double)(z.notifications - a.notifications);
	v[0] = calls / (now_s() - t);
	v[1] = calls > 0 ? (cpu_ns() - cpu) / calls : 0;
	for (unsigned i = 0; i < shape->sandboxes; i++)
		engine_stop(box[i]);
	return 0;
}

static int bare(const struct bench *b, const struct shape *shape, double *v)
{
	char n[16], workers[16], seconds[16], text[256], why[300];

	snprintf(n, sizeof(n), "%u", shape->sandboxes);
	snprintf(workers, sizeof(workers), "%u", shape->workers);
	snprintf(seconds, sizeof(seconds), "%g", SECONDS);
	int r = sample_output(
		WORDS(b->floor, "--many", n, "--threads", workers, "--seconds", seconds, b->guest), b->dir,
		text, sizeof(text), why, sizeof(why));
	if (r < 0)
		fprintf(stderr, BENCH_NAME ": %s\n", why);
	return r < 0 ? r : sscanf(text, "per_s=%lf cpu_ns=%lf", &v[0], &v[1]) == 2 ? 0 : -EPROTO;
}

struct series {
	double per_s[MAX_ROUNDS], cpu_ns[MAX_ROUNDS];
	unsigned n;
};

static void put(struct series *s, int r, const double *v)
{
	s->per_s[s->n] = r < 0 ? -1 : v[0];
	s->cpu_ns[s->n++] = r < 0 ? -1 : v[1];
}

static void tell(cJSON *list, const char *who, unsigned sandboxes, unsigned threads, unsigned workers,
		 const struct series *s, bool cpu)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "sandboxes", sandboxes);
	cJSON_AddNumberToObject(o, "threads", threads);
	if (workers)
		cJSON_AddNumberToObject(o, "workers", workers);
	cJSON_AddStringToObject(o, "who", who);
	cJSON_AddItemToObject(o, "per_second", bench_samples(s->per_s, s->n));
	if (cpu)
		cJSON_AddItemToObject(o, "cpu_ns", bench_samples(s->cpu_ns, s->n));
	cJSON_AddItemToArray(list, o);
}

static void busy_shape(const struct bench *b, struct shape shape, unsigned rounds, cJSON *list)
{
	struct series ours = {0}, theirs = {0};
	double v[2];

	for (unsigned i = 0; i < rounds && !bench_stopped(); i++) {
		bench_progress("%u sandboxes, %u workers, round %u of %u", shape.sandboxes, shape.workers,
			       i + 1, rounds);
		if (*b->floor)
			put(&theirs, bare(b, &shape, v), v);
		put(&ours, engine_measure(b, busy, &shape, v, 2), v);
	}
	if (theirs.n)
		tell(list, "bare", shape.sandboxes, 1, shape.workers, &theirs, true);
	tell(list, "warren", shape.sandboxes, 1, shape.workers, &ours, true);
}

/* ---- one sandbox of many threads ---- */

/* workers: of the bare loop; warren's hot threads are as many as CPUs. */
static int threads_of(const struct bench *b, const char *who, unsigned threads, unsigned workers, double *v)
{
	char n[16], serving[16], seconds[16], nr[16], program[PATH_MAX], text[256], why[300];
	int r;

	snprintf(n, sizeof(n), "%u", threads);
	snprintf(serving, sizeof(serving), "%u", workers);
	snprintf(seconds, sizeof(seconds), "%g", SECONDS);
	snprintf(nr, sizeof(nr), "%d", SYS_readlinkat);
	snprintf(program, sizeof(program), "%s%s", b->dir, guest);
	if (!strcmp(who, "warren"))
		r = sample_output(
			WORDS(b->warren, "run", "--root", b->dir, "--", guest, "threads", n, seconds), b->dir,
			text, sizeof(text), why, sizeof(why));
	else if (!strcmp(who, "bare"))
		r = sample_output(WORDS(b->floor, "--pin", "none", "--threads", serving, "--null", nr,
					"--root", b->dir, "--", guest, "threads", n, seconds),
				  b->dir, text, sizeof(text), why, sizeof(why));
	else
		r = sample_output(WORDS(program, "threads", n, seconds), b->dir, text, sizeof(text), why,
				  sizeof(why));
	if (r < 0)
		fprintf(stderr, BENCH_NAME ": %u threads, %s: %s\n", threads, who, why);
	return r < 0 ? r : sscanf(text, "per_s=%lf", &v[0]) == 1 ? 0 : -EPROTO;
}

/* The bare loop in one thread, and in as many as warren has: that one is warren's measure. */
static void many_threads(const struct bench *b, unsigned threads, unsigned rounds, unsigned cpus, cJSON *list)
{
	const struct {
		const char *who;
		unsigned workers;
	} ways[] = {{"native", 0}, {"bare", 1}, {"bare", cpus}, {"warren", cpus}};
	struct series s[4] = {0};
	double v[2] = {0};

	for (unsigned i = 0; i < rounds && !bench_stopped(); i++) {
		bench_progress("%u threads, round %u of %u", threads, i + 1, rounds);
		for (size_t k = 0; k < 4; k++)
			if (strcmp(ways[k].who, "bare") || (*b->floor && (k == 2 || cpus > 1)))
				put(&s[k], threads_of(b, ways[k].who, threads, ways[k].workers, v), v);
	}
	for (size_t k = 0; k < 4; k++)
		if (s[k].n)
			tell(list, ways[k].who, 1, threads, ways[k].workers, &s[k], false);
}

/* ---- idle sandboxes ---- */

/* Nanoseconds for a null call of one more guest. */
static int one_more(struct engine_run *run, double *ret)
{
	struct warren_sandbox *s;
	struct warren_result res;
	char text[512] = "";
	int p[2], r;

	if (pipe(p) < 0)
		return -errno;
	r = engine_start(run, WORDS(guest, "null", "20000"), run->never, p[1], &s);
	close(p[1]);
	if (r == 0) {
		warren_sandbox_wait(s, -1, &res);
		if (read(p[0], text, sizeof(text) - 1) <= 0 || !strstr(text, "batch_ns="))
			r = -EPROTO;
		else
			*ret = strtod(strstr(text, "batch_ns=") + 9, NULL);
		engine_stop(s);
	}
	close(p[0]);
	return r;
}

static double resident(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int start_idle(struct engine_run *run, struct warren_sandbox **ret)
{
	return engine_start(run, WORDS(guest, "--wait", "null", "1"), run->never, run->null, ret);
}

/* v: a null call beside few, and beside all; memory of an idle sandbox; starts in a second. */
static int idle(struct engine_run *run, double *v)
{
	const unsigned n = *(const unsigned *)run->arg;
	struct warren_sandbox **box = calloc(n, sizeof(struct warren_sandbox *));
	unsigned have = 0;
	int r = box ? engine_open(run, run->bench->dir) : -ENOMEM;

	for (; r == 0 && have < FEW; have++)
		r = start_idle(run, &box[have]);
	if (r == 0)
		r = one_more(run, &v[0]);
	double memory = resident(), t = now_s();
	for (; r == 0 && have < n; have++)
		r = start_idle(run, &box[have]);
	v[2] = (resident() - memory) / (n - FEW);
	v[3] = (n - FEW) / (now_s() - t);
	if (r == 0)
		r = one_more(run, &v[1]);
	for (unsigned i = 0; r == 0 && i < n; i++)
		engine_stop(box[i]);
	return r;
}

static void idle_shape(struct bench *b, unsigned n, unsigned rounds, cJSON *list)
{
	static const char *const names[] = {"ns_few", "ns", "memory", "starts_per_second"};
	double v[4], all[4][MAX_ROUNDS];
	unsigned done = 0;
	char text[64];

	for (; done < rounds && !bench_stopped(); done++) {
		bench_progress("%u idle sandboxes, round %u of %u", n, done + 1, rounds);
		int r = engine_measure(b, idle, &n, v, 4);
		for (size_t k = 0; k < 4; k++)
			all[k][done] = r < 0 ? -1 : v[k];
		if (r < 0 && !bench_stopped()) {
			snprintf(text, sizeof(text), "%u idle sandboxes", n);
			bench_leave_out(b, text, "they could not be started");
			return;
		}
	}
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "sandboxes", n);
	cJSON_AddNumberToObject(o, "few", FEW);
	for (size_t k = 0; k < 4; k++)
		cJSON_AddItemToObject(o, names[k], bench_samples(all[k], done));
	cJSON_AddItemToArray(list, o);
}

/* ---- all ---- */

int many_measure(struct bench *b)
{
	static const unsigned sandboxes[] = {1, 10, 100, 1000}, threads[] = {4, 16, 64},
			      idles[] = {1000, 10000};
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned rounds = b->rounds > MAX_ROUNDS ? MAX_ROUNDS : b->rounds, most = b->quick ? 3 : 4;
	cJSON *list = cJSON_AddArrayToObject(b->results, "throughput");

	if (rounds > 3 && !b->rounds_given)
		rounds = 3;
	for (size_t i = 0; i < most; i += b->quick ? 2 : 1)
		for (unsigned workers = 1; workers <= cpus && !bench_stopped();
		     workers = workers < cpus && workers * 2 > cpus ? cpus : workers * 2)
			busy_shape(b, (struct shape){sandboxes[i], workers}, rounds, list);
	for (size_t i = b->quick ? 2 : 0; i < 3 && !bench_stopped(); i++)
		many_threads(b, threads[i], rounds, cpus, list);
	list = cJSON_AddArrayToObject(b->results, "idle");
	for (size_t i = 0; i < 2 && !b->quick && !bench_stopped(); i++)
		idle_shape(b, idles[i], b->rounds_given ? rounds : 1, list); /* ten thousand starts each */
	return bench_stopped() ? -EINTR : 0;
}
