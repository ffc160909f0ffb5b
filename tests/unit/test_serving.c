/* SPDX-License-Identifier: Apache-2.0 */
/* How notifications find a thread: hot listeners, stuck handlers, many sandboxes, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <warren/warren.h>

static struct warren_engine *engine;
static struct warren_policy *policy;

static void open_engine(unsigned workers)
{
	const struct warren_engine_options opt = {.workers = workers};

	assert_int_equal(warren_engine_new(&opt, &engine), 0);
	assert_int_equal(warren_policy_new(&policy), 0);
	assert_int_equal(warren_policy_add_rule(policy, WARREN_READ, "/"), 0);
}

static void close_engine(void)
{
	warren_engine_free(engine);
	warren_policy_unref(policy);
}

static int start(const char *script, struct warren_sandbox **ret)
{
	char *const argv[] = {"/bin/sh", "-c", (char *)script, NULL};
	char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	const struct warren_command cmd = {.argv = argv, .envp = envp, .stdio = {-1, -1, -1}};

	return warren_sandbox_start(engine, policy, &cmd, ret);
}

static struct warren_sandbox *run(const char *script)
{
	struct warren_sandbox *s = NULL;
	int r = start(script, &s);

	if (r < 0)
		fail_msg("start: %s", warren_policy_error(policy));
	return s;
}

static void expect_exit(struct warren_sandbox *s, int code)
{
	struct warren_result res;

	assert_int_equal(warren_sandbox_wait(s, 30000, &res), 0);
	assert_true(WIFEXITED(res.status));
	assert_int_equal(WEXITSTATUS(res.status), code);
	assert_int_equal(warren_sandbox_kill(s, 10000), 0);
	warren_sandbox_unref(s);
}

static void kill_and_drop(struct warren_sandbox *s)
{
	struct warren_result res;

	assert_int_equal(warren_sandbox_kill(s, 10000), 0);
	/* told as often as asked */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(warren_sandbox_wait(s, 10000, &res), 0);
		assert_true(WIFSIGNALED(res.status));
		assert_int_equal(WTERMSIG(res.status), SIGKILL);
	}
	warren_sandbox_unref(s);
}

#define LOOP(n) "i=0; while [ $i -lt " #n " ]; do [ -r /etc/passwd ]; i=$((i + 1)); done; "

/* ---- a handler that is stuck until enough others were served ---- */

static atomic_uint others;
static atomic_int slow; /* 0: not met, 1: waits, 2: was satisfied, 3: gave up */

static struct warren_verdict wait_for_others(struct warren_request *rq, void *user)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const char *path = warren_request_path(rq);

	(void)user;
	if (!path || strcmp(path, "/slow")) {
		if (slow == 1)
			others++;
		return warren_pass();
	}
	slow = 1;
	for (int i = 0; i < 10000 && others < 100; i++)
		nanosleep(&pause, NULL);
	slow = others >= 100 ? 2 : 3;
	return warren_return(-ENOENT);
}

static void open_slow_engine(unsigned workers)
{
	open_engine(workers);
	others = 0;
	slow = 0;
	/* sh's -e is a stat, by one name or another */
	assert_int_equal(
		warren_engine_add_handler(engine, "newfstatat", WARREN_BEFORE, wait_for_others, NULL), 0);
	warren_engine_add_handler(engine, "statx", WARREN_BEFORE, wait_for_others, NULL);
}

static void stuck_handler_stops_only_its_thread(void **state)
{
	(void)state;
	open_slow_engine(1);
	expect_exit(run("[ -e /slow ] & i=0; while [ $i -lt 3000 ]; do [ -e /etc/passwd ]; i=$((i + 1)); "
			"done; wait; exit 3"),
		    3);
	assert_int_equal(slow, 2);
	close_engine();
}

static void stuck_hot_thread_stops_only_its_call(void **state)
{
	(void)state;
	open_slow_engine(1);
	/* busy alone first, so that a hot thread is what gets stuck */
	expect_exit(run("f() { i=0; while [ $i -lt $1 ]; do [ -e /etc/passwd ]; i=$((i + 1)); done; }; "
			"f 500; [ -e /slow ] & f 3000; wait; exit 4"),
		    4);
	assert_int_equal(slow, 2);
	close_engine();
}

static void stuck_handler_stops_no_other_sandbox(void **state)
{
	struct warren_sandbox *s;

	(void)state;
	open_slow_engine(1);
	s = run("[ -e /slow ]; exit 5");
	while (!slow)
		usleep(1000);
	expect_exit(run("i=0; while [ $i -lt 300 ]; do [ -e /etc/passwd ]; i=$((i + 1)); done; exit 6"), 6);
	expect_exit(s, 5);
	assert_int_equal(slow, 2);
	close_engine();
}

