/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured with the library itself: in a process of its own each time, so that nothing is left of it.
 */
#define _GNU_SOURCE
#include "../confine.h"
#include "bench.h"
#include "engine.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void child(const struct bench *b, engine_fn fn, const void *arg, size_t n, int out)
{
	struct engine_run run = {.bench = b, .arg = arg};
	const struct warren_engine_options opt = {.workers = 0};
	double *v = calloc(n, sizeof(*v));
	int p[2], r = v && pipe2(p, O_CLOEXEC) == 0 ? 0 : -ENOMEM;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	run.never = p[0];
	run.options = opt;
	if (r == 0)
		r = fn(&run, v);
	if (r < 0 || write(out, v, n * sizeof(*v)) != (ssize_t)(n * sizeof(*v)))
		_exit(1);
	_exit(0);
}

int engine_measure(const struct bench *b, engine_fn fn, const void *arg, double *ret, size_t n)
{
	size_t have = 0, all = n * sizeof(*ret);
	int p[2], status = 0, r = 0;
	ssize_t got = 1;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		child(b, fn, arg, n, p[1]);
	close(p[1]);
	while (pid > 0 && have < all && got != 0) {
		got = read(p[0], (char *)ret + have, all - have);
		if (got > 0)
			have += (size_t)got;
		else if (got < 0 && (errno != EINTR || bench_stopped()))
			break;
	}
	if (pid > 0 && have < all)
		kill(pid, SIGKILL); /* its sandboxes go with it */
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		r = -errno;
	close(p[0]);
	return r < 0 ? r : have < all || status ? -EIO : 0;
}

static int fail(const char *what, const struct engine_run *run, int r)
{
	const char *why = run->policy ? warren_policy_error(run->policy) : "";

	fprintf(stderr, BENCH_NAME ": %s: %s\n", what, *why ? why : strerror(-r));
	return r;
}

int engine_open(struct engine_run *run, const char *root)
{
	int r = warren_policy_new(&run->policy);

	if (r == 0)
		r = root ? warren_policy_set_root(run->policy, root)
			 : warren_policy_add_rule(run->policy, WARREN_READ, "/");
	if (r < 0)
		return fail("the policy", run, r);
	r = confine_supervisor(run->policy, NULL, 0, false);
	if (r < 0)
		return fail("the policy", run, r);
	run->options.confine = confine_wanted();
	r = warren_engine_new(&run->options, &run->engine);
	return r < 0 ? fail("the engine", run, r) : 0;
}

int engine_start(struct engine_run *run, char *const *argv, int in, int out, struct warren_sandbox **ret)
{
	static char *env[] = {NULL};
	const struct warren_command cmd = {.argv = argv, .envp = env, .stdio = {in, out, -1}};
	int r = warren_sandbox_start(run->engine, run->policy, &cmd, ret);

	return r < 0 ? fail("a sandbox", run, r) : 0;
}

void engine_stop(struct warren_sandbox *s)
{
	struct warren_result res;

	warren_sandbox_kill(s, 10000);
	warren_sandbox_wait(s, 10000, &res);
	warren_sandbox_unref(s);
}
