// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name;
	enum loop_kind kind;
} kinds[] = {
	{"open", LOOP_OPEN},	 {"stat", LOOP_STAT},	      {"statx", LOOP_STATX},
	{"access", LOOP_ACCESS}, {"readlink", LOOP_READLINK}, {"enoent", LOOP_ENOENT},
};

static int parse_call(struct loop_op *op, int argc, char **argv)
{
	char *end;

	if (argc < 2 || argc > 8)
		return -EINVAL;
	for (int i = 1; i < argc; i++) {
		long v;

		if (i > 1 && argv[i][0] == '@') {
			v = (long)(argv[i] + 1);
		} else {
			v = strtol(argv[i], &end, 0);
			if (*end || end == argv[i])
				return -EINVAL;
		}
		if (i == 1)
			op->nr = v;
		else
			op->args[i - 2] = v;
	}
	return argc;
}

int loop_parse(struct loop_op *ret_op, int argc, char **argv)
{
	struct loop_op op = {.kind = LOOP_CALL};
	int r;

	if (argc < 1)
		return -EINVAL;
	op.name = argv[0];
	if (!strcmp(argv[0], "call")) {
		r = parse_call(&op, argc, argv);
		if (r < 0)
			return r;
		*ret_op = op;
		return r;
	}
	if (!strcmp(argv[0], "getppid") || !strcmp(argv[0], "null")) {
		op.kind = argv[0][0] == 'g' ? LOOP_GETPPID : LOOP_NULL;
		*ret_op = op;
		return 1;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[0], kinds[i].name) || argc < 2)
			continue;
		op.kind = kinds[i].kind;
		op.path = argv[1];
		*ret_op = op;
		return 2;
	}
	return -EINVAL;
}

/* The numbers that a program linked with glibc would use; a kernel without legacy calls has only the others.
 */
static long raw_access(const char *path)
{
#ifdef SYS_access
	return syscall(SYS_access, path, F_OK);
#else
	return syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
#endif
}

static long raw_readlink(const char *path)
{
	char buf[256];
#ifdef SYS_readlink
	return syscall(SYS_readlink, path, buf, sizeof(buf));
#else
	return syscall(SYS_readlinkat, AT_FDCWD, path, buf, sizeof(buf));
#endif
}

static long open_close(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		syscall(SYS_close, fd);
	return fd;
}

long loop_once(const struct loop_op *op)
{
	struct statx stx;
	struct stat st;
	long r = -1;

	switch (op->kind) {
	case LOOP_CALL:
		r = syscall(op->nr, op->args[0], op->args[1], op->args[2], op->args[3], op->args[4],
			    op->args[5]);
		break;
	case LOOP_GETPPID:
		r = syscall(SYS_getppid);
		break;
	case LOOP_NULL:
		r = syscall(SYS_readlinkat, AT_FDCWD, NULL, NULL, 0);
		break;
	case LOOP_OPEN:
		r = open_close(op->path);
		break;
	case LOOP_STAT:
	case LOOP_ENOENT:
		r = syscall(SYS_newfstatat, AT_FDCWD, op->path, &st, 0);
		break;
	case LOOP_STATX:
		r = syscall(SYS_statx, AT_FDCWD, op->path, 0, STATX_BASIC_STATS, &stx);
		break;
	case LOOP_ACCESS:
		r = raw_access(op->path);
		break;
	case LOOP_READLINK:
		r = raw_readlink(op->path);
		break;
	}
	return r < 0 ? -errno : r;
}

int loop_check(const struct loop_op *op)
{
	long r = loop_once(op);

	switch (op->kind) {
	case LOOP_CALL:
	case LOOP_NULL:
		return 0; /* a call that fails early is a fair thing to measure */
	case LOOP_ENOENT:
		return r == -ENOENT ? 0 : r < 0 ? (int)r : -EEXIST;
	default:
		return r < 0 ? (int)r : 0;
	}
}

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t loop_batch(const struct loop_op *op, unsigned n)
{
	uint64_t start = loop_now_ns();

	for (unsigned i = 0; i < n; i++)
		loop_once(op);
	return loop_now_ns() - start;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double loop_percentile(double *v, size_t n, double percent)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), by_value);
	return v[(size_t)((double)(n - 1) * percent / 100.0 + 0.5)];
}
