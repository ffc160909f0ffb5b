/* SPDX-License-Identifier: Apache-2.0 */
/* warren report: what became of the jobs of one batch or several, from their results. */
#define _GNU_SOURCE
#include "batch.h"
#include "../numbers.h"
#include "../words.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME	 "warren report"
#define MAX_LIST 50

struct report {
	const char *junit;
	unsigned long slowest;
	char **files;
	size_t n_files;
	struct jobs jobs;
	struct result *results; /* as many as jobs.room */
	size_t room, cut;	/* cut: lines that are no result, as after a crash */
};

static const struct argp_option options[] = {
	{"junit", 'j', "FILE", 0, "Write the results as JUnit XML", 0},
	{"slowest", 's', "N", 0, "List the N slowest jobs (default: 5)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report *rp = state->input;

	switch (key) {
	case 'j':
		rp->junit = arg;
		return 0;
	case 's':
		return number_whole(arg, ULONG_MAX, &rp->slowest) < 0 ? EINVAL : 0;
	case ARGP_KEY_ARGS:
		rp->files = state->argv + state->next;
		rp->n_files = (size_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options,
				 parse,
				 "RESULTS...",
				 "Merge the results of batches (warren batch --results) and sum them up: "
				 "what failed, what is flaky, what is "
				 "slow. Of a job that was run again the last result counts.\vExit status: 0 "
				 "all jobs passed; 1 some did not; "
				 "2 wrong use.",
				 NULL,
				 NULL,
				 NULL};

/* ---- reading ---- */

static const char *text(const cJSON *o, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(o, key));
}

static int add(struct report *rp, const cJSON *o)
{
	struct jobs *j = &rp->jobs;
	struct result r;
	const char *id = text(o, "id"), *command = text(o, "command");

	if (!id || !command || result_parse(o, &r) < 0) {
		rp->cut++;
		return 0;
	}
	if (j->n == rp->room) {
		size_t room = rp->room ? 2 * rp->room : 256;
		struct job *list = realloc(j->list, room * sizeof(*list));
		if (list)
			j->list = list;
		struct result *results = list ? realloc(rp->results, room * sizeof(*results)) : NULL;
		if (!results) {
			result_free(&r);
			return -ENOMEM;
		}
		rp->results = results;
		rp->room = room;
	}
	rp->results[j->n] = r;
	j->list[j->n++] = (struct job){.id = strdup(id), .command = strdup(command)};
	return j->list[j->n - 1].id && j->list[j->n - 1].command ? 0 : -ENOMEM;
}

static int read_file(struct report *rp, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!f)
		return -errno;
	while (r == 0 && getline(&line, &room, f) > 0) {
		cJSON *o = cJSON_Parse(line);
		r = add(rp, o);
		cJSON_Delete(o);
	}
	if (r == 0 && ferror(f))
		r = -EIO;
	free(line);
	fclose(f);
	return r;
}

/* ---- merging ---- */

struct entry {
	struct job job;
	struct result result;
	size_t at;
};

/* By id and command, then as they were read. */
static int by_job(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->job.id, y->job.id);

	if (r == 0)
		r = strcmp(x->job.command, y->job.command);
	return r ? r : x->at < y->at ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int merge(struct report *rp)
{
	struct jobs *j = &rp->jobs;
	struct entry *all = malloc((j->n + 1) * sizeof(*all));
	size_t kept = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < j->n; i++)
		all[i] = (struct entry){j->list[i], rp->results[i], i};
	qsort(all, j->n, sizeof(*all), by_job);
	for (size_t i = 0; i < j->n; i++) {
		bool last = i + 1 == j->n || strcmp(all[i].job.id, all[i + 1].job.id) ||
			    strcmp(all[i].job.command, all[i + 1].job.command);
		if (last) {
			all[kept++] = all[i];
		} else {
			free(all[i].job.id);
			free(all[i].job.command);
			result_free(&all[i].result);
		}
	}
	qsort(all, kept, sizeof(*all), by_place);
	for (size_t i = 0; i < kept; i++) {
		j->list[i] = all[i].job;
		rp->results[i] = all[i].result;
	}
	j->n = kept;
	free(all);
	return 0;
}

/* ---- telling ---- */

static bool is_flaky(const struct result *r)
{
	return r->outcome == JOB_PASSED && r->attempts > 1;
}

