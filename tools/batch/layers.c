/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of the jobs. Each job has one of its own, and a policy with it. One in which nothing was written
 * is as good as new and is used again: nearly all that a layer costs is its making and its removal. */
#define _GNU_SOURCE
#include "batch.h"
#include "../../cow/set.h"
#include "../layer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LET_GO_MS 5000
#define NAME	  "warren batch"

struct job_layer {
	struct job_layer *next;
	struct warren_policy *policy;
	bool used; /* it says that another job made it */
	char dir[];
};

/* The worker that served the sandbox may be the last to let go of the policy. */
static int discard(const char *dir)
{
	struct timespec pause = {.tv_nsec = 100000};
	int r = wr_set_discard(dir);

	/* longer each time: hundreds of jobs may end at once, and must not keep those busy that they wait for
	 */
	for (long waited = 0; r == -EBUSY && waited < LET_GO_MS * 1000000L; waited += pause.tv_nsec) {
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
		nanosleep(&pause, NULL);
		r = wr_set_discard(dir);
	}
	/* of a job that was never started it is no layer yet */
	return r < 0 && rmdir(dir) < 0 ? r : 0;
}

void layer_remove(const char *dir)
{
	int r = discard(dir);

	if (r < 0)
		fprintf(stderr, NAME ": layer '%s' is left: %s\n", dir, strerror(-r));
}

void layer_drop(struct job_layer *l)
{
	warren_policy_unref(l->policy);
	layer_remove(l->dir);
	free(l);
}

static int make(struct batch *b, const char *command, struct job_layer **ret, char **ret_error)
{
	char text[PATH_MAX + 200] = "";
	size_t size = strlen(b->layers) + sizeof("/job-XXXXXX");
	struct job_layer *l = calloc(1, sizeof(*l) + size);

	if (!l)
		return -ENOMEM;
	snprintf(l->dir, size, "%s/job-XXXXXX", b->layers);
	int r = mkdtemp(l->dir) ? 0 : -errno;
	if (r < 0) {
		free(l);
		return r;
	}
	r = warren_policy_derive(b->policy, &l->policy);
	if (r == 0)
		r = layer_attach(l->policy, b->sandbox, l->dir, command, text, sizeof(text));
	if (r < 0) {
		*ret_error = *text ? strdup(text) : NULL;
		layer_drop(l);
		return r;
	}
	*ret = l;
	return 0;
}

/* The oldest, if it is fresh: the others ended later. */
static struct job_layer *take_idle(struct batch *b)
{
	struct job_layer *l, *gone = NULL;

	pthread_mutex_lock(&b->idle_lock);
	while ((l = b->idle)) {
		int fresh = warren_policy_fresh(l->policy);
		if (fresh == -EBUSY) {
			l = NULL;
			break;
		}
		b->idle = l->next;
		b->n_idle--;
		if (!b->idle)
			b->idle_end = &b->idle;
		if (fresh > 0)
			break;
		l->next = gone;
		gone = l;
	}
	pthread_mutex_unlock(&b->idle_lock);
	while (gone) {
		struct job_layer *next = gone->next;
		layer_drop(gone);
		gone = next;
	}
	return l;
}

int layer_take(struct batch *b, const char *command, struct job_layer **ret, char **ret_error)
{
	struct job_layer *l = take_idle(b);

	if (!l)
		return make(b, command, ret, ret_error);
	l->used = true;
	*ret = l;
	return 0;
}

struct warren_policy *layer_policy(const struct job_layer *l)
{
	return l->policy;
}

const char *layer_dir(const struct job_layer *l)
{
	return l->dir;
}

char *layer_keep(struct job_layer *l, const char *command)
{
	char *dir = strdup(l->dir);
	_cleanup_set_ struct wr_set set = {0};

	if (l->used && wr_set_read(l->dir, &set) == 0)
		for (size_t i = 0; i < set.n; i++)
			wr_layer_set_command(set.parts[i].dir, command);
	warren_policy_unref(l->policy);
	free(l);
	return dir;
}

/* The worker that served the sandbox may be the last to let go. */
static int reset(struct job_layer *l)
{
	const struct timespec pause = {.tv_nsec = 100000};
	int r = warren_policy_reset(l->policy);

	for (int i = 0; r == -EBUSY && i < 100; i++) {
		nanosleep(&pause, NULL);
		r = warren_policy_reset(l->policy);
	}
	return r;
}

void layer_give(struct batch *b, struct job_layer *l)
{
	if (warren_policy_fresh(l->policy) == 0 && reset(l) < 0) {
		layer_drop(l);
		return;
	}
	l->next = NULL;
	pthread_mutex_lock(&b->idle_lock);
	bool keep = b->n_idle < b->slots; /* more were made while workers did not let go of the oldest ones */
	if (keep) {
		*b->idle_end = l;
		b->idle_end = &l->next;
		b->n_idle++;
	}
	pthread_mutex_unlock(&b->idle_lock);
	if (!keep)
		layer_drop(l);
}

void layers_end(struct batch *b)
{
	struct job_layer *l;

	while ((l = b->idle)) {
		b->idle = l->next;
		layer_drop(l);
	}
}
