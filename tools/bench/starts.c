/* SPDX-License-Identifier: Apache-2.0 */
/* How long until a new sandbox runs its program's first instruction, and until it has ended. */
#define _GNU_SOURCE
#include "../../bench/loop.h"
#include "bench.h"
#include "engine.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS	 15 /* in a round, of which the median is taken */
#define MAX_WAYS 8

/* A program that prints the clock, started from outside: by posix_spawn(3). */
static int spawn_once(char *const *argv, int out, int null)
{
	posix_spawn_file_actions_t fa;
	int status = 0, r;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, null, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	r = posix_spawn(&pid, argv[0], &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (r)
		return -r;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

static int sandbox_once(struct engine_run *run, char *const *argv, int out)
{
	struct warren_sandbox *s;
	struct warren_result res = {0};
	int r = engine_start(run, argv, run->null, out, &s);

	if (r < 0)
		return r;
	r = warren_sandbox_wait(s, -1, &res);
	warren_sandbox_unref(s);
	return r < 0 ? r : res.status ? -EIO : 0;
}

struct way {
	const char *who, *setting;
	const char *root; /* of the library's sandbox; NULL: / */
	bool library;	  /* else argv is spawned */
	char *argv[16];
};

/* v: to the first instruction, to the end. */
static int start_many(struct engine_run *run, double *v)
{
	const struct way *way = run->arg;
	double first[STARTS], all[STARTS];
	char text[64];
	int p[2], r = 0;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	if (way->library)
		r = engine_open(run, way->root);
	for (int i = -1; i < STARTS && r == 0; i++) { /* the first is not counted */
		double t = (double)loop_now_ns();

		r = way->library ? sandbox_once(run, way->argv, p[1])
				 : spawn_once(way->argv, p[1], run->null);
		double end = (double)loop_now_ns();
		ssize_t n = r == 0 ? read(p[0], text, sizeof(text) - 1) : 0;
		if (n <= 0 || i < 0)
			continue;
		text[n] = '\0';
		first[i] = strtod(text, NULL) - t;
		all[i] = end - t;
	}
	if (r == 0) {
		v[0] = loop_percentile(first, STARTS, 50);
		v[1] = loop_percentile(all, STARTS, 50);
	}
	return r;
}

static void words(struct way *w, char *const *list)
{
	size_t n = 0;

	for (; list[n]; n++)
		w->argv[n] = list[n];
	w->argv[n] = NULL;
}

static size_t list_ways(const struct bench *b, const char *guest, const char *tree, struct way *ways)
{
	size_t n = 0;

	ways[n] = (struct way){.who = "native", .setting = "root"};
	words(&ways[n++], WORDS(guest, "now"));
	ways[n] = (struct way){.who = "warren", .setting = "root", .library = true};
	words(&ways[n++], WORDS(guest, "now"));
	ways[n] = (struct way){.who = "warren", .setting = "foreign", .library = true, .root = b->dir};
	words(&ways[n++], WORDS("/bench-guest", "now"));
	ways[n] = (struct way){.who = "warren run", .setting = "root"};
	words(&ways[n++], WORDS(b->warren, "run", "-r", "/", "--", guest, "now"));
	ways[n] = (struct way){.who = "warren run", .setting = "foreign"};
	words(&ways[n++], WORDS(b->warren, "run", "--root", b->dir, "--", "/bench-guest", "now"));
	ways[n] = (struct way){.who = "warren run", .setting = "layer"};
	words(&ways[n++], WORDS(b->warren, "run", "-r", "/", "--cow", tree, "--", guest, "now"));
	return n;
}

int starts_measure(struct bench *b)
{
	static const char *const what[] = {"start to first instruction", "start to exit"};
	double ns[MAX_WAYS][2][BENCH_MAX_ROUNDS];
	char guest[PATH_MAX], tree[PATH_MAX], text[100];
	bool failed[MAX_WAYS] = {false};
	struct way ways[MAX_WAYS];
	unsigned done = 0;

	snprintf(guest, sizeof(guest), "%s/bench-guest", b->dir);
	snprintf(tree, sizeof(tree), "%s/t", b->dir);
	size_t n = list_ways(b, guest, tree, ways);
	for (; done < b->rounds && !bench_stopped(); done++) {
		for (size_t k = 0; k < n && !bench_stopped(); k++) {
			double v[2];

			bench_progress("starts, round %u of %u: %s", done + 1, b->rounds, ways[k].who);
			int r = failed[k] ? -EIO : engine_measure(b, start_many, &ways[k], v, 2);
			for (size_t i = 0; i < 2; i++)
				ns[k][i][done] = r < 0 ? -1 : v[i];
			if (r < 0 && !failed[k] && !bench_stopped()) {
				snprintf(text, sizeof(text), "starts in the setting %s do not work",
					 ways[k].setting);
				bench_leave_out(b, ways[k].who, text);
				failed[k] = true;
			}
		}
	}
	cJSON *list = cJSON_AddArrayToObject(b->results, "starts");
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < 2; i++) {
			cJSON *o = cJSON_CreateObject();

			cJSON_AddStringToObject(o, "what", what[i]);
			cJSON_AddStringToObject(o, "who", ways[k].who);
			cJSON_AddStringToObject(o, "setting", ways[k].setting);
			cJSON_AddItemToObject(o, "ns", bench_samples(ns[k][i], done));
			cJSON_AddItemToArray(list, o);
		}
	}
	return bench_stopped() ? -EINTR : 0;
}
