/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on fds that are held: they must see and change what the paths see. */
#include "guest.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROC_MAGIC 0x9fa0

static void op_io(struct guest *g)
{
	char *buf = edge_buf(g, 64);
	const char *bdesc = "";
	struct stat st;
	struct darg d;
	long off = rnd(g, 40), r;

	gen_fd(g, &d);
	if (raw(SYS_fstat, d.v, &st) == 0 && S_ISFIFO(st.st_mode))
		strcat(d.desc, " fifo");
	memset(buf, 'a' + (int)rnd(g, 26), 64);
	if (one_in(g, 30))
		buf = bad_ptr(g, &bdesc);
	switch (rnd(g, 4)) {
	case 0:
		line(g, "read", "%s 64 %s", d.desc, bdesc);
		r = CALL(g, SYS_read, d.v, buf, 64);
		break;
	case 1:
		line(g, "pread64", "%s 20 %ld %s", d.desc, off, bdesc);
		r = CALL(g, SYS_pread64, d.v, buf, 20, off);
		break;
	case 2:
		line(g, "write", "%s %ld %s", d.desc, off, bdesc);
		res(g, CALL(g, SYS_write, d.v, buf, off));
		return;
	default:
		line(g, "pwrite64", "%s 10 %ld %s", d.desc, off, bdesc);
		res(g, CALL(g, SYS_pwrite64, d.v, buf, 10, off));
		return;
	}
	res(g, r);
	if (r > 0 && !bdesc[0])
		out_bytes(g, buf, (size_t)r);
}

static void op_lseek(struct guest *g)
{
	static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END, 9};
	int w = PICK(g, whence);
	long off = (long)rnd(g, 30) - 3;
	struct darg d;
	struct stat st;
	long r;

	gen_fd(g, &d);
	/* Positions in a directory are cookies. */
	if (raw(SYS_fstat, d.v, &st) == 0 && S_ISDIR(st.st_mode))
		w = SEEK_SET, off = 0;
	line(g, "lseek", "%s %ld %d", d.desc, off, w);
	r = CALL(g, SYS_lseek, d.v, off, w);
	res(g, r);
}

static void op_fstat(struct guest *g)
{
	struct darg d;
	struct stat st;
	long r;

	gen_fd(g, &d);
	line(g, "fstat", "%s", d.desc);
	r = CALL(g, SYS_fstat, d.v, &st);
	res(g, r);
	if (r == 0)
		out_stat(g, &st);
}

static void look_fd(struct guest *g, long r, long fd)
{
	struct stat st;

	if (r == 0 && raw(SYS_fstat, fd, &st) == 0) {
		out_stat(g, &st);
		out_away(g, fd, NULL);
	}
}

static void op_fattr(struct guest *g)
{
	static const long sizes[] = {0, 3, 50, 5000, 1 << 20, (1 << 20) + 1, -1};
	mode_t mode = gen_mode(g);
	long uid = one_in(g, 2) ? -1 : (long)g->uid, gid = one_in(g, 2) ? -1 : (long)g->gid, r;
	long size = PICK(g, sizes);
	struct darg d;

	gen_fd(g, &d);
	if (guard_fd(g, (int)d.v))
		return;
	switch (rnd(g, 3)) {
	case 0:
		line(g, "ftruncate", "%s %ld", d.desc, size);
		r = CALL(g, SYS_ftruncate, d.v, size);
		break;
	case 1:
		line(g, "fchmod", "%s %04o", d.desc, mode);
		r = CALL(g, SYS_fchmod, d.v, mode);
		break;
	default:
		if (!g->own_ids && one_in(g, 3))
			uid = 12345;
		line(g, "fchown", "%s %ld %ld", d.desc, uid, gid);
		r = CALL(g, SYS_fchown, d.v, uid, gid);
	}
	res(g, r);
	look_fd(g, r, d.v);
}

static void op_dup(struct guest *g)
{
	unsigned slot = rnd(g, NSLOT);
	struct darg d;
	long r;

	if (one_in(g, 3)) {
		line(g, "close", "@%u%s", slot, g->slot[slot] < 0 ? "-" : "");
		close_slot(g, slot);
		res(g, 0);
		return;
	}
	gen_fd(g, &d);
	line(g, "dup", "%s", d.desc);
	r = CALL(g, SYS_dup, d.v);
	res(g, r < 0 ? r : r - g->fd0);
	if (r >= 0) {
		out(g, " ->@%u", slot);
		put_slot(g, slot, (int)r);
	}
}