static void list(const struct report *rp, const char *title, bool failed)
{
	size_t n = 0;

	for (size_t i = 0; i < rp->jobs.n; i++) {
		const struct result *r = &rp->results[i];
		if (failed ? r->outcome == JOB_PASSED : !is_flaky(r))
			continue;
		if (n++ == 0)
			printf("%s:\n", title);
		if (n > MAX_LIST)
			continue;
		printf("  %s: ", rp->jobs.list[i].id);
		if (failed)
			how_it_ended(stdout, r);
		else
			printf("%u tries", r->attempts);
		printf(": %s\n", rp->jobs.list[i].command);
		if (r->layer)
			printf("    its layer: warren shell %s\n", r->layer);
	}
	if (n > MAX_LIST)
		printf("  ... and %zu more\n", n - MAX_LIST);
}

static int by_wall(const void *a, const void *b, void *results)
{
	const struct result *r = results;
	double x = r[*(const size_t *)a].wall, y = r[*(const size_t *)b].wall;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void list_slowest(const struct report *rp)
{
	size_t *order = malloc((rp->jobs.n + 1) * sizeof(*order));

	for (size_t i = 0; order && i < rp->jobs.n; i++)
		order[i] = i;
	if (order)
		qsort_r(order, rp->jobs.n, sizeof(*order), by_wall, rp->results);
	for (size_t i = 0; order && i < rp->jobs.n && i < rp->slowest; i++)
		printf("%s  %s: %.2fs: %s\n", i ? "" : "slowest:\n", rp->jobs.list[order[i]].id,
		       rp->results[order[i]].wall, rp->jobs.list[order[i]].command);
	free(order);
}

/* The number of failed jobs. */
static size_t tell(const struct report *rp)
{
	size_t count[JOB_CANCELLED + 1] = {0}, flaky = 0;
	double begin = 0, end = 0, cpu = 0;
	long rss = 0;

	for (size_t i = 0; i < rp->jobs.n; i++) {
		const struct result *r = &rp->results[i];
		count[r->outcome]++;
		flaky += is_flaky(r);
		cpu += r->user + r->sys;
		rss = r->max_rss > rss ? r->max_rss : rss;
		begin = i == 0 || r->start < begin ? r->start : begin;
		end = r->start + r->wall > end ? r->start + r->wall : end;
	}
	list(rp, "failed", true);
	list(rp, "flaky, passed only when tried again", false);
	list_slowest(rp);
	printf("%zu jobs: %zu passed", rp->jobs.n, count[JOB_PASSED]);
	for (int o = JOB_PASSED + 1; o <= JOB_CANCELLED; o++)
		if (count[o])
			printf(", %zu %s", count[o], outcome_name((enum outcome)o));
	if (flaky)
		printf("; %zu flaky", flaky);
	printf("; from first to last %.1fs, CPU time %.1fs, largest %ld MiB\n", end - begin, cpu, rss / 1024);
	if (rp->cut)
		printf("%zu lines are no results and were passed over\n", rp->cut);
	return rp->jobs.n - count[JOB_PASSED];
}

static int write_junit(struct report *rp, size_t failed)
{
	struct batch b = {.jobs = rp->jobs, .results = rp->results, .done = rp->jobs.n, .failed = failed};
	int r;

	b.finished = malloc(rp->jobs.n + 1);
	if (!b.finished)
		return -ENOMEM;
	memset(b.finished, true, rp->jobs.n);
	b.began = now_seconds();
	for (size_t i = 0; i < rp->jobs.n; i++)
		b.began -= rp->results[i].wall;
	FILE *f = fopen(rp->junit, "we");
	r = f ? results_junit(&b, f) : -errno;
	if (f && fclose(f) != 0 && r == 0)
		r = -errno;
	free(b.finished);
	return r;
}

static int fail(int code, const char *what, const char *why)
{
	fprintf(stderr, NAME ": %s%s%s\n", what, *why ? ": " : "", why);
	return code;
}

int cmd_report(int argc, char **argv)
{
	static char name[] = NAME;
	struct report rp = {.slowest = 5};
	int r = 0;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (words_check(&argp, name, argv) < 0)
		return EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &rp))
		return fail(EXIT_USAGE, "--slowest: a number is wanted", "");
	if (!rp.n_files)
		return fail(EXIT_USAGE, "no results given; e.g. " NAME " results.jsonl", "");
	for (size_t i = 0; i < rp.n_files && r == 0; i++)
		if ((r = read_file(&rp, rp.files[i])) < 0)
			return fail(EXIT_USAGE, rp.files[i], strerror(-r));
	if ((r = merge(&rp)) < 0)
		return fail(EXIT_USAGE, strerror(-r), "");
	size_t failed = tell(&rp);
	if (rp.junit && (r = write_junit(&rp, failed)) < 0)
		return fail(1, rp.junit, strerror(-r));
	for (size_t i = 0; i < rp.jobs.n; i++)
		result_free(&rp.results[i]);
	free(rp.results);
	jobs_free(&rp.jobs);
	return failed > 0;
}
