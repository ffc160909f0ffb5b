// SPDX-License-Identifier: Apache-2.0
/* warren-floor: what interception must cost on this machine.
 *
 * Without a program it measures native calls, null notifications, the simplest handlers and each kernel call
 * that a handler is made of, all in one process and in alternating rounds, so that load and frequency changes
 * hit every row alike. With a program it serves that program with the same handlers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_many.h"
#include "floor_measure.h"
#include "floor_ptrace.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

struct guest_args {
	const char *root;
	char **argv;
};

static int usage(FILE *to)
{
	fprintf(to,
		"usage: warren-floor [--json] [--rounds N] [--calls N]\n"
		"       warren-floor [OPTION]... [--root DIR] -- PROGRAM [ARG]...\n"
		"       warren-floor --many N [--threads N] [--seconds S] BENCH-GUEST\n"
		"\n"
		"Measure the least that system call interception costs, or run PROGRAM (static; found at\n"
		"DIR/PROGRAM) under the simplest handlers: open, stat, statx, access and readlink of "
		"absolute\n"
		"paths are served below DIR, everything else is the host's. This is not a sandbox.\n"
		"\n"
		"  --root DIR        the guest's / (default /)\n"
		"  --cache           answer attributes from memory once they are known\n"
		"  --null NR         trap system call NR too and answer it with 1\n"
		"  --threads N       threads that serve (default 1)\n"
		"  --pin WHERE       none, same (one CPU; default) or split (guest and supervisor apart)\n"
		"  --async-wakeup    leave the default wake-up on\n"
		"  --id-valid        revalidate each notification, as a secure supervisor must\n"
		"  --ptrace          by a tracer instead, which puts a few paths below DIR\n"
		"  --many N          N guests of BENCH-GUEST that make null calls, in one io_uring for each "
		"thread\n"
		"  --rounds N        rounds to take medians over (default 11)\n"
		"  --calls N         calls of each row in a round (default 2000)\n"
		"  --json            machine-readable\n");
	return to == stdout ? 0 : 2;
}

/* The program is started with its host path: exec in a foreign root is not what the floor measures. */
static int exec_guest(void *arg)
{
	static char path[PATH_MAX];
	const struct guest_args *g = arg;
	size_t n = strlen(g->root), m = strlen(g->argv[0]);

	if (n + 1 + m >= sizeof(path))
		return 126;
	memcpy(path, g->root, n);
	path[n] = '/';
	memcpy(path + n + 1, g->argv[0], m + 1);
	execv(path, g->argv);
	dprintf(STDERR_FILENO, "warren-floor: %s: errno %d\n", path, errno);
	return 127;
}

static int run_guest(struct floor_config *c, const char *root, char **argv)
{
	struct guest_args g = {root, argv};
	struct floor *f;
	int status, r;

	r = floor_start(&f, c, exec_guest, &g);
	if (r < 0) {
		fprintf(stderr, "warren-floor: cannot start: %s\n", strerror(-r));
		return 125;
	}
	if (!c->async_wakeup && !floor_has_sync_wakeup(f))
		fprintf(stderr, "warren-floor: no SYNC_WAKE_UP on this kernel; times will be far too high\n");
	r = floor_finish(f, &status);
	if (r < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int parse_pin(enum floor_pin *ret, const char *s)
{
	static const char *const names[] = {
		[FLOOR_PIN_NONE] = "none", [FLOOR_PIN_SAME] = "same", [FLOOR_PIN_SPLIT] = "split"};

	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(s, names[i])) {
			*ret = (enum floor_pin)i;
			return 0;
		}
	}
	return -EINVAL;
}

enum {
	OPT_ROOT = 256,
	OPT_CACHE,
	OPT_NULL,
	OPT_PIN,
	OPT_ASYNC,
	OPT_IDVALID,
	OPT_ROUNDS,
	OPT_CALLS,
	OPT_JSON,
	OPT_MANY,
	OPT_PTRACE,
	OPT_THREADS,
	OPT_SECONDS,
	OPT_HELP
};

