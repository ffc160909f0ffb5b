// SPDX-License-Identifier: Apache-2.0
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_measure.h"
#include "floor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_ROUNDS 1001

enum row_root { NATIVE, SERVED };

/* The served path of each native row is the same path with a slash before it: natively the working directory
 * stands for the root, so both walk four components. */
struct row {
	const char *name;
	enum row_root where;
	enum loop_kind kind;
	const char *path;
	struct floor_config conf;
};

#define F "a/b/c/f"
#define L "a/b/c/l"
#define M "a/b/c/m"
#define NULL_CONF(...)                                                                                       \
	{                                                                                                    \
		.null_nr = SYS_getppid, __VA_ARGS__                                                          \
	}
#define CONF(...)                                                                                            \
	{                                                                                                    \
		.null_nr = -1, .pin = FLOOR_PIN_SAME, __VA_ARGS__                                            \
	}

static const struct row rows[] = {
	{"native getppid", NATIVE, LOOP_GETPPID, NULL, {0}},
	{"native stat", NATIVE, LOOP_STAT, F, {0}},
	{"native statx", NATIVE, LOOP_STATX, F, {0}},
	{"native stat, ENOENT", NATIVE, LOOP_ENOENT, M, {0}},
	{"native access", NATIVE, LOOP_ACCESS, F, {0}},
	{"native readlink", NATIVE, LOOP_READLINK, L, {0}},
	{"native open+close", NATIVE, LOOP_OPEN, F, {0}},
	{"null, default wake-up", SERVED, LOOP_GETPPID, NULL, NULL_CONF(.async_wakeup = true)},
	{"null, default wake-up, one CPU", SERVED, LOOP_GETPPID, NULL,
	 NULL_CONF(.async_wakeup = true, .pin = FLOOR_PIN_SAME)},
	{"null, sync wake-up", SERVED, LOOP_GETPPID, NULL, NULL_CONF(.pin = FLOOR_PIN_NONE)},
	{"null, sync wake-up, one CPU", SERVED, LOOP_GETPPID, NULL, NULL_CONF(.pin = FLOOR_PIN_SAME)},
	{"null, sync wake-up, two CPUs", SERVED, LOOP_GETPPID, NULL, NULL_CONF(.pin = FLOOR_PIN_SPLIT)},
	{"open+close", SERVED, LOOP_OPEN, "/" F, CONF()},
	{"open+close, id revalidated", SERVED, LOOP_OPEN, "/" F, CONF(.id_valid = true)},
	{"stat, openat2 + fstat", SERVED, LOOP_STAT, "/" F, CONF()},
	{"stat, id revalidated", SERVED, LOOP_STAT, "/" F, CONF(.id_valid = true)},
	{"stat, one newfstatat", SERVED, LOOP_STAT, "/" F, CONF(.no_openat2 = true)},
	{"stat, cached", SERVED, LOOP_STAT, "/" F, CONF(.cache = true)},
	{"statx", SERVED, LOOP_STATX, "/" F, CONF()},
	{"statx, cached", SERVED, LOOP_STATX, "/" F, CONF(.cache = true)},
	{"stat, ENOENT", SERVED, LOOP_ENOENT, "/" M, CONF()},
	{"stat, ENOENT, cached", SERVED, LOOP_ENOENT, "/" M, CONF(.cache = true)},
	{"access", SERVED, LOOP_ACCESS, "/" F, CONF()},
	{"readlink", SERVED, LOOP_READLINK, "/" L, CONF()},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct sample {
	double *ns; /* one per round */
	unsigned n;
};

struct run {
	struct scene scene;
	int root_fd;
	struct pupil pupils[N_ROWS];
	struct sample samples[N_ROWS];
	struct parts parts;
	bool sync_wakeup, wait_killable;
};

static int start_rows(struct run *m)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		struct loop_op op = {.kind = rows[i].kind, .name = rows[i].name, .path = rows[i].path};
		struct floor_config conf = rows[i].conf;
		int r;

		conf.root_fd = m->root_fd;
		r = pupil_start(&m->pupils[i], &conf, &op, rows[i].where == NATIVE);
		if (r < 0)
			return r;
		if (m->pupils[i].f && !conf.async_wakeup) {
			m->sync_wakeup = floor_has_sync_wakeup(m->pupils[i].f);
			m->wait_killable = floor_has_wait_killable(m->pupils[i].f);
		}
	}
	return 0;
}

