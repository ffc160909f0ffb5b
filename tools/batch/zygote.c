/* SPDX-License-Identifier: Apache-2.0 */
/* --zygote: a program that is started once, before the jobs, of which each is a fork. Its layer lies below
 * theirs. */
#define _GNU_SOURCE
#include "batch.h"
#include "../../cow/set.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME   "warren batch"
#define OPTION "--zygote"

static int fail(const char *what)
{
	fprintf(stderr, NAME ": " OPTION ": %s\n", what);
	return EXIT_NO_START;
}

/* It may take its time. */
static int wait_for_it(struct batch *b)
{
	struct pollfd p[2] = {{.fd = warren_zygote_fd(b->z), .events = POLLIN},
			      {.fd = b->stop_fd, .events = POLLIN}};

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (atomic_load(&b->stop))
		return stopped(b);
	int r = warren_zygote_wait(b->z, 0);
	return r < 0 ? fail(*warren_zygote_error(b->z) ? warren_zygote_error(b->z) : strerror(-r)) : 0;
}

int zygote_begin(struct batch *b)
{
	struct warren_policy *p;

	if (!b->zygote)
		return 0;
	int code = layer_before(b, OPTION, b->zygote, &b->zygote_layer, &p);
	if (code)
		return code;
	const struct warren_command cmd = {
		.argv = b->zygote_argv, .envp = b->env, .cwd = b->cwd, .stdio = {-1, 2, 2}, .new_session = 1};
	sigset_t mask;
	signals_as_given(b, &mask);
	int r = warren_zygote_start(b->engine, p, &cmd, b->layers, &b->z);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	code = r < 0 ? fail(*warren_policy_error(p) ? warren_policy_error(p) : strerror(-r)) : wait_for_it(b);
	warren_policy_unref(p);
	return code || !b->zygote_layer ? code : layer_below(b, OPTION, b->zygote_layer);
}

void zygote_end(struct batch *b)
{
	warren_zygote_free(b->z);
	b->z = NULL;
}

void zygote_end_layer(struct batch *b, bool keep)
{
	if (b->zygote_layer && !keep && wr_set_discard(b->zygote_layer) < 0)
		rmdir(b->zygote_layer);
	free(b->zygote_layer);
	b->zygote_layer = NULL;
}