static const struct option options[] = {
	{"root", required_argument, NULL, OPT_ROOT},
	{"cache", no_argument, NULL, OPT_CACHE},
	{"null", required_argument, NULL, OPT_NULL},
	{"pin", required_argument, NULL, OPT_PIN},
	{"async-wakeup", no_argument, NULL, OPT_ASYNC},
	{"id-valid", no_argument, NULL, OPT_IDVALID},
	{"rounds", required_argument, NULL, OPT_ROUNDS},
	{"calls", required_argument, NULL, OPT_CALLS},
	{"json", no_argument, NULL, OPT_JSON},
	{"many", required_argument, NULL, OPT_MANY},
	{"ptrace", no_argument, NULL, OPT_PTRACE},
	{"threads", required_argument, NULL, OPT_THREADS},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

struct settings {
	struct floor_config conf;
	struct measure_options measure;
	const char *root;
	unsigned many;
	bool ptrace;
	double seconds;
};

/* 0, a negative errno for a bad word, or 1 when help was asked for. */
static int parse_option(struct settings *s, int opt)
{
	switch (opt) {
	case OPT_ROOT:
		s->root = optarg;
		return 0;
	case OPT_CACHE:
		s->conf.cache = true;
		return 0;
	case OPT_NULL:
		s->conf.null_nr = atoi(optarg);
		return s->conf.null_nr >= 0 ? 0 : -EINVAL;
	case OPT_PIN:
		return parse_pin(&s->conf.pin, optarg);
	case OPT_ASYNC:
		s->conf.async_wakeup = true;
		return 0;
	case OPT_IDVALID:
		s->conf.id_valid = true;
		return 0;
	case OPT_ROUNDS:
		s->measure.rounds = (unsigned)atoi(optarg);
		return s->measure.rounds ? 0 : -EINVAL;
	case OPT_CALLS:
		s->measure.calls = (unsigned)atoi(optarg);
		return s->measure.calls ? 0 : -EINVAL;
	case OPT_JSON:
		s->measure.json = true;
		return 0;
	case OPT_MANY:
		s->many = (unsigned)atoi(optarg);
		return s->many ? 0 : -EINVAL;
	case OPT_PTRACE:
		s->ptrace = true;
		return 0;
	case OPT_THREADS:
		s->conf.threads = (unsigned)atoi(optarg);
		return s->conf.threads && s->conf.threads <= FLOOR_MAX_THREADS ? 0 : -EINVAL;
	case OPT_SECONDS:
		s->seconds = atof(optarg);
		return s->seconds > 0 ? 0 : -EINVAL;
	case OPT_HELP:
		return 1;
	default:
		return -EINVAL;
	}
}

static int run_traced(const char *root, char **argv)
{
	int status, r = floor_ptrace(root, argv, &status);

	if (r < 0) {
		fprintf(stderr, "warren-floor: the tracer: %s\n", strerror(-r));
		return 125;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_many(const struct settings *s, const char *program)
{
	struct floor_rate rate;
	int r = floor_many(program, s->many, s->conf.threads, s->seconds, &rate);

	if (r < 0)
		fprintf(stderr, "warren-floor: %u guests: %s\n", s->many, strerror(-r));
	else
		printf("per_s=%.1f cpu_ns=%.1f\n", rate.per_s, rate.cpu_ns);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.conf = {.threads = 1, .null_nr = -1, .pin = FLOOR_PIN_SAME},
		.measure = {.rounds = 11, .calls = 2000},
		.root = "/",
		.seconds = 1,
	};
	int opt, r;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		r = parse_option(&s, opt);
		if (r)
			return usage(r > 0 ? stdout : stderr);
	}
	if (optind == argc) {
		r = floor_measure(&s.measure, stdout);
		if (r < 0)
			fprintf(stderr, "warren-floor: %s\n", strerror(-r));
		return r < 0;
	}
	if (s.many)
		return run_many(&s, argv[optind]);
	if (s.ptrace)
		return run_traced(s.root, argv + optind);
	s.conf.root_fd = open(s.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.conf.root_fd < 0) {
		fprintf(stderr, "warren-floor: %s: %s\n", s.root, strerror(errno));
		return 125;
	}
	return run_guest(&s.conf, s.root, argv + optind);
}