/* More calls that do not end than there are threads, from some sandboxes: another is served all the same. */
static void stuck_sandboxes_hold_few_threads(void **state)
{
	struct warren_sandbox *s[6];

	(void)state;
	open_slow_engine(1);
	for (unsigned i = 0; i < 6; i++)
		s[i] = run("for i in 1 2 3 4 5 6 7 8; do [ -e /slow ] & done; wait; exit 5");
	while (!slow)
		usleep(1000);
	usleep(1500000);
	expect_exit(run("i=0; while [ $i -lt 300 ]; do [ -e /etc/passwd ]; i=$((i + 1)); done; exit 6"), 6);
	for (unsigned i = 0; i < 6; i++)
		expect_exit(s[i], 5);
	assert_int_equal(slow, 2);
	close_engine();
}

/* ---- hot listeners ---- */

static void busy_sandbox_is_counted(void **state)
{
	struct warren_stats st = {0};
	struct warren_sandbox *s;
	struct warren_result res;

	(void)state;
	open_engine(1);
	s = run(LOOP(1000) "exit 7");
	assert_int_equal(warren_sandbox_wait(s, 30000, &res), 0);
	assert_int_equal(warren_stats_get(engine, s, &st), 0);
	assert_true(st.notifications >= 1000);
	uint64_t sum = 0;
	for (unsigned i = 0; i < WARREN_HISTOGRAM_BUCKETS; i++)
		sum += st.histogram[i];
	assert_int_equal(sum, st.notifications);
	expect_exit(s, 7);
	uint64_t of_one = st.notifications;
	assert_int_equal(warren_stats_get(engine, NULL, &st), 0);
	assert_true(st.notifications >= of_one);
	close_engine();
}

static void more_busy_sandboxes_than_threads(void **state)
{
	struct warren_sandbox *s[12];

	(void)state;
	open_engine(2);
	for (int i = 0; i < 12; i++)
		s[i] = run(LOOP(1500) "exit 8");
	for (int i = 0; i < 12; i++)
		expect_exit(s[i], 8);
	close_engine();
}

static void one_sandbox_with_many_busy_tasks(void **state)
{
	(void)state;
	open_engine(1);
	expect_exit(run("f() { " LOOP(1500) "}; f & f & f & f & f & f & f & f & wait; exit 9"), 9);
	close_engine();
}

/* A thread that waits in RECV must not be left there. */
static void idle_after_being_busy_and_killed(void **state)
{
	(void)state;
	open_engine(1);
	struct warren_sandbox *s = run(LOOP(500) "exec sleep 100"), *t = run(LOOP(500) "sleep 100");
	usleep(400000);
	kill_and_drop(s);
	kill_and_drop(t);
	s = run(LOOP(500) "sleep 100 & exit 0");
	usleep(300000);
	warren_sandbox_unref(s);
	close_engine(); /* kills what is left */
	assert_true(waitpid(-1, NULL, WNOHANG) <= 0);
}

/* ---- the end ---- */

static void kill_reaches_every_task(void **state)
{
	(void)state;
	open_engine(2);
	for (int i = 0; i < 5; i++) {
		kill_and_drop(run("sleep 100 & (sleep 100 & sleep 100) & sleep 100"));
		struct warren_sandbox *s = run("(setsid sleep 100 &) ; exit 0");
		struct warren_result res;
		assert_int_equal(warren_sandbox_wait(s, 10000, &res), 0);
		assert_int_equal(warren_sandbox_kill(s, 10000), 0);
		warren_sandbox_unref(s);
	}
	close_engine();
}

static void fill_the_table(void)
{
	struct warren_sandbox *s[400];
	unsigned n = 0;
	int r = 0;

	open_engine(1);
	unsigned fit = warren_engine_capacity(engine);
	while (n < 400 && (r = start("exec sleep 100", &s[n])) == 0)
		n++;
	if (r != -EMFILE || n < fit || !strstr(warren_policy_error(policy), "RLIMIT_NOFILE"))
		_exit(1);
	while (n)
		kill_and_drop(s[--n]);
	expect_exit(run("exit 3"), 3);
	close_engine();
	_exit(0);
}

static void too_many_sandboxes_is_a_clear_error(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		const struct rlimit lim = {350, 350};
		setrlimit(RLIMIT_NOFILE, &lim);
		fill_the_table();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stuck_handler_stops_only_its_thread),
		cmocka_unit_test(stuck_hot_thread_stops_only_its_call),
		cmocka_unit_test(stuck_handler_stops_no_other_sandbox),
		cmocka_unit_test(stuck_sandboxes_hold_few_threads),
		cmocka_unit_test(busy_sandbox_is_counted),
		cmocka_unit_test(more_busy_sandboxes_than_threads),
		cmocka_unit_test(one_sandbox_with_many_busy_tasks),
		cmocka_unit_test(idle_after_being_busy_and_killed),
		cmocka_unit_test(kill_reaches_every_task),
		cmocka_unit_test(too_many_sandboxes_is_a_clear_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
