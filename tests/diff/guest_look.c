/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that only look: stat and its kin, access, readlink, statfs, handles, watches. */
#include "guest.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static void op_stat(struct guest *g)
{
	static const int flags_set[] = {0,
					0,
					0,
					AT_SYMLINK_NOFOLLOW,
					AT_SYMLINK_NOFOLLOW,
					AT_EMPTY_PATH,
					AT_EMPTY_PATH,
					AT_NO_AUTOMOUNT,
					AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
					1,
					AT_SYMLINK_FOLLOW};
	int flags = PICK(g, flags_set);
	unsigned form = rnd(g, 4);
	struct stat st;
	void *buf = &st;
	const char *bdesc = "";
	struct parg p;
	struct darg d;
	long r;

	memset(&st, 0, sizeof(st));
	gen_path(g, &p, W_STAT);
	gen_dirfd(g, &d);
	if (one_in(g, 40))
		buf = bad_ptr(g, &bdesc);
	else if (one_in(g, 15))
		buf = edge_buf(g, sizeof(st));
	switch (form) {
#ifdef SYS_stat
	case 0:
		line(g, "stat", "%s %s", p.desc, bdesc);
		r = CALL(g, SYS_stat, p.p, buf);
		break;
	case 1:
		line(g, "lstat", "%s %s", p.desc, bdesc);
		r = CALL(g, SYS_lstat, p.p, buf);
		break;
#endif
	default:
		line(g, "newfstatat", "%s %s %s %#x", d.desc, p.desc, bdesc, flags);
		r = CALL(g, SYS_newfstatat, d.v, p.p, buf, flags);
	}
	res(g, r);
	if (r == 0) {
		memcpy(&st, buf, sizeof(st));
		out_stat(g, &st);
	}
}

static void out_statx(struct guest *g, const struct statx *x, unsigned mask)
{
	/* A file system may answer more than it was asked: look only at what was asked. */
	unsigned got = x->stx_mask & mask & (STATX_BASIC_STATS | STATX_BTIME);
	struct stat st = {.st_dev = makedev(x->stx_dev_major, x->stx_dev_minor),
			  .st_ino = x->stx_ino,
			  .st_mode = x->stx_mode,
			  .st_nlink = x->stx_nlink,
			  .st_uid = x->stx_uid,
			  .st_gid = x->stx_gid,
			  .st_rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
			  .st_size = (off_t)x->stx_size,
			  .st_mtim = {x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec}};

	out(g, " mask%#x root%d", got, !g->overlay && (x->stx_attributes & STATX_ATTR_MOUNT_ROOT));
	if ((got & STATX_BASIC_STATS) == STATX_BASIC_STATS)
		out_stat(g, &st);
}

static void op_statx(struct guest *g)
{
	static const int flags_set[] = {0,
					0,
					AT_SYMLINK_NOFOLLOW,
					AT_EMPTY_PATH,
					AT_STATX_FORCE_SYNC,
					AT_STATX_SYNC_TYPE,
					AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW,
					AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
					1};
	static const unsigned masks[] = {
		STATX_BASIC_STATS, STATX_BASIC_STATS | STATX_BTIME, STATX_BASIC_STATS, 0,
		STATX_SIZE,	   STATX_TYPE | STATX_MODE,	    0x80000000};
	int flags = PICK(g, flags_set);
	unsigned mask = PICK(g, masks);
	struct statx x;
	void *buf = &x;
	const char *bdesc = "";
	struct parg p;
	struct darg d;
	long r;

	memset(&x, 0, sizeof(x));
	gen_path(g, &p, W_STAT);
	gen_dirfd(g, &d);
	if (one_in(g, 40))
		buf = bad_ptr(g, &bdesc);
	line(g, "statx", "%s %s %#x %#x %s", d.desc, p.desc, flags, mask, bdesc);
	r = CALL(g, SYS_statx, d.v, p.p, flags, mask, buf);
	res(g, r);
	if (r == 0)
		out_statx(g, &x, mask);
}

static void op_access(struct guest *g)
{
	static const int modes[] = {F_OK, R_OK, W_OK, X_OK, R_OK | W_OK, R_OK | X_OK, 7, 8, -1};
	static const int flags_set[] = {
		0, 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EACCESS | AT_EMPTY_PATH, 1};
	int mode = PICK(g, modes), flags = PICK(g, flags_set);
	unsigned form = rnd(g, 3);
	struct parg p;
	struct darg d;

	gen_path(g, &p, W_STAT);
	gen_dirfd(g, &d);
#ifdef SYS_access
	if (form == 0) {
		line(g, "access", "%s %d", p.desc, mode);
		res(g, CALL(g, SYS_access, p.p, mode));
		return;
	}
#endif
	if (form == 1) {
		line(g, "faccessat", "%s %s %d", d.desc, p.desc, mode);
		res(g, CALL(g, SYS_faccessat, d.v, p.p, mode));
		return;
	}
	line(g, "faccessat2", "%s %s %d %#x", d.desc, p.desc, mode, flags);
	res(g, CALL(g, SYS_faccessat2, d.v, p.p, mode, flags));
}

