/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make and remove names. */
#include "guest.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static void op_mkdir(struct guest *g)
{
	mode_t mode = gen_mode(g);
	struct parg p;
	struct darg d;

	gen_path(g, &p, W_NEW);
	gen_dirfd(g, &d);
#ifdef SYS_mkdir
	if (one_in(g, 2)) {
		line(g, "mkdir", "%s %04o", p.desc, mode);
		res(g, CALL(g, SYS_mkdir, p.p, mode));
		return;
	}
#endif
	line(g, "mkdirat", "%s %s %04o", d.desc, p.desc, mode);
	res(g, CALL(g, SYS_mkdirat, d.v, p.p, mode));
}

static void op_mknod(struct guest *g)
{
	static const mode_t types[] = {S_IFREG, S_IFREG, S_IFIFO, S_IFIFO, S_IFSOCK,
				       0,	S_IFDIR, S_IFLNK, 0150000};
	mode_t mode = PICK(g, types) | gen_mode(g);
	dev_t dev = one_in(g, 4) ? 7 : 0;
	struct parg p;
	struct darg d;

	if (one_in(g, 12)) {
		mode = (one_in(g, 2) ? S_IFCHR : S_IFBLK) | 0600;
		dev = makedev(1, 3);
	}
	gen_path(g, &p, W_NEW);
	gen_dirfd(g, &d);
#ifdef SYS_mknod
	if (one_in(g, 2)) {
		line(g, "mknod", "%s %06o %#llx", p.desc, mode, (unsigned long long)dev);
		res(g, CALL(g, SYS_mknod, p.p, mode, dev));
		return;
	}
#endif
	line(g, "mknodat", "%s %s %06o %#llx", d.desc, p.desc, mode, (unsigned long long)dev);
	res(g, CALL(g, SYS_mknodat, d.v, p.p, mode, dev));
}

/* A refused call deletes nothing; a call that lies is found out by the numbers in the dump. */
static void gone_if(struct guest *g, long r, const struct victim *v)
{
	if (r == 0)
		victim_gone(g, v);
}

static void op_unlink(struct guest *g)
{
	static const int flags_set[] = {
		0, 0, 0, 0, AT_REMOVEDIR, AT_REMOVEDIR, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, 1};
	int flags = PICK(g, flags_set);
	unsigned form = rnd(g, 4);
	struct victim v;
	struct parg p;
	struct darg d;
	long r;

	gen_path(g, &p, flags == AT_REMOVEDIR || form == 1 ? W_DIR : W_OLD);
	gen_dirfd(g, &d);
#ifdef SYS_unlink
	if (form < 2) {
		victim_look(&v, AT_FDCWD, p.p);
		line(g, form ? "rmdir" : "unlink", "%s", p.desc);
		r = CALL(g, form ? SYS_rmdir : SYS_unlink, p.p);
		res(g, r);
		gone_if(g, r, &v);
		return;
	}
#endif
	victim_look(&v, (int)d.v, p.p);
	line(g, "unlinkat", "%s %s %#x", d.desc, p.desc, flags);
	r = CALL(g, SYS_unlinkat, d.v, p.p, flags);
	res(g, r);
	gone_if(g, r, &v);
}

static bool same_file(const struct victim *a, const struct victim *b)
{
	return a->have && b->have && a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino;
}

