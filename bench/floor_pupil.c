// SPDX-License-Identifier: Apache-2.0
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_measure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PUPIL_MAX_BATCHES 1000

struct lesson {
	struct loop_op op;
	int cmd, result;
};

/* In a forked child, under the filter: no malloc, hence no qsort of large arrays either (glibc sorts less
 * than 1 KiB of elements on the stack; an insertion sort is as good here). */
static double median_of_batches(const struct loop_op *op, uint32_t n)
{
	static double v[PUPIL_MAX_BATCHES];
	size_t k = 0;

	for (uint32_t left = n; left && k < PUPIL_MAX_BATCHES; k++) {
		unsigned batch = left < LOOP_BATCH ? left : LOOP_BATCH;
		double ns = (double)loop_batch(op, batch) / batch;
		size_t i = k;

		for (; i && v[i - 1] > ns; i--)
			v[i] = v[i - 1];
		v[i] = ns;
		left -= batch;
	}
	return v[k / 2];
}

static int pupil_main(void *arg)
{
	struct lesson *l = arg;
	double ns;
	uint32_t n;
	int r = loop_check(&l->op);

	ns = r;
	if (write(l->result, &ns, sizeof(ns)) != sizeof(ns) || r < 0)
		return 1;
	/* Later pupils inherit our pipes' ends, so that the end of the file would never come: 0 ends it. */
	while (read(l->cmd, &n, sizeof(n)) == sizeof(n) && n) {
		ns = median_of_batches(&l->op, n);
		if (write(l->result, &ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}

static int fork_native(struct lesson *l)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(pupil_main(l));
	}
	return pid < 0 ? -errno : pid;
}

int pupil_start(struct pupil *ret_p, const struct floor_config *conf, const struct loop_op *op, bool native)
{
	struct pupil p = {.cmd = -1, .result = -1};
	int cmd[2], result[2], r;
	struct lesson l;
	double first;

	if (pipe2(cmd, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(result, O_CLOEXEC) < 0) {
		r = -errno;
		close(cmd[0]);
		close(cmd[1]);
		return r;
	}
	l = (struct lesson){*op, cmd[0], result[1]};
	r = native ? fork_native(&l) : floor_start(&p.f, conf, pupil_main, &l);
	close(cmd[0]);
	close(result[1]);
	p.pid = native ? r : 0;
	p.cmd = cmd[1];
	p.result = result[0];
	if (r >= 0)
		r = read(p.result, &first, sizeof(first)) == sizeof(first) ? (int)first : -EPIPE;
	if (r < 0) {
		pupil_stop(&p);
		return r;
	}
	*ret_p = p;
	return 0;
}

int pupil_run(struct pupil *p, unsigned n, double *ret_ns)
{
	uint32_t cmd = n;

	if (write(p->cmd, &cmd, sizeof(cmd)) != sizeof(cmd))
		return -EPIPE;
	return read(p->result, ret_ns, sizeof(*ret_ns)) == sizeof(*ret_ns) ? 0 : -EPIPE;
}

void pupil_stop(struct pupil *p)
{
	uint32_t end = 0;

	/* A pupil that ended by itself has closed its end: EPIPE, with SIGPIPE ignored by floor_measure. */
	if (p->cmd >= 0 && write(p->cmd, &end, sizeof(end)) < 0)
		errno = 0;
	if (p->f)
		floor_finish(p->f, NULL);
	else if (p->pid > 0)
		waitpid(p->pid, NULL, 0);
	if (p->cmd >= 0)
		close(p->cmd);
	if (p->result >= 0)
		close(p->result);
	*p = (struct pupil){.cmd = -1, .result = -1};
}

static const char *const scene_dirs[] = {"", "/a", "/a/b", "/a/b/c"};

int scene_make(struct scene *s)
{
	char path[64];
	int fd;

	strcpy(s->dir, "/tmp/warren-floor-XXXXXX");
	if (!mkdtemp(s->dir))
		return -errno;
	for (size_t i = 1; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", s->dir, scene_dirs[i]);
		if (mkdir(path, 0755) < 0)
			return -errno;
	}
	snprintf(s->file, sizeof(s->file), "%s/a/b/c/f", s->dir);
	snprintf(s->link, sizeof(s->link), "%s/a/b/c/l", s->dir);
	snprintf(s->missing, sizeof(s->missing), "%s/a/b/c/m", s->dir);
	fd = open(s->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0 || symlink("f", s->link) < 0)
		return -errno;
	close(fd);
	return 0;
}

void scene_remove(const struct scene *s)
{
	char path[64];

	unlink(s->file);
	unlink(s->link);
	for (size_t i = 4; i--;) {
		snprintf(path, sizeof(path), "%s%s", s->dir, scene_dirs[i]);
		rmdir(path);
	}
}
