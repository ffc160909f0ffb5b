/* SPDX-License-Identifier: Apache-2.0 */
/* open, creat, openat, openat2, O_TMPFILE, and fds handed on. */
#include "guest.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int gen_flags(struct guest *g)
{
	static const struct {
		int flag;
		unsigned percent;
	} extra[] = {
		{O_CREAT, 32},	  {O_EXCL, 9},	   {O_TRUNC, 10},     {O_APPEND, 8},  {O_DIRECTORY, 10},
		{O_NOFOLLOW, 12}, {O_PATH, 14},	   {O_CLOEXEC, 25},   {O_NOATIME, 3}, {O_TMPFILE, 3},
		{O_NOCTTY, 3},	  {0x40000000, 2}, {O_LARGEFILE, 10},
	};
	static const int modes[] = {O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
	int flags = one_in(g, 50) ? O_ACCMODE : PICK(g, modes);

	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		if (rnd(g, 100) < extra[i].percent)
			flags |= extra[i].flag;
	return g->no_opath ? flags & ~O_PATH : flags;
}

/* Never wait for the other end of a FIFO: O_NONBLOCK, or a look before. True: leave the call out. */
static bool avoid_block(struct guest *g, int *flags, long dirfd, const char *path)
{
	if (*flags & O_PATH)
		return false;
	if (!one_in(g, 4)) {
		*flags |= O_NONBLOCK;
		return false;
	}
	return is_fifo((int)dirfd, path);
}

/* The new fd goes to a slot; its flags and what it refers to are part of the result. */
static void opened(struct guest *g, long r)
{
	unsigned slot = rnd(g, NSLOT);
	struct stat st;

	if (r < 0) {
		res(g, r);
		return;
	}
	res(g, r - g->fd0);
	out(g, " ->@%u fl%#lx fd%ld", slot, raw(SYS_fcntl, r, F_GETFL), raw(SYS_fcntl, r, F_GETFD));
	if (raw(SYS_fstat, r, &st) == 0)
		out_stat(g, &st);
	put_slot(g, slot, (int)r);
}

static void op_openat(struct guest *g)
{
	int flags = gen_flags(g);
	mode_t mode = gen_mode(g);
	struct parg p;
	struct darg d;
	bool at = one_in(g, 2);

	gen_path(g, &p, flags & O_CREAT ? W_NEW : flags & (O_DIRECTORY | __O_TMPFILE) ? W_DIR : W_OLD);
	gen_dirfd(g, &d);
#ifndef SYS_open
	at = true;
#endif
	if (avoid_block(g, &flags, at ? d.v : AT_FDCWD, p.p))
		return;
#ifdef SYS_open
	if (!at) {
		line(g, "open", "%s %#x %04o", p.desc, flags, mode);
		opened(g, CALL(g, SYS_open, p.p, flags, mode));
		return;
	}
#endif
	line(g, "openat", "%s %s %#x %04o", d.desc, p.desc, flags, mode);
	opened(g, CALL(g, SYS_openat, d.v, p.p, flags, mode));
}

static void op_creat(struct guest *g)
{
#ifdef SYS_creat
	mode_t mode = gen_mode(g);
	struct parg p;

	gen_path(g, &p, W_NEW);
	if (is_fifo(AT_FDCWD, p.p))
		return;
	line(g, "creat", "%s %04o", p.desc, mode);
	opened(g, CALL(g, SYS_creat, p.p, mode));
#else
	(void)g;
#endif
}

static uint64_t gen_resolve(struct guest *g)
{
	static const uint64_t sets[] = {
		0,
		0,
		RESOLVE_BENEATH,
		RESOLVE_BENEATH,
		RESOLVE_IN_ROOT,
		RESOLVE_IN_ROOT,
		RESOLVE_NO_SYMLINKS,
		RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_XDEV,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
		RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
		RESOLVE_IN_ROOT | RESOLVE_BENEATH,
		0x40,
		1ULL << 40,
	};

	return PICK(g, sets);
}

/* A scoped lookup of ".." gives EAGAIN when anything on the machine is renamed meanwhile. */
static long openat2_retry(struct guest *g, long dirfd, const char *path, const void *how, size_t size,
			  bool retry)
{
	long r;

	for (int i = 0; i < 1000; i++) {
		r = CALL(g, SYS_openat2, dirfd, path, how, size);
		if (r != -EAGAIN || !retry)
			break;
	}
	return r;
}

static void op_openat2(struct guest *g)
{
	static const size_t sizes[] = {0, 8, 23, 25, 32, 4096, 4097, 1UL << 32};
	char buf[8192] = {0};
	struct open_how how = {.flags = (uint64_t)gen_flags(g)};
	size_t size = sizeof(how);
	const char *what = "";
	struct parg p;
	struct darg d;
	int flags = (int)how.flags;

	gen_path(g, &p, flags & O_CREAT ? W_NEW : W_OLD);
	gen_dirfd(g, &d);
	if (avoid_block(g, &flags, d.v, p.p))
		return;
	how.flags = (unsigned)flags & ~(one_in(g, 9) ? 0U : 0x40000000U);
	/* openat2 refuses what open ignores: mostly give it what it accepts. */
	if (!one_in(g, 10) && (how.flags & O_PATH))
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (how.flags & (O_CREAT | __O_TMPFILE) || one_in(g, 20))
		how.mode = one_in(g, 20) ? 010000 | gen_mode(g) : gen_mode(g);
	if (one_in(g, 40))
		how.flags |= 1ULL << 33;
	how.resolve = gen_resolve(g);
	if ((how.flags & O_CREAT) && one_in(g, 20))
		how.resolve |= RESOLVE_CACHED; /* without O_CREAT the answer depends on the cache */
	memcpy(buf, &how, sizeof(how));
	if (one_in(g, 12)) {
		size = PICK(g, sizes);
		if (size > 24 && one_in(g, 2)) {
			buf[24] = 1;
			what = " tail";
		}
	}
	line(g, "openat2", "%s %s %#llx %#llo r%#llx size %zu%s", d.desc, p.desc,
	     (unsigned long long)how.flags, (unsigned long long)how.mode, (unsigned long long)how.resolve,
	     size, what);
	opened(g, one_in(g, 60) ? CALL(g, SYS_openat2, d.v, p.p, g->edge[0] - 8, size)
				: openat2_retry(g, d.v, p.p, buf, size, !(how.resolve & RESOLVE_CACHED)));
}

/* An unnamed file that gets its name by /proc/self/fd, or by AT_EMPTY_PATH, which needs a capability. */
static void op_tmpfile(struct guest *g)
{
	static const int accs[] = {O_RDWR, O_WRONLY, O_RDWR | O_EXCL, O_RDONLY};
	int flags = O_TMPFILE | PICK(g, accs);
	mode_t mode = gen_mode(g);
	struct parg dir, to;
	char from[64];
	bool empty = !g->proc || one_in(g, 3);
	long fd, r;

	gen_path(g, &dir, W_DIR);
	gen_path(g, &to, W_NEW);
	line(g, "openat", "cwd %s %#x %04o tmpfile", dir.desc, flags, mode);
	fd = CALL(g, SYS_openat, AT_FDCWD, dir.p, flags, mode);
	opened(g, fd);
	if (fd < 0)
		return;
	raw(SYS_write, fd, "tmpfile", 7);
	out(g, "\n");
	line(g, "linkat", "tmpfile %s to %s", empty ? "empty" : "proc", to.desc);
	if (empty) {
		r = CALL(g, SYS_linkat, fd, "", AT_FDCWD, to.p, AT_EMPTY_PATH);
	} else {
		snprintf(from, sizeof(from), "/proc/self/fd/%ld", fd);
		r = CALL(g, SYS_linkat, AT_FDCWD, from, AT_FDCWD, to.p, AT_SYMLINK_FOLLOW);
	}
	res(g, r);
}

const struct op open_ops[] = {
	{"openat", 150, op_openat},
	{"openat2", 45, op_openat2},
	{"creat", 15, op_creat},
	{"tmpfile", 12, op_tmpfile},
	{NULL, 0, NULL},
};
