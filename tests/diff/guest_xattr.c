/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes: by path, by link, by fd, and the *xattrat calls of Linux 6.13. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* linux/xattr.h: struct xattr_args */
struct at_args {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

enum family { BY_PATH, BY_LINK, BY_FD, BY_AT, FAMILIES };

static const char *const family_name[FAMILIES] = {"", "l", "f", "at"};

/* One call of any family: who it is about. */
struct target {
	enum family fam;
	struct parg p;
	struct darg d;
	int at_flags;
	char desc[248];
};

static void gen_xtarget(struct guest *g, struct target *t, enum want w)
{
	static const int flags_set[] = {0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH, 1};
	const char *flags = "";

	t->fam = rnd(g, FAMILIES);
	t->at_flags = PICK(g, flags_set);
	gen_path(g, &t->p, w);
	if (t->fam == BY_FD) {
		gen_fd(g, &t->d);
		strcpy(t->desc, t->d.desc);
		return;
	}
	gen_dirfd(g, &t->d);
	if (t->fam != BY_AT) {
		strcpy(t->desc, t->p.desc);
		return;
	}
	if (t->at_flags & AT_EMPTY_PATH)
		flags = "empty";
	else if (t->at_flags & AT_SYMLINK_NOFOLLOW)
		flags = "nofollow";
	else if (t->at_flags)
		flags = "flags1";
	snprintf(t->desc, sizeof(t->desc), "%s %s %s", t->d.desc, flags, t->p.desc);
}

static const char *gen_xname(struct guest *g, const char **ret_desc)
{
	static char long255[300], long256[300];
	static const char *const names[] = {"user.a",  "user.a",    "user.b",	  "user.b",
					    "user.c",  "user.c",    "user.",	  "",
					    "foo.bar", "trusted.t", "security.s", "system.posix_acl_access",
					    "user",    "\xff.x"};

	if (one_in(g, 40))
		return bad_ptr(g, ret_desc);
	if (one_in(g, 40)) {
		char *l = one_in(g, 2) ? long255 : long256;

		memset(l, 'x', l == long255 ? 255 : 256);
		memcpy(l, "user.", 5);
		*ret_desc = l == long255 ? "255" : "256";
		return l;
	}
	return *ret_desc = one_in(g, 4) ? PICK(g, names) : names[rnd(g, 6)];
}

static bool target_gone(struct guest *g, const struct target *t)
{
	return guard_gone(g, t->d.v, t->fam == BY_FD || (t->fam == BY_AT && !t->p.buf[0]) ? NULL : &t->p);
}

/* The lists of the host's devices are not for guests to change: another name for those. */
static const char *spare_device(struct guest *g, const struct target *t, const char *name, const char **desc)
{
	int dirfd = t->fam == BY_AT ? (int)t->d.v : AT_FDCWD;

	if (strcmp(*desc, "system.posix_acl_access") ||
	    !(guard_fd(g, (int)t->d.v) || guard_dev(g, dirfd, &t->p, t->fam != BY_LINK)))
		return name;
	return *desc = "user.a";
}

static void op_setxattr(struct guest *g)
{
	static const long nr[FAMILIES] = {SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_setxattrat};
	static const size_t sizes[] = {0, 1, 5, 5, 17, 200, 65537, 1UL << 33};
	static const int flags_set[] = {
		0, 0, 0, XATTR_CREATE, XATTR_REPLACE, 4, XATTR_CREATE | XATTR_REPLACE};
	static char value[256];
	int flags = PICK(g, flags_set);
	size_t size = PICK(g, sizes);
	const char *ndesc = "?", *vdesc = "value", *name = gen_xname(g, &ndesc);
	struct at_args args = {0};
	const void *v = value;
	struct target t;
	char q[200];
	long r;

	memset(value, 'a' + (int)rnd(g, 26), sizeof(value));
	if (one_in(g, 30))
		v = bad_ptr(g, &vdesc);
	gen_xtarget(g, &t, W_OLD);
	if (target_gone(g, &t))
		return;
	name = spare_device(g, &t, name, &ndesc);
	quote(q, sizeof(q), ndesc, strlen(ndesc));
	args = (struct at_args){(uint64_t)(uintptr_t)v, (uint32_t)size, (uint32_t)flags};
	line(g,
	     t.fam == BY_AT	? "setxattrat"
	     : t.fam == BY_FD	? "fsetxattr"
	     : t.fam == BY_LINK ? "lsetxattr"
				: "setxattr",
	     "%s %s %s %zu %d", t.desc, q, vdesc, size, flags);
	if (t.fam == BY_AT)
		r = CALL(g, nr[BY_AT], t.d.v, t.p.p, t.at_flags, name, &args,
			 one_in(g, 20) ? 8 : sizeof(args));
	else
		r = CALL(g, nr[t.fam], t.fam == BY_FD ? t.d.v : (long)t.p.p, name, v, size, flags);
	res(g, r);
}

static void op_getxattr(struct guest *g)
{
	static const long nr[FAMILIES] = {SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_getxattrat};
	static const size_t sizes[] = {0, 1, 5, 256, 256, 256, 70000};
	size_t size = PICK(g, sizes);
	char *buf = edge_buf(g, size ? size : 1);
	const char *ndesc = "?", *bdesc = "", *name = gen_xname(g, &ndesc);
	struct at_args args;
	struct target t;
	char q[200], call[24];
	long r;

	if (one_in(g, 30))
		buf = bad_ptr(g, &bdesc);
	gen_xtarget(g, &t, W_STAT);
	quote(q, sizeof(q), ndesc, strlen(ndesc));
	args = (struct at_args){(uint64_t)(uintptr_t)buf, (uint32_t)size, 0};
	strcpy(call, t.fam == BY_AT ? "" : family_name[t.fam]);
	strcat(call, "getxattr");
	strcat(call, t.fam == BY_AT ? "at" : "");
	line(g, call, "%s %s %zu %s", t.desc, q, size, bdesc);
	if (t.fam == BY_AT)
		r = CALL(g, nr[BY_AT], t.d.v, t.p.p, t.at_flags, name, &args, sizeof(args));
	else
		r = CALL(g, nr[t.fam], t.fam == BY_FD ? t.d.v : (long)t.p.p, name, buf, size);
	res(g, r);
	if (r > 0 && (size_t)r <= size && !bdesc[0])
		out_bytes(g, buf, (size_t)r);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of names is the file system's own. */
static void out_names(struct guest *g, char *buf, size_t len)
{
	char *names[64];
	size_t n = 0;

	for (size_t pos = 0; pos < len && n < 64; pos += strlen(buf + pos) + 1)
		names[n++] = buf + pos;
	qsort(names, n, sizeof(names[0]), by_string);
	for (size_t i = 0; i < n; i++)
		out_bytes(g, names[i], strlen(names[i]));
}

static void op_listxattr(struct guest *g)
{
	static const long nr[FAMILIES] = {SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_listxattrat};
	static const size_t sizes[] = {0, 1, 7, 1024, 1024, 1024, 70000};
	size_t size = PICK(g, sizes);
	char *buf = edge_buf(g, size ? size : 1), call[24];
	const char *bdesc = "";
	struct target t;
	long r;

	if (one_in(g, 30))
		buf = bad_ptr(g, &bdesc);
	gen_xtarget(g, &t, W_STAT);
	strcpy(call, t.fam == BY_AT ? "" : family_name[t.fam]);
	strcat(call, "listxattr");
	strcat(call, t.fam == BY_AT ? "at" : "");
	line(g, call, "%s %zu %s", t.desc, size, bdesc);
	if (t.fam == BY_AT)
		r = CALL(g, nr[BY_AT], t.d.v, t.p.p, t.at_flags, buf, size);
	else
		r = CALL(g, nr[t.fam], t.fam == BY_FD ? t.d.v : (long)t.p.p, buf, size);
	res(g, r);
	if (r > 0 && (size_t)r <= size && !bdesc[0])
		out_names(g, buf, (size_t)r);
}

static void op_removexattr(struct guest *g)
{
	static const long nr[FAMILIES] = {SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
					  SYS_removexattrat};
	const char *ndesc = "?", *name = gen_xname(g, &ndesc);
	struct target t;
	char q[200], call[24];

	gen_xtarget(g, &t, W_OLD);
	if (target_gone(g, &t))
		return;
	name = spare_device(g, &t, name, &ndesc);
	quote(q, sizeof(q), ndesc, strlen(ndesc));
	strcpy(call, t.fam == BY_AT ? "" : family_name[t.fam]);
	strcat(call, "removexattr");
	strcat(call, t.fam == BY_AT ? "at" : "");
	line(g, call, "%s %s", t.desc, q);
	if (t.fam == BY_AT)
		res(g, CALL(g, nr[BY_AT], t.d.v, t.p.p, t.at_flags, name));
	else
		res(g, CALL(g, nr[t.fam], t.fam == BY_FD ? t.d.v : (long)t.p.p, name));
}

const struct op xattr_ops[] = {
	{"setxattr", 40, op_setxattr},
	{"getxattr", 25, op_getxattr},
	{"listxattr", 15, op_listxattr},
	{"removexattr", 12, op_removexattr},
	{NULL, 0, NULL},
};
