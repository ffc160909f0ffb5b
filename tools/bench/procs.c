/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "bench.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const char *but;
	void (*fn)(const char *task, pid_t tid, void *arg);
	void *arg;
};

static bool is_named(pid_t pid, const char *name)
{
	char path[64], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, name);
}

static int walk_children(const char *task, const struct walk *w);

static int walk_process(pid_t pid, const struct walk *w)
{
	char dir[32], task[64];
	struct dirent *d;
	int r = 0;

	if (w->but && is_named(pid, w->but))
		return 0;
	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(dir);
	if (!tasks)
		return -errno;
	while ((d = readdir(tasks)) && r == 0) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%.20s", dir, d->d_name);
		w->fn(task, (pid_t)atoi(d->d_name), w->arg);
		r = walk_children(task, w);
	}
	closedir(tasks);
	return r;
}

static int walk_children(const char *task, const struct walk *w)
{
	char name[96];
	int pid, r = 0;

	snprintf(name, sizeof(name), "%s/children", task);
	FILE *f = fopen(name, "re");
	if (!f)
		return -errno;
	while (r == 0 && fscanf(f, "%d", &pid) == 1)
		r = walk_process(pid, w);
	fclose(f);
	return r;
}

int procs_each_thread(pid_t pid, const char *but, void (*fn)(const char *task, pid_t tid, void *arg),
		      void *arg)
{
	const struct walk w = {but, fn, arg};

	return walk_process(pid, &w);
}

struct sum {
	struct usage u;
	bool failed;
};

/* In nanoseconds, where ticks of the clock would be much too coarse. */
static void add_cpu(const char *task, struct sum *s)
{
	char name[96];
	unsigned long long ns;
	FILE *f;

	snprintf(name, sizeof(name), "%s/schedstat", task);
	f = fopen(name, "re");
	if (f && fscanf(f, "%llu", &ns) == 1)
		s->u.cpu_ns += (double)ns;
	else
		s->failed = true;
	if (f)
		fclose(f);
}

static void add_usage(const char *task, pid_t tid, void *sum)
{
	struct sum *s = sum;
	char name[96], line[256];
	unsigned long n;

	(void)tid;
	add_cpu(task, s);
	snprintf(name, sizeof(name), "%s/status", task);
	FILE *f = fopen(name, "re");
	if (!f) {
		s->failed = true;
		return;
	}
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			s->u.switches += (double)n;
	fclose(f);
}

int procs_usage(pid_t pid, struct usage *ret)
{
	struct sum s = {0};
	int r = procs_each_thread(pid, NULL, add_usage, &s);

	*ret = s.u;
	return r == 0 && s.failed ? -ENOENT : r;
}