static void op_rename(struct guest *g)
{
	static const unsigned flags_set[] = {0,
					     0,
					     RENAME_NOREPLACE,
					     RENAME_NOREPLACE,
					     RENAME_EXCHANGE,
					     RENAME_EXCHANGE,
					     RENAME_WHITEOUT,
					     RENAME_NOREPLACE | RENAME_EXCHANGE,
					     8,
					     RENAME_WHITEOUT | RENAME_EXCHANGE};
	unsigned flags = PICK(g, flags_set), form = rnd(g, 3);
	struct parg from, to;
	struct darg df, dt;
	struct victim v, source, after;
	long r;

	/* A whiteout is a device node that union file systems give a meaning of their own. */
	if (flags == RENAME_WHITEOUT && !one_in(g, 6))
		flags = 0;
	gen_path(g, &from, one_in(g, 4) ? W_DIR : W_OLD);
	gen_path(g, &to, one_in(g, 2) ? W_NEW : one_in(g, 2) ? W_OLD : W_DIR);
	gen_dirfd(g, &df);
	gen_dirfd(g, &dt);
#ifndef SYS_rename
	form = 2;
#endif
	victim_look(&v, form ? (int)dt.v : AT_FDCWD, to.p);
	victim_look(&source, form ? (int)df.v : AT_FDCWD, from.p);
	switch (form) {
#ifdef SYS_rename
	case 0:
		flags = 0;
		line(g, "rename", "%s to %s", from.desc, to.desc);
		r = CALL(g, SYS_rename, from.p, to.p);
		break;
	case 1:
		flags = 0;
		line(g, "renameat", "%s %s to %s %s", df.desc, from.desc, dt.desc, to.desc);
		r = CALL(g, SYS_renameat, df.v, from.p, dt.v, to.p);
		break;
#endif
	default:
		line(g, "renameat2", "%s %s to %s %s %#x", df.desc, from.desc, dt.desc, to.desc, flags);
		r = CALL(g, SYS_renameat2, df.v, from.p, dt.v, to.p, flags);
	}
	res(g, r);
	if (r == 0 && same_file(&v, &source)) {
		victim_look(&after, form ? (int)df.v : AT_FDCWD, from.p);
		out(g, " one file%s", after.have ? " of two names" : "");
	}
	/* Two names of one file: nothing is renamed and nothing goes. */
	if (!same_file(&v, &source) && !(flags & RENAME_EXCHANGE))
		gone_if(g, r, &v);
}

static void gen_target(struct guest *g, struct parg *p)
{
	static const char *const targets[] = {"a",
					      "d",
					      "../a",
					      "d/a",
					      "nowhere",
					      "n0",
					      "n1",
					      "/",
					      "..",
					      "a/",
					      "d/",
					      ".",
					      "../../../../../../../..",
					      "d/../../t/b",
					      "/w",
					      "\xfe",
					      "lself",
					      "/dev/null/q"};

	if (one_in(g, 6)) {
		gen_path(g, p, W_OLD);
		/* In /proc an fd number would be part of the tree. */
		if (!strstr(p->desc, "/fd/"))
			return;
	}
	p->p = strcpy(p->buf, PICK(g, targets));
	quote(p->desc, sizeof(p->desc) - 8, p->buf, strlen(p->buf));
}

static void op_symlink(struct guest *g)
{
	struct parg to, p;
	struct darg d;

	gen_target(g, &to);
	gen_path(g, &p, W_NEW);
	gen_dirfd(g, &d);
#ifdef SYS_symlink
	if (one_in(g, 2)) {
		line(g, "symlink", "%s at %s", to.desc, p.desc);
		res(g, CALL(g, SYS_symlink, to.p, p.p));
		return;
	}
#endif
	line(g, "symlinkat", "%s at %s %s", to.desc, d.desc, p.desc);
	res(g, CALL(g, SYS_symlinkat, to.p, d.v, p.p));
}

static void op_link(struct guest *g)
{
	static const int flags_set[] = {0,
					0,
					AT_SYMLINK_FOLLOW,
					AT_SYMLINK_FOLLOW,
					AT_EMPTY_PATH,
					AT_EMPTY_PATH | AT_SYMLINK_FOLLOW,
					AT_SYMLINK_NOFOLLOW,
					1};
	int flags = PICK(g, flags_set);
	struct parg from, to;
	struct darg df, dt;

	gen_path(g, &from, W_OLD);
	gen_path(g, &to, W_NEW);
	gen_dirfd(g, &df);
	gen_dirfd(g, &dt);
	if ((flags & AT_EMPTY_PATH) && one_in(g, 2)) {
		from.p = strcpy(from.buf, "");
		strcpy(from.desc, "\"\"");
	}
#ifdef SYS_link
	if (one_in(g, 3)) {
		line(g, "link", "%s to %s", from.desc, to.desc);
		res(g, CALL(g, SYS_link, from.p, to.p));
		return;
	}
#endif
	line(g, "linkat", "%s %s to %s %s %#x", df.desc, from.desc, dt.desc, to.desc, flags);
	res(g, CALL(g, SYS_linkat, df.v, from.p, dt.v, to.p, flags));
}

