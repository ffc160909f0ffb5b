/* SPDX-License-Identifier: Apache-2.0 */
/* One sample: a guest is started, waits until it has been looked at, runs its loop, waits again. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 120000

struct child {
	pid_t pid;
	int in, out, err; /* err: a file, to be read afterwards */
	char text[65536]; /* what it has printed and was not taken yet */
	size_t len;
};

void argv_add(struct argv *a, char *const *words)
{
	for (; *words && a->n + 1 < BENCH_MAX_ARGS; words++)
		a->list[a->n++] = *words;
	a->list[a->n] = NULL;
}

static void close_all(struct child *c)
{
	int *fds[] = {&c->in, &c->out, &c->err};

	for (size_t i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static _Noreturn void become(const struct child *c, int in, int out, char *const *argv, const char *cwd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(c->err, 2) < 0 || chdir(cwd) < 0)
		_exit(126);
	execv(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int start(struct child *c, char *const *argv, const char *cwd)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, r = 0;

	*c = (struct child){.pid = -1, .in = -1, .out = -1};
	c->err = memfd_create("stderr", MFD_CLOEXEC);
	if (c->err < 0 || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0) {
		c->pid = fork();
		if (c->pid == 0)
			become(c, in[0], out[1], argv, cwd);
		r = c->pid < 0 ? -errno : 0;
	}
	c->in = in[1];
	c->out = out[0];
	close(in[0]);
	close(out[1]);
	return r;
}

/* What it prints next: 1; 0: nothing more. */
static int fill(struct child *c)
{
	struct pollfd p = {.fd = c->out, .events = POLLIN};
	ssize_t n;

	if (c->len + 1 >= sizeof(c->text))
		return -EOVERFLOW;
	if (poll(&p, 1, PATIENCE_MS) == 0)
		return -ETIMEDOUT;
	n = read(c->out, c->text + c->len, sizeof(c->text) - 1 - c->len);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	c->len += (size_t)n;
	c->text[c->len] = '\0';
	return n > 0;
}

/* Waits for a line that is this word, and takes it. */
static int expect(struct child *c, const char *word)
{
	size_t n = strlen(word);
	int r;

	while (c->len < n + 1) {
		r = fill(c);
		if (r <= 0)
			return r < 0 ? r : -EPIPE;
	}
	if (strncmp(c->text, word, n) || c->text[n] != '\n')
		return -EPROTO;
	c->len -= n + 1;
	memmove(c->text, c->text + n + 1, c->len + 1);
	return 0;
}

static int go_on(struct child *c)
{
	return write(c->in, "g", 1) == 1 ? 0 : -errno;
}

static int parse(const char *text, struct sample *s, double *children_ns, struct histogram *h)
{
	unsigned long long lower, count;
	int used;

	if (sscanf(text, "op=%*s calls=%lf ns=%lf children_cpu_ns=%lf%n", &s->calls, &s->ns, children_ns,
		   &used) < 3 ||
	    s->calls < 1)
		return -EPROTO;
	for (text += used; sscanf(text, "%llu %llu%n", &lower, &count, &used) == 2; text += used)
		h->count[histogram_bucket(lower)] += count;
	return 0;
}

/* The guest's loop, looked at from outside. */
static int watch_loop(struct child *c, struct counts *counts)
{
	int r = counts ? counts_attach(counts, c->pid) : 0;

	if (r == 0)
		r = go_on(c);
	if (r == 0)
		r = expect(c, "done");
	if (counts)
		counts_detach(counts);
	return r;
}

static int converse(struct child *c, struct counts *counts, struct sample *s, struct histogram *h)
{
	struct usage before, after;
	double children = 0;
	int r = expect(c, "ready");
	bool known = r == 0 && procs_usage(c->pid, &before) == 0;

	if (r == 0)
		r = watch_loop(c, counts);
	known = known && r == 0 && procs_usage(c->pid, &after) == 0;
	if (r == 0)
		r = go_on(c);
	while (r == 0 && (r = fill(c)) > 0)
		r = 0;
	if (r == 0)
		r = parse(c->text, s, &children, h);
	s->cpu_ns = known ? (after.cpu_ns - before.cpu_ns + children) / s->calls : -1;
	s->switches = known ? (after.switches - before.switches) / s->calls : -1;
	return r;
}

/* The last line of what it wrote to stderr, else how it ended. */
static void explain(struct child *c, int r, int status, char *why, size_t size)
{
	char text[2048];
	ssize_t n = pread(c->err, text, sizeof(text) - 1, 0);
	char *line = text;

	text[n > 0 ? n : 0] = '\0';
	for (size_t len = strlen(text); len && text[len - 1] == '\n'; len--)
		text[len - 1] = '\0';
	if (strrchr(text, '\n'))
		line = strrchr(text, '\n') + 1;
	if (*line)
		snprintf(why, size, "%s", line);
	else if (WIFSIGNALED(status))
		snprintf(why, size, "ended by signal %d", WTERMSIG(status));
	else
		snprintf(why, size, "%s", strerror(-r));
}

static int end(struct child *c, int r, char *why, size_t size)
{
	int status = 0;

	if (c->in >= 0) { /* the end of the file lets it go on, whatever went wrong */
		close(c->in);
		c->in = -1;
	}
	if (c->pid > 0 && r == -ETIMEDOUT)
		kill(c->pid, SIGKILL);
	if (c->pid > 0)
		waitpid(c->pid, &status, 0);
	if (r == 0 && status)
		r = -EIO;
	if (r < 0)
		explain(c, r, status, why, size);
	close_all(c);
	return r;
}

static struct child one; /* too large for the stack */

int sample_run(char *const *argv, const char *cwd, struct counts *counts, struct sample *ret,
	       struct histogram *h, char *why, size_t size)
{
	int r = start(&one, argv, cwd);

	if (r == 0)
		r = converse(&one, counts, ret, h);
	return end(&one, r, why, size);
}

int sample_output(char *const *argv, const char *cwd, char *buf, size_t buf_size, char *why, size_t size)
{
	int r = start(&one, argv, cwd);

	while (r == 0 && (r = fill(&one)) > 0)
		r = 0;
	snprintf(buf, buf_size, "%s", one.text);
	return end(&one, r, why, size);
}
