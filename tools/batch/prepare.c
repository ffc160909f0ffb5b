/* SPDX-License-Identifier: Apache-2.0 */
/* --prepare: a command that runs once before the jobs, in a layer that all of theirs lie over. */
#define _GNU_SOURCE
#include "batch.h"
#include "../../cow/set.h"
#include "../layer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME	  "warren batch"
#define KILL_MS	  20000
#define LET_GO_MS 5000

#define OPTION "--prepare"

static int fail_for(const char *option, const char *what, const char *why)
{
	fprintf(stderr, NAME ": %s: %s%s%s\n", option, what, *why ? ": " : "", why);
	return EXIT_NO_START;
}

static int fail(const char *what, const char *why)
{
	return fail_for(OPTION, what, why);
}

/* The last who served its sandbox has let go of the layer when it can be opened again. */
static int wait_for_layer(const char *dir)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	_cleanup_set_ struct wr_set set = {0};
	int r = wr_set_read(dir, &set);

	for (size_t i = 0; r == 0 && i < set.n; i++) {
		const struct wr_layer_options o = {.dir = set.parts[i].dir};
		struct wr_layer *l = NULL;
		r = wr_layer_open(&o, &l);
		for (int ms = 0; r == -EBUSY && ms < LET_GO_MS; ms++) {
			nanosleep(&pause, NULL);
			r = wr_layer_open(&o, &l);
		}
		wr_layer_close(l);
	}
	return r;
}

/* 0, or an exit code after one line. */
static int run(struct batch *b, struct warren_policy *p)
{
	static char sh[] = "/bin/sh", c[] = "-c";
	char *command = strdup(b->prepare);
	char *const argv[] = {sh, c, command, NULL};
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct warren_command cmd = {
		.argv = argv, .envp = b->env, .cwd = b->cwd, .stdio = {in, 2, 2}, .new_session = 1};
	struct warren_sandbox *s;
	struct warren_result res;
	sigset_t mask;
	signals_as_given(b, &mask);
	int r = command && in >= 0 ? warren_sandbox_start(b->engine, p, &cmd, &s) : -ENOMEM;
	pthread_sigmask(SIG_SETMASK, &mask, NULL);

	free(command);
	if (in >= 0)
		close(in);
	if (r < 0)
		return fail(*warren_policy_error(p) ? warren_policy_error(p) : strerror(-r), "");
	struct pollfd fds[2] = {{.fd = warren_sandbox_pidfd(s), .events = POLLIN},
				{.fd = b->stop_fd, .events = POLLIN}};
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	warren_sandbox_kill(s, KILL_MS);
	r = warren_sandbox_wait(s, KILL_MS, &res);
	warren_sandbox_unref(s);
	if (atomic_load(&b->stop))
		return stopped(b);
	if (r < 0)
		return fail("it could not be killed", "");
	if (res.status == 0)
		return 0;
	char why[40];
	snprintf(why, sizeof(why), WIFSIGNALED(res.status) ? "signal %d" : "exit status %d",
		 WIFSIGNALED(res.status) ? WTERMSIG(res.status) : WEXITSTATUS(res.status));
	return fail("the command failed", why);
}

int layer_below(struct batch *b, const char *option, char *dir)
{
	struct sandbox_options *o = b->sandbox;
	int r = wait_for_layer(dir);

	if (r < 0)
		return fail_for(option, dir, layer_trouble(r));
	for (unsigned i = 0; i < o->n_cow; i++) {
		if (o->cow[i].n_lowers == OPTIONS_MAX_LOWERS)
			return fail_for(option, "there are too many directories below", o->cow[i].guest);
		memmove(o->cow[i].lowers + 1, o->cow[i].lowers,
			o->cow[i].n_lowers * sizeof(o->cow[i].lowers[0]));
		o->cow[i].lowers[0] = dir;
		o->cow[i].n_lowers++;
	}
	return 0;
}

int layer_before(struct batch *b, const char *option, const char *command, char **ret_dir,
		 struct warren_policy **ret_policy)
{
	char text[PATH_MAX + 200] = "";
	struct warren_policy *p;

	if (b->sandbox->n_cow &&
	    (asprintf(ret_dir, "%s/%s-XXXXXX", b->layers, option + strlen("--")) < 0 || !mkdtemp(*ret_dir))) {
		*ret_dir = NULL;
		return fail_for(option, b->layers, strerror(errno));
	}
	int r = warren_policy_derive(b->policy, &p);
	if (r < 0)
		return fail_for(
			option,
			*warren_policy_error(b->policy) ? warren_policy_error(b->policy) : strerror(-r), "");
	r = b->sandbox->n_cow ? layer_attach(p, b->sandbox, *ret_dir, command, text, sizeof(text)) : 0;
	if (r < 0) {
		warren_policy_unref(p);
		return fail_for(option, text, "");
	}
	*ret_policy = p;
	return 0;
}

int prepare(struct batch *b)
{
	struct warren_policy *p;

	if (!b->prepare)
		return 0;
	int code = layer_before(b, OPTION, b->prepare, &b->prepared, &p);
	if (code)
		return code;
	code = run(b, p);
	warren_policy_unref(p);
	return code ? code : layer_below(b, OPTION, b->prepared);
}

void prepare_end(struct batch *b, bool keep)
{
	if (b->prepared && !keep && wr_set_discard(b->prepared) < 0)
		rmdir(b->prepared);
	free(b->prepared);
	b->prepared = NULL;
}