static const char *const clients[] = {"connect", "sendto", "sendmsg", "sendmmsg"};

static long to_address(struct guest *g, long fd, unsigned form, struct sockaddr_un *sa, socklen_t len)
{
	char data[4] = "data";
	struct iovec iov = {data, sizeof(data)};
	struct mmsghdr m = {
		.msg_hdr = {.msg_name = sa, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1}};

	switch (form) {
	case 0:
		return CALL(g, SYS_connect, fd, sa, len);
	case 1:
		return CALL(g, SYS_sendto, fd, data, sizeof(data), 0, sa, len);
	case 2:
		return CALL(g, SYS_sendmsg, fd, &m.msg_hdr, 0);
	default:
		return CALL(g, SYS_sendmmsg, fd, &m, 1, 0);
	}
}

static void show_name(struct guest *g, long nr, const char *name, long fd)
{
	struct sockaddr_un got = {0};
	socklen_t len = sizeof(got);
	long r;

	out(g, "\n");
	line(g, name, "%s", "");
	r = CALL(g, nr, fd, &got, &len);
	res(g, r);
	out(g, " len %u", len);
	if (r == 0 && len > 2)
		out_bytes(g, got.sun_path, len - 2 < sizeof(got.sun_path) ? len - 2 : sizeof(got.sun_path));
}

/* The names that both ends of a socket have. */
static void show_names(struct guest *g, long fd, int type, const struct sockaddr_un *sa, socklen_t len)
{
	long peer;

	show_name(g, SYS_getsockname, "getsockname", fd);
	if (type != SOCK_DGRAM)
		return;
	peer = raw(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (raw(SYS_connect, peer, sa, len) == 0)
		show_name(g, SYS_getpeername, "getpeername", peer);
	raw(SYS_close, peer);
}

/* AF_UNIX addresses are paths too; they are at most 108 bytes and may lack the NUL. */
static void op_unix(struct guest *g)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int type = one_in(g, 2) ? SOCK_STREAM : SOCK_DGRAM;
	bool bound = !one_in(g, 3);
	unsigned form = rnd(g, 4);
	socklen_t len = sizeof(sa);
	struct parg p;
	long fd, r;

	gen_path(g, &p, bound ? W_NEW : W_OLD);
	if (p.p != p.buf || !p.buf[0])
		return; /* an empty address is autobind, whose name is random */
	memcpy(sa.sun_path, p.buf, strnlen(p.buf, sizeof(sa.sun_path)));
	if (strlen(p.buf) < sizeof(sa.sun_path) && one_in(g, 2))
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(p.buf));
	if (one_in(g, 20))
		len = one_in(g, 2) ? 2 : sizeof(sa) + 1;
	if (len == 2 && bound)
		return;
	fd = raw(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	line(g, bound ? "bind" : clients[form], "%s type %d len %u", p.desc, type, len);
	if (!bound) {
		res(g, to_address(g, fd, form, &sa, len));
	} else {
		r = CALL(g, SYS_bind, fd, &sa, len);
		res(g, r);
		if (r == 0)
			show_names(g, fd, type, &sa, len);
	}
	raw(SYS_close, fd);
}

const struct op name_ops[] = {
	{"mkdir", 50, op_mkdir},     {"mknod", 30, op_mknod},
	{"unlink", 60, op_unlink},   {"rename", 80, op_rename},
	{"symlink", 40, op_symlink}, {"link", 50, op_link},
	{"unix", 25, op_unix},	     {NULL, 0, NULL},
};
