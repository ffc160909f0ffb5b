/* SPDX-License-Identifier: Apache-2.0 */
/* stress_sandboxes SANDBOXES THREADS ALIVE: starts and ends sandboxes from several threads through the
 * library: programs that end by themselves, that are killed, that leave daemons behind, that are busy, that
 * are forgotten. ALIVE of them stay until the end. Afterwards descriptors, threads, children and memory are
 * back where they were. */
#include "held.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <warren/warren.h>

#define MAX_THREADS 64
#define SLACK_KIB   (16 * 1024L) /* what the allocator may keep */

static struct warren_engine *engine;
static struct warren_policy *policy;
static atomic_long left;

#define BUSY "i=0; while [ $i -lt 200 ]; do [ -r /etc/passwd ]; i=$((i + 1)); done; "

enum end { ENDS, KILLED, FORGOTTEN };

static const struct kind {
	const char *script;
	enum end end;
	int code;
} kinds[] = {
	{"exit 3", ENDS, 3},
	{BUSY "exit 4", ENDS, 4},
	{"kill -9 $$", ENDS, -SIGKILL},
	{"exec sleep 1000", KILLED, -SIGKILL},
	{BUSY "exec sleep 1000", KILLED, -SIGKILL},
	{"sleep 1000 & sleep 1000 & wait", KILLED, -SIGKILL},
	{"sleep 1000 & exit 5", ENDS, 5},
	{"(setsid sleep 1000 &); exit 6", ENDS, 6},
	{"exit 7", FORGOTTEN, 0},
	{"while :; do [ -e /none ]; done", KILLED, -SIGKILL},
};

static struct warren_sandbox *start(const char *script)
{
	char *const argv[] = {"/bin/sh", "-c", (char *)script, NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	const struct warren_command cmd = {.argv = argv, .envp = envp, .stdio = {-1, -1, -1}};
	struct warren_sandbox *s;
	int r = warren_sandbox_start(engine, policy, &cmd, &s);

	if (r < 0)
		fail("start: %s", warren_policy_error(policy));
	return s;
}

static void check_end(struct warren_sandbox *s, const struct kind *k)
{
	struct warren_result res;
	int r = warren_sandbox_wait(s, 60000, &res);

	if (r < 0)
		fail("'%s': wait: %s", k->script, strerror(-r));
	int code = WIFEXITED(res.status) ? WEXITSTATUS(res.status) : -WTERMSIG(res.status);
	if (code != k->code)
		fail("'%s': ended with %d instead of %d", k->script, code, k->code);
}

static void one(unsigned *seed)
{
	const struct kind *k = &kinds[(unsigned)rand_r(seed) % (sizeof(kinds) / sizeof(kinds[0]))];
	struct warren_sandbox *s = start(k->script);
	int r = 0;

	if (k->end == KILLED) {
		usleep((useconds_t)(rand_r(seed) % 20000));
		r = warren_sandbox_kill(s, 60000);
	} else if (k->end == ENDS) {
		check_end(s, k);
		r = warren_sandbox_kill(s, 60000); /* what it left running */
	}
	if (r < 0)
		fail("'%s': kill: %s", k->script, strerror(-r));
	if (k->end == KILLED)
		check_end(s, k);
	warren_sandbox_unref(s);
}

static void *work(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	while (atomic_fetch_sub(&left, 1) > 0)
		one(&seed);
	return NULL;
}

static void run_threads(long n, unsigned threads)
{
	pthread_t th[MAX_THREADS];

	atomic_store(&left, n);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&th[i], NULL, work, (void *)(uintptr_t)(i + 1)))
			fail("no thread");
	for (unsigned i = 0; i < threads; i++)
		pthread_join(th[i], NULL);
}

static void open_engine(void)
{
	const struct warren_engine_options opt = {.workers = 3};

	if (warren_engine_new(&opt, &engine) < 0 || warren_policy_new(&policy) < 0 ||
	    warren_policy_add_rule(policy, WARREN_READ, "/") < 0)
		fail("no engine");
}

static void close_engine(void)
{
	warren_engine_free(engine);
	warren_policy_unref(policy);
}

static void stay_alive(unsigned n)
{
	static const struct kind sleeper = {"exec sleep 1000", KILLED, -SIGKILL};
	struct warren_sandbox **s = calloc(n, sizeof(*s));

	for (unsigned i = 0; i < n; i++)
		s[i] = start(sleeper.script);
	run_threads(n / 10 + 10, 4); /* beside them */
	for (unsigned i = 0; i < n; i++) {
		if (i % 3 == 0) { /* left to the engine's end */
			warren_sandbox_unref(s[i]);
			continue;
		}
		if (warren_sandbox_kill(s[i], 60000) < 0)
			fail("kill of one of many");
		check_end(s[i], &sleeper);
		warren_sandbox_unref(s[i]);
	}
	free(s);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 200;
	unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 4,
		 alive = argc > 3 ? (unsigned)atoi(argv[3]) : 50;

	if (n < 1 || threads < 1 || threads > MAX_THREADS)
		fail("usage: stress_sandboxes SANDBOXES THREADS ALIVE");
	/* The first round fills caches that live as long as the process. */
	open_engine();
	run_threads(n / 10 + 20, threads);
	close_engine();
	struct held was = held_now();
	long kib = rss_kib();

	open_engine();
	run_threads(n, threads);
	stay_alive(alive);
	close_engine();
	held_expect(was, "at the end");
	held_no_child("at the end");
	long grown = rss_kib() - kib;
#ifndef __SANITIZE_THREAD__ /* which keeps a history */
	if (grown > SLACK_KIB)
		fail("memory grew by %ld KiB", grown);
#endif
	printf("%ld sandboxes, %u alive at once: fds %u, threads %u as before, memory %+ld KiB\n", n, alive,
	       was.fds, was.threads, grown);
	return 0;
}