static void op_flock(struct guest *g)
{
	static const int ops[] = {LOCK_SH, LOCK_EX, LOCK_EX, LOCK_UN};
	int op = PICK(g, ops) | LOCK_NB;
	struct flock fl = {.l_type = one_in(g, 2) ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
	struct darg d;

	gen_fd(g, &d);
	if (one_in(g, 3)) {
		bool ofd = one_in(g, 2);

		line(g, "fcntl", "%s %s %d", d.desc, ofd ? "OFD_SETLK" : "SETLK", fl.l_type);
		res(g, CALL(g, SYS_fcntl, d.v, ofd ? F_OFD_SETLK : F_SETLK, &fl));
		return;
	}
	line(g, "flock", "%s %d", d.desc, op);
	res(g, CALL(g, SYS_flock, d.v, op));
}

/* Flags that a file has beside its mode: changed by fd, open for whatever. */
static void op_ioctl(struct guest *g)
{
	static const unsigned flags[] = {0,
					 FS_NODUMP_FL,
					 FS_NOATIME_FL,
					 FS_NODUMP_FL | FS_NOATIME_FL,
					 FS_IMMUTABLE_FL,
					 FS_APPEND_FL,
					 0x80000000};
	struct fsxattr x = {.fsx_xflags = one_in(g, 2) ? FS_XFLAG_NODUMP : 0};
	unsigned value = PICK(g, flags);
	const char *vdesc = "";
	void *arg = &value;
	struct darg d;
	long r;

	gen_fd(g, &d);
	if (guard_fd(g, (int)d.v))
		return;
	if (one_in(g, 12))
		arg = bad_ptr(g, &vdesc);
	switch (rnd(g, 4)) {
	case 0:
		line(g, "ioctl", "%s GETFLAGS %s", d.desc, vdesc);
		r = CALL(g, SYS_ioctl, d.v, FS_IOC_GETFLAGS, arg);
		res(g, r);
		if (r == 0)
			out(g, " %#x", value & FS_FL_USER_MODIFIABLE);
		return;
	case 1:
		line(g, "ioctl", "%s FSSETXATTR %#x", d.desc, x.fsx_xflags);
		res(g, CALL(g, SYS_ioctl, d.v, FS_IOC_FSSETXATTR, &x));
		return;
	case 2:
		line(g, "ioctl", "%s SETVERSION %u %s", d.desc, value, vdesc);
		res(g, CALL(g, SYS_ioctl, d.v, FS_IOC_SETVERSION, arg));
		return;
	default:
		line(g, "ioctl", "%s SETFLAGS %#x %s", d.desc, value, vdesc);
		res(g, CALL(g, SYS_ioctl, d.v, FS_IOC_SETFLAGS, arg));
	}
}

static void out_entries(struct guest *g, int fd, const struct entry *e, unsigned n)
{
	struct stat st;
	struct statfs sf;

	/* Entries of /proc are of the moment. */
	if (raw(SYS_fstatfs, fd, &sf) == 0 && sf.f_type == PROC_MAGIC) {
		out(g, " proc");
		return;
	}
	if (raw(SYS_fstat, fd, &st) < 0)
		memset(&st, 0, sizeof(st));
	out(g, " %u:", n);
	for (unsigned i = 0; i < n; i++) {
		out_bytes(g, e[i].name, strlen(e[i].name));
		out(g, "/%u/%u", e[i].type, canon_known(g, st.st_dev, e[i].ino));
	}
}

/* A whole listing; the order is the file system's, so a buffer too small for one entry fails the whole. */
static void op_getdents(struct guest *g)
{
	static const size_t sizes[] = {32768, 32768, 2048, 300, 64, 32, 24, 18, 0};
	size_t size = PICK(g, sizes);
	bool legacy = one_in(g, 3), own = one_in(g, 2);
	struct entry *e = NULL;
	const char *bdesc;
	unsigned n = 0;
	struct parg p;
	struct darg d;
	long fd;
	int r;

	gen_fd(g, &d);
	if (one_in(g, 40)) {
		void *bad = bad_ptr(g, &bdesc);

		line(g, "getdents64", "%s %s", d.desc, bdesc);
		res(g, CALL(g, SYS_getdents64, d.v, bad, 4096));
		raw(SYS_lseek, d.v, 0, SEEK_SET);
		return;
	}
	fd = d.v;
	if (own) {
		gen_path(g, &p, W_DIR);
		fd = raw(SYS_openat, AT_FDCWD, p.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		line(g, legacy ? "getdents" : "getdents64", "%s %zu", p.desc, size);
	} else {
		line(g, legacy ? "getdents" : "getdents64", "%s %zu", d.desc, size);
	}
	r = fd < 0 && own ? (int)fd : read_dir((int)fd, legacy, size, &e, &n);
	res(g, r);
	if (r == 0)
		out_entries(g, (int)fd, e, n);
	free(e);
	if (own && fd >= 0)
		raw(SYS_close, fd);
}

const struct op fd_ops[] = {
	{"io", 50, op_io},   {"lseek", 10, op_lseek}, {"fstat", 20, op_fstat},	     {"fattr", 40, op_fattr},
	{"dup", 25, op_dup}, {"flock", 12, op_flock}, {"getdents", 40, op_getdents}, {"ioctl", 20, op_ioctl},
	{NULL, 0, NULL},
};