static void op_readlink(struct guest *g)
{
	static const int sizes[] = {PATH_MAX, PATH_MAX, 256, 64, 5, 1, 0, -1};
	int size = PICK(g, sizes);
	char *buf = edge_buf(g, size > 0 ? (size_t)size : 1);
	const char *bdesc = "";
	struct parg p;
	struct darg d;
	long r;

	gen_path(g, &p, W_STAT);
	gen_dirfd(g, &d);
	/* Mostly aim at what can be read. */
	if (!one_in(g, 4)) {
		static const char *const links[] = {"la",   "ld",   "lx",    "lself", "lup",   "lts", "hs",
						    "e/la", "labs", "d/ld2", "lproc", "lroot", "n0"};

		p.p = strcpy(p.buf, PICK(g, links));
		quote(p.desc, sizeof(p.desc), p.buf, strlen(p.buf));
	}
	memset(buf, '#', size > 0 ? (size_t)size : 1);
	if (one_in(g, 40))
		buf = bad_ptr(g, &bdesc);
#ifdef SYS_readlink
	if (one_in(g, 2)) {
		line(g, "readlink", "%s %d %s", p.desc, size, bdesc);
		r = CALL(g, SYS_readlink, p.p, buf, size);
	} else
#endif
	{
		line(g, "readlinkat", "%s %s %d %s", d.desc, p.desc, size, bdesc);
		r = CALL(g, SYS_readlinkat, d.v, p.p, buf, size);
	}
	/* Below /proc the length may count the digits of a pid. */
	res(g, r < 0 ? r : 0);
	if (r > 0 && r <= size && !bdesc[0]) {
		out_kpath(g, buf, (size_t)r);
		/* Bytes behind the target must be untouched. */
		if (r < size && buf[r] != '#')
			out(g, " overrun");
	}
}

static void op_statfs(struct guest *g)
{
	const char *bdesc = "";
	struct statfs sf;
	void *buf = &sf;
	struct parg p;

	gen_path(g, &p, W_STAT);
	if (one_in(g, 20))
		buf = bad_ptr(g, &bdesc);
	line(g, "statfs", "%s %s", p.desc, bdesc);
	res(g, CALL(g, SYS_statfs, p.p, buf));
}

static void op_handle(struct guest *g)
{
	struct {
		struct file_handle h;
		unsigned char space[MAX_HANDLE_SZ];
	} fh = {.h = {.handle_bytes = one_in(g, 4) ? 0 : MAX_HANDLE_SZ}};
	static const int flags_set[] = {0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, 1};
	int flags = PICK(g, flags_set), mnt = 0;
	unsigned bytes = fh.h.handle_bytes;
	struct parg p;
	struct darg d;

	gen_path(g, &p, W_STAT);
	gen_dirfd(g, &d);
	line(g, "name_to_handle_at", "%s %s %u %#x", d.desc, p.desc, bytes, flags);
	res(g, CALL(g, SYS_name_to_handle_at, d.v, p.p, &fh, &mnt, flags));
}

/* A user has 128 instances, whoever runs what else: that limit is waited for. */
static int new_instance(void)
{
	long fd, room;

	for (int i = 0; i < 5000; i++) {
		fd = raw(SYS_inotify_init1, IN_NONBLOCK | IN_CLOEXEC);
		if (fd != -EMFILE)
			break;
		room = raw(SYS_dup, 0);
		if (room < 0)
			break; /* RLIMIT_NOFILE */
		raw(SYS_close, room);
		usleep(1000);
	}
	return (int)fd;
}

static void op_inotify(struct guest *g)
{
	static const unsigned masks[] = {IN_CREATE | IN_DELETE,
					 IN_DELETE_SELF,
					 IN_CREATE | IN_ONLYDIR,
					 IN_DELETE | IN_DONT_FOLLOW,
					 0,
					 IN_MOVED_TO | IN_MASK_CREATE,
					 IN_MOVE_SELF | IN_MASK_ADD};
	unsigned mask = PICK(g, masks);
	struct parg p;
	struct darg d;
	long fd = -1;

	if (g->inotify < 0 && !g->in_child)
		g->inotify = new_instance();
	gen_path(g, &p, W_OLD);
	gen_fd(g, &d);
	fd = one_in(g, 20) ? d.v : g->inotify;
	line(g, "inotify_add_watch", "%s %s %#x", fd == g->inotify ? "in" : d.desc, p.desc, mask);
	res(g, CALL(g, SYS_inotify_add_watch, fd, p.p, mask));
}

const struct op stat_ops[] = {
	{"stat", 110, op_stat},	       {"statx", 40, op_statx},	  {"access", 60, op_access},
	{"readlink", 40, op_readlink}, {"statfs", 12, op_statfs}, {"handle", 6, op_handle},
	{"inotify", 10, op_inotify},   {NULL, 0, NULL},
};
