/* SPDX-License-Identifier: Apache-2.0 */
/* Whole workloads: bench/workloads.sh runs them, here it is told what to do and its results are added to
 * ours. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 2 /* they take their time */

static int run(char *const *argv)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null < 0 || dup2(null, 1) < 0) /* its table; ours has the same */
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
		kill(pid, SIGTERM); /* it takes its files away and ends */
	}
	return pid < 0 ? -errno : status ? -EIO : 0;
}

static int take(struct bench *b, const char *path)
{
	char *text = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "re");
	ssize_t n = f ? getdelim(&text, &room, '\0', f) : -1;

	if (f)
		fclose(f);
	cJSON *o = n > 0 ? cJSON_Parse(text) : NULL;
	free(text);
	cJSON *list = cJSON_DetachItemFromObject(o, "workloads");
	if (!list) {
		cJSON_Delete(o);
		return -EPROTO;
	}
	cJSON_AddItemToObject(b->results, "workloads", list);
	cJSON *left = cJSON_DetachItemFromObject(o, "left_out"), *item;
	while ((item = cJSON_DetachItemFromArray(left, 0)))
		cJSON_AddItemToArray(cJSON_GetObjectItem(b->results, "left_out"), item);
	cJSON_Delete(left);
	cJSON_Delete(o);
	return 0;
}

int workloads_measure(struct bench *b)
{
	static char peer[] = "--peer";
	char json[PATH_MAX], rounds[16], *argv[BENCH_MAX_ARGS], *peers[BENCH_MAX_PEERS] = {NULL};
	size_t n = 0;

	snprintf(json, sizeof(json), "%s/workloads.json", b->dir);
	snprintf(rounds, sizeof(rounds), "%u", b->rounds_given ? b->rounds : b->quick ? 1 : ROUNDS);
	argv[n++] = b->script;
	for (char *const *w = WORDS("--json", json, "--rounds", rounds); *w; w++)
		argv[n++] = *w;
	if (b->workload_root)
		for (char *const *w = WORDS("--root", b->workload_root); *w; w++)
			argv[n++] = *w;
	if (*b->workloads)
		for (char *const *w = WORDS("--only", b->workloads); *w; w++)
			argv[n++] = *w;
	for (size_t i = 0; i < b->n_given_peers; i++) {
		if (asprintf(&peers[i], "%s=%s", b->given_peers[i].name, b->given_peers[i].command) < 0)
			return -ENOMEM;
		argv[n++] = peer;
		argv[n++] = peers[i];
	}
	argv[n++] = b->warren;
	argv[n] = NULL;
	bench_progress("workloads, %s rounds: this takes minutes", rounds);
	int r = run(argv);
	for (size_t i = 0; i < b->n_given_peers; i++)
		free(peers[i]);
	if (r == 0)
		r = take(b, json);
	return bench_stopped() ? -EINTR : r;
}
