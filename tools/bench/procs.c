/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "bench.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In nanoseconds, where ticks of the clock would be much too coarse. */
static int add_cpu(const char *task, struct usage *u)
{
	char name[96];
	unsigned long long ns;
	FILE *f;

	snprintf(name, sizeof(name), "%s/schedstat", task);
	f = fopen(name, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%llu", &ns) == 1)
		u->cpu_ns += (double)ns;
	fclose(f);
	return 0;
}

static int add_switches(const char *task, struct usage *u)
{
	char name[96], line[256];
	unsigned long n;
	FILE *f;

	snprintf(name, sizeof(name), "%s/status", task);
	f = fopen(name, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			u->switches += (double)n;
	fclose(f);
	return 0;
}

static int add_children(const char *task, struct usage *u);

static int add_process(pid_t pid, struct usage *u)
{
	char dir[32], task[64];
	struct dirent *d;
	int r = 0;

	snprintf(dir, sizeof(dir), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(dir);
	if (!tasks)
		return -errno;
	while ((d = readdir(tasks)) && r == 0) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%.20s", dir, d->d_name);
		r = add_cpu(task, u);
		if (r == 0)
			r = add_switches(task, u);
		if (r == 0)
			r = add_children(task, u);
	}
	closedir(tasks);
	return r;
}

static int add_children(const char *task, struct usage *u)
{
	char name[96];
	int pid, r = 0;

	snprintf(name, sizeof(name), "%s/children", task);
	FILE *f = fopen(name, "re");
	if (!f)
		return -errno;
	while (r == 0 && fscanf(f, "%d", &pid) == 1)
		r = add_process(pid, u);
	fclose(f);
	return r;
}

int procs_usage(pid_t pid, struct usage *ret)
{
	*ret = (struct usage){0};
	return add_process(pid, ret);
}
