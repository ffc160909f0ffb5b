// SPDX-License-Identifier: Apache-2.0
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_parts.h"
#include "floor_serve.h"
#include "loop.h"
#include "raw.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#define PART_CALLS 200

struct bench {
	struct parts *out;
	const char *path;
	int root_fd;
	/* Of the notified guest: */
	pid_t pid;
	uint64_t addr; /* of the path; the buffer of the stat is at buf */
	uint64_t buf;
	int fd, mem, pidfd;
	struct stat st;
	char text[4096];
};

static void part_getppid(struct bench *b)
{
	(void)b;
	syscall(SYS_getppid);
}

static void part_readv(struct bench *b)
{
	struct iovec to = {b->text, 64}, from = {(void *)(uintptr_t)b->addr, 64};

	process_vm_readv(b->pid, &to, 1, &from, 1, 0);
}

static void part_mem_read(struct bench *b)
{
	if (pread(b->mem, b->text, 64, (off_t)b->addr) < 0)
		b->text[0] = 0;
}

static void part_writev(struct bench *b)
{
	struct iovec from = {&b->st, sizeof(b->st)}, to = {(void *)(uintptr_t)b->buf, sizeof(b->st)};

	process_vm_writev(b->pid, &from, 1, &to, 1, 0);
}

static void part_mem_write(struct bench *b)
{
	if (pwrite(b->mem, &b->st, sizeof(b->st), (off_t)b->buf) < 0)
		b->text[0] = 0;
}

static void open_close(struct bench *b, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = wr_openat2(b->root_fd, b->path, &how);

	if (fd >= 0)
		close(fd);
}

static void part_openat2(struct bench *b)
{
	open_close(b, O_RDONLY);
}

static void part_openat2_path(struct bench *b)
{
	open_close(b, O_PATH);
}

static void part_fstat(struct bench *b)
{
#ifdef SYS_fstat
	syscall(SYS_fstat, b->fd, &b->st);
#else
	fstat(b->fd, &b->st);
#endif
}

static void part_statx_empty(struct bench *b)
{
	struct statx stx;

	statx(b->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx);
}

static void part_fstatat(struct bench *b)
{
	fstatat(b->root_fd, b->path + 1, &b->st, 0);
}

static void part_poll(struct bench *b)
{
	struct pollfd p = {.fd = b->pidfd, .events = POLLIN};

	poll(&p, 1, 0);
}

static void part_pidfd(struct bench *b)
{
	int fd = wr_pidfd_open(b->pid);

	if (fd >= 0)
		close(fd);
}

static void part_mem_open(struct bench *b)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/mem", b->pid);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

static const struct {
	const char *name;
	void (*run)(struct bench *);
} table[] = {
	{"getppid (the entry itself)", part_getppid},
	{"process_vm_readv, 64 bytes", part_readv},
	{"pread /proc/PID/mem, 64 bytes", part_mem_read},
	{"process_vm_writev, struct stat", part_writev},
	{"pwrite /proc/PID/mem, struct stat", part_mem_write},
	{"openat2 O_RDONLY + close", part_openat2},
	{"openat2 O_PATH + close", part_openat2_path},
	{"fstat", part_fstat},
	{"statx AT_EMPTY_PATH", part_statx_empty},
	{"newfstatat by path", part_fstatat},
	{"poll of one fd", part_poll},
	{"pidfd_open + close", part_pidfd},
	{"open + close of /proc/PID/mem", part_mem_open},
};

_Static_assert(sizeof(table) / sizeof(table[0]) <= PARTS_MAX, "parts.name has no room");

static void time_part(struct bench *b, size_t i, unsigned round)
{
	uint64_t start = loop_now_ns();

	for (unsigned k = 0; k < PART_CALLS; k++)
		table[i].run(b);
	b->out->ns[i][round] = (double)(loop_now_ns() - start) / PART_CALLS;
	b->out->n[i] = round + 1;
}

/* The guest waits in its stat for as long as this runs. */
static void probe(const struct seccomp_notif *n, void *arg)
{
	struct bench *b = arg;
	char name[32];

	if (n->data.nr != SYS_newfstatat || b->out->name[0])
		return;
	b->pid = (pid_t)n->pid;
	b->addr = n->data.args[1];
	b->buf = n->data.args[2];
	snprintf(name, sizeof(name), "/proc/%d/mem", b->pid);
	b->mem = open(name, O_RDWR | O_CLOEXEC);
	b->pidfd = wr_pidfd_open(b->pid);
	b->fd = openat(b->root_fd, b->path + 1, O_PATH | O_CLOEXEC);
	for (unsigned round = 0; round < PARTS_ROUNDS; round++)
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			time_part(b, i, round);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		b->out->name[i] = table[i].name;
	close(b->mem);
	close(b->pidfd);
	close(b->fd);
}

static int stat_once(void *path)
{
	struct loop_op op = {.kind = LOOP_STAT, .path = path};

	return loop_once(&op) < 0;
}

int parts_measure(struct parts *p, int root_fd, const char *path)
{
	struct bench b = {.out = p, .path = path, .root_fd = root_fd};
	struct floor_config conf = {
		.root_fd = root_fd, .null_nr = -1, .pin = FLOOR_PIN_SAME, .probe = probe, .probe_arg = &b};
	struct floor *f;
	int r, status = 0;

	memset(p, 0, sizeof(*p));
	r = floor_start(&f, &conf, stat_once, (void *)(uintptr_t)path);
	if (r >= 0)
		r = floor_finish(f, &status);
	return r < 0 ? r : status ? -EIO : 0;
}
