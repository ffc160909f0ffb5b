/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that change attributes by path. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

/* What the object looks like after a change. */
static void look(struct guest *g, long r, long dirfd, const char *path, int flags)
{
	struct stat st;

	if (r == 0 &&
	    raw(SYS_newfstatat, dirfd, path, &st, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) == 0) {
		out_stat(g, &st);
		out_away(g, dirfd, path);
	}
}

static void op_chmod(struct guest *g)
{
	static const int flags_set[] = {0, 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH, 1};
	int flags = PICK(g, flags_set);
	mode_t mode = gen_mode(g);
	unsigned form = rnd(g, 3);
	struct parg p;
	struct darg d;
	long r;

	gen_path(g, &p, W_OLD);
	gen_dirfd(g, &d);
#ifndef SYS_chmod
	form |= 1;
#endif
	if (form == 0) {
		d.v = AT_FDCWD;
		strcpy(d.desc, "cwd");
	}
	if (form != 2)
		flags = 0;
	if (guard_dev(g, (int)d.v, &p, !(flags & AT_SYMLINK_NOFOLLOW)) ||
	    (!p.buf[0] && guard_fd(g, (int)d.v)))
		return;
	switch (form) {
#ifdef SYS_chmod
	case 0:
		line(g, "chmod", "%s %04o", p.desc, mode);
		r = CALL(g, SYS_chmod, p.p, mode);
		break;
#endif
	case 1:
		line(g, "fchmodat", "%s %s %04o", d.desc, p.desc, mode);
		r = CALL(g, SYS_fchmodat, d.v, p.p, mode);
		break;
	default:
		line(g, "fchmodat2", "%s %s %04o %#x", d.desc, p.desc, mode, flags);
		r = CALL(g, SYS_fchmodat2, d.v, p.p, mode, flags);
	}
	res(g, r);
	look(g, r, d.v, p.p, flags);
}

static long gen_id(struct guest *g, long own)
{
	static const long ids[] = {-1, 0, 1, 12345, 65534};

	/* In a user namespace with one id the others are EINVAL and not EPERM. */
	if (g->own_ids)
		return one_in(g, 2) ? -1 : own;
	return one_in(g, 3) ? own : PICK(g, ids);
}

static void op_chown(struct guest *g)
{
	static const int flags_set[] = {0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH, 2};
	int flags = PICK(g, flags_set);
	long uid = gen_id(g, g->uid), gid = gen_id(g, g->gid);
	unsigned form = rnd(g, 3);
	struct parg p;
	struct darg d;
	long r;

	gen_path(g, &p, W_OLD);
	gen_dirfd(g, &d);
#ifndef SYS_chown
	form = 2;
#endif
	if (form < 2) {
		d.v = AT_FDCWD;
		strcpy(d.desc, "cwd");
		flags = form ? AT_SYMLINK_NOFOLLOW : 0;
	}
	if (guard_dev(g, (int)d.v, &p, !(flags & AT_SYMLINK_NOFOLLOW)) ||
	    (!p.buf[0] && guard_fd(g, (int)d.v)))
		return;
#ifdef SYS_chown
	if (form < 2) {
		line(g, form ? "lchown" : "chown", "%s %ld %ld", p.desc, uid, gid);
		r = CALL(g, form ? SYS_lchown : SYS_chown, p.p, uid, gid);
		res(g, r);
		look(g, r, d.v, p.p, flags);
		return;
	}
#endif
	line(g, "fchownat", "%s %s %ld %ld %#x", d.desc, p.desc, uid, gid, flags);
	r = CALL(g, SYS_fchownat, d.v, p.p, uid, gid, flags);
	res(g, r);
	look(g, r, d.v, p.p, flags);
}

static void op_truncate(struct guest *g)
{
	static const long sizes[] = {0, 0, 1, 5, 100, 4096, 6000, 1 << 20, (1 << 20) + 1, -1, LONG_MAX};
	long size = PICK(g, sizes), r;
	struct parg p;

	gen_path(g, &p, W_OLD);
	line(g, "truncate", "%s %ld", p.desc, size);
	r = CALL(g, SYS_truncate, p.p, size);
	res(g, r);
	look(g, r, AT_FDCWD, p.p, 0);
}