/* The zeroth round warms caches and is thrown away. */
static int run_rounds(struct run *m, const struct measure_options *o)
{
	for (unsigned round = 0; round <= o->rounds; round++) {
		for (size_t i = 0; i < N_ROWS; i++) {
			struct sample *s = &m->samples[i];
			double ns;
			int r = pupil_run(&m->pupils[i], o->calls, &ns);

			if (r < 0)
				return r;
			if (round)
				s->ns[s->n++] = ns;
		}
	}
	return 0;
}

static void print_row(FILE *to, const struct measure_options *o, const char *name, struct sample *s,
		      bool last)
{
	double median = loop_percentile(s->ns, s->n, 50);
	double min = s->n ? s->ns[0] : 0, max = s->n ? s->ns[s->n - 1] : 0;

	if (o->json)
		fprintf(to,
			"    {\"name\": \"%s\", \"median_ns\": %.1f, \"min_ns\": %.1f, \"max_ns\": %.1f}%s\n",
			name, median, min, max, last ? "" : ",");
	else
		fprintf(to, "%-34s %9.2f  %9.2f .. %.2f\n", name, median / 1000, min / 1000, max / 1000);
}

static void print_all(FILE *to, struct run *m, const struct measure_options *o)
{
	if (o->json)
		fprintf(to, "{\n  \"sync_wakeup\": %s,\n  \"wait_killable_recv\": %s,\n  \"rows\": [\n",
			m->sync_wakeup ? "true" : "false", m->wait_killable ? "true" : "false");
	else
		fprintf(to, "%-34s %9s  %s\n", "what (microseconds per call)", "median", "    min .. max");
	for (size_t i = 0; i < N_ROWS; i++)
		print_row(to, o, rows[i].name, &m->samples[i], i + 1 == N_ROWS);
	if (o->json)
		fprintf(to, "  ],\n  \"parts\": [\n");
	else
		fprintf(to, "\n%-34s\n", "one kernel call of a supervisor, guest waiting");
	for (unsigned i = 0; i < PARTS_MAX && m->parts.name[i]; i++) {
		struct sample s = {m->parts.ns[i], m->parts.n[i]};

		print_row(to, o, m->parts.name[i], &s, i + 1 == PARTS_MAX || !m->parts.name[i + 1]);
	}
	if (o->json)
		fprintf(to, "  ]\n}\n");
	else
		fprintf(to, "\nSYNC_WAKE_UP %s, WAIT_KILLABLE_RECV %s\n", m->sync_wakeup ? "on" : "MISSING",
			m->wait_killable ? "on" : "missing");
}

static int measure(struct run *m, const struct measure_options *o)
{
	int r;

	for (size_t i = 0; i < N_ROWS; i++) {
		m->samples[i].ns = calloc(o->rounds, sizeof(double));
		if (!m->samples[i].ns)
			return -ENOMEM;
	}
	r = start_rows(m);
	if (r >= 0)
		r = run_rounds(m, o);
	for (size_t i = 0; i < N_ROWS; i++)
		pupil_stop(&m->pupils[i]);
	if (r >= 0)
		r = parts_measure(&m->parts, m->root_fd, "/" F);
	return r;
}

int floor_measure(const struct measure_options *o, FILE *to)
{
	struct run *m;
	int r, cwd;

	if (!o->rounds || o->rounds > MAX_ROUNDS || !o->calls)
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < N_ROWS; i++)
		m->pupils[i] = (struct pupil){.cmd = -1, .result = -1};
	m->root_fd = -1;
	signal(SIGPIPE, SIG_IGN);
	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = scene_make(&m->scene);
	if (r >= 0) {
		m->root_fd = open(m->scene.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = m->root_fd < 0 || chdir(m->scene.dir) < 0 ? -errno : measure(m, o);
	}
	if (r >= 0)
		print_all(to, m, o);
	if (cwd >= 0 && fchdir(cwd) < 0)
		r = r < 0 ? r : -errno;
	scene_remove(&m->scene);
	for (size_t i = 0; i < N_ROWS; i++)
		free(m->samples[i].ns);
	close(m->root_fd);
	close(cwd);
	free(m);
	return r;
}