static void look_times(struct guest *g, long r, long dirfd, const char *path, int flags)
{
	struct stat st;

	if (r != 0)
		return;
	if (path ? raw(SYS_newfstatat, dirfd, path, &st, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		 : raw(SYS_fstat, dirfd, &st))
		return;
	/* The nodes of /proc are made anew when the kernel likes, with new times. A link may be read by
	 * warren where the kernel does not come to follow it. */
	if ((!g->proc_dev || st.st_dev != g->proc_dev) && !S_ISLNK(st.st_mode))
		out_time(g, "a", st.st_atim.tv_sec, (unsigned)st.st_atim.tv_nsec);
	out_stat(g, &st);
	out_away(g, dirfd, path);
}

static void gen_timespec(struct guest *g, struct timespec *ts)
{
	static const long nsecs[] = {0,		 1,	     999999999,	 123456789, UTIME_NOW,
				     UTIME_OMIT, UTIME_OMIT, 1000000000, -1};

	ts->tv_sec = (long)rnd(g, 900000000) + (one_in(g, 20) ? -1000000000 : 0);
	ts->tv_nsec = one_in(g, 3) ? PICK(g, nsecs) : (long)rnd(g, 1000000000);
}

static void op_utimensat(struct guest *g)
{
	static const int flags_set[] = {0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1};
	int flags = PICK(g, flags_set);
	struct timespec ts[2];
	const char *tdesc = NULL;
	void *times = ts;
	struct parg p;
	struct darg d;
	long r;

	gen_path(g, &p, W_OLD);
	gen_dirfd(g, &d);
	gen_timespec(g, &ts[0]);
	gen_timespec(g, &ts[1]);
	if (one_in(g, 8)) { /* the futimens form */
		gen_fd(g, &d);
		p.p = NULL;
		strcpy(p.desc, "NULL");
		if (!one_in(g, 4))
			flags = 0;
	}
	if (p.p ? guard_dev(g, (int)d.v, &p, !(flags & AT_SYMLINK_NOFOLLOW)) : guard_fd(g, (int)d.v))
		return;
	if (p.p && !p.buf[0] && guard_fd(g, (int)d.v))
		return;
	if (one_in(g, 10))
		times = NULL, tdesc = "NULL";
	else if (one_in(g, 30))
		times = bad_ptr(g, &tdesc);
	if (tdesc)
		line(g, "utimensat", "%s %s %s %#x", d.desc, p.desc, tdesc, flags);
	else
		line(g, "utimensat", "%s %s %ld.%ld %ld.%ld %#x", d.desc, p.desc, ts[0].tv_sec, ts[0].tv_nsec,
		     ts[1].tv_sec, ts[1].tv_nsec, flags);
	r = CALL(g, SYS_utimensat, d.v, p.p, times, flags);
	res(g, r);
	look_times(g, r, d.v, p.p, flags);
}

static void op_utimes(struct guest *g)
{
#ifdef SYS_utimes
	struct timeval tv[2] = {{rnd(g, 900000000), rnd(g, 1000000)}, {rnd(g, 900000000), rnd(g, 1000000)}};
	struct utimbuf ub = {rnd(g, 900000000), rnd(g, 900000000)};
	bool null = one_in(g, 6);
	const char *tdesc = null ? "NULL" : "times";
	struct parg p;
	struct darg d;
	long r;

	if (one_in(g, 12))
		tv[1].tv_usec = one_in(g, 2) ? 1000000 : -1;
	gen_path(g, &p, W_OLD);
	gen_dirfd(g, &d);
	if (guard_dev(g, AT_FDCWD, &p, true) || guard_dev(g, (int)d.v, &p, true) || guard_fd(g, (int)d.v))
		return;
	switch (rnd(g, 3)) {
	case 0:
		line(g, "utime", "%s %s", p.desc, tdesc);
		r = CALL(g, SYS_utime, p.p, null ? NULL : &ub);
		d.v = AT_FDCWD;
		break;
	case 1:
		line(g, "utimes", "%s %s %ld", p.desc, tdesc, tv[1].tv_usec);
		r = CALL(g, SYS_utimes, p.p, null ? NULL : tv);
		d.v = AT_FDCWD;
		break;
	default:
		if (one_in(g, 10)) {
			p.p = NULL;
			strcpy(p.desc, "NULL");
		}
		line(g, "futimesat", "%s %s %s %ld", d.desc, p.desc, tdesc, tv[1].tv_usec);
		r = CALL(g, SYS_futimesat, d.v, p.p, null ? NULL : tv);
	}
	res(g, r);
	look_times(g, r, d.v, p.p, 0);
#else
	(void)g;
#endif
}

const struct op attr_ops[] = {
	{"chmod", 50, op_chmod},	 {"chown", 40, op_chown},   {"truncate", 25, op_truncate},
	{"utimensat", 35, op_utimensat}, {"utimes", 15, op_utimes}, {NULL, 0, NULL},
};
