// SPDX-License-Identifier: Apache-2.0
/* The floor's handlers: the fewest kernel calls that give a path call its right answer in a foreign root. */
#include "floor_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

const int floor_trapped[] = {
	SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
#ifdef SYS_open
	SYS_open,   SYS_stat,	    SYS_lstat, SYS_access,    SYS_readlink,
#endif
	-1,
};

/* A call with its arguments where the *at form has them. */
struct call {
	int nr; /* SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat2, SYS_readlinkat */
	int dirfd;
	uint64_t path, buf;
	int flags;     /* open flags or AT_* */
	unsigned mode; /* creation mode, access mode, statx mask, readlink buffer size */
};

static bool decode_at(struct call *c, int nr, const __u64 *a)
{
	*c = (struct call){.nr = nr, .dirfd = (int)a[0], .path = a[1]};
	switch (nr) {
	case SYS_openat:
		c->flags = (int)a[2];
		c->mode = (unsigned)a[3];
		return true;
	case SYS_newfstatat:
		c->buf = a[2];
		c->flags = (int)a[3];
		return true;
	case SYS_statx:
		c->flags = (int)a[2];
		c->mode = (unsigned)a[3];
		c->buf = a[4];
		return true;
	case SYS_faccessat:
	case SYS_faccessat2:
		c->flags = nr == SYS_faccessat2 ? (int)a[3] : 0;
		c->mode = (unsigned)a[2];
		c->nr = SYS_faccessat2;
		return true;
	case SYS_readlinkat:
		c->buf = a[2];
		c->mode = (unsigned)a[3];
		return true;
	default:
		return false;
	}
}

static bool decode(struct call *c, const struct seccomp_data *d)
{
	const __u64 *a = d->args;
#ifdef SYS_open
	__u64 at[5] = {(__u64)AT_FDCWD, a[0], a[1], a[2]};

	switch (d->nr) {
	case SYS_open:
		return decode_at(c, SYS_openat, at);
	case SYS_stat:
		return decode_at(c, SYS_newfstatat, at);
	case SYS_lstat:
		at[3] = AT_SYMLINK_NOFOLLOW;
		return decode_at(c, SYS_newfstatat, at);
	case SYS_access:
		return decode_at(c, SYS_faccessat, at);
	case SYS_readlink:
		return decode_at(c, SYS_readlinkat, at);
	}
#endif
	return decode_at(c, d->nr, a);
}

/* A path need not fill PATH_MAX before the end of its mapping, and a read over that end fails as a whole:
 * read piecewise, never across a page, a short piece first because most paths are short. */
static int read_path(struct floor *f, pid_t pid, uint64_t addr)
{
	size_t have = 0;

	while (have < sizeof(f->path)) {
		size_t n = 4096 - ((addr + have) & 4095);
		struct iovec to, from;
		ssize_t got;

		if (!have && n > 256)
			n = 256;
		if (n > sizeof(f->path) - have)
			n = sizeof(f->path) - have;
		to = (struct iovec){f->path + have, n};
		from = (struct iovec){(void *)(uintptr_t)(addr + have), n};
		got = process_vm_readv(pid, &to, 1, &from, 1, 0);
		if (got <= 0)
			return -EFAULT;
		if (memchr(f->path + have, 0, (size_t)got))
			return 0;
		have += (size_t)got;
	}
	return -ENAMETOOLONG;
}

static int write_guest(pid_t pid, uint64_t addr, const void *buf, size_t n)
{
	struct iovec from = {(void *)(uintptr_t)buf, n};
	struct iovec to = {(void *)(uintptr_t)addr, n};

	return process_vm_writev(pid, &from, 1, &to, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

/* RESOLVE_IN_ROOT gives EAGAIN for a path with ".." when anything was renamed or mounted meanwhile, anywhere.
 */
#define TRIES 1000

static int open_in_root(const struct floor *f, uint64_t flags, unsigned mode)
{
	int r = -EAGAIN;

	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

	/* openat2 refuses a mode that would not be used; the other calls ignore it. */
	if (flags & (O_CREAT | __O_TMPFILE))
		how.mode = mode & 07777;
	for (int i = 0; r == -EAGAIN && i < TRIES; i++)
		r = wr_openat2(f->conf.root_fd, f->path, &how);
	return r;
}

static void do_open(struct floor *f, const struct call *c, struct floor_reply *r)
{
	const uint64_t known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
			       O_DSYNC | O_SYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |
			       O_NOATIME | O_PATH | __O_TMPFILE;
	int fd = open_in_root(f, (uint64_t)c->flags & known, c->mode);

	if (fd < 0) {
		r->error = fd;
		return;
	}
	r->fd = fd;
	r->fd_flags = c->flags & O_CLOEXEC;
}

/* glibc makes fstat a newfstatat with an empty path, which the kernel must first read. */
static int raw_fstat(int fd, struct stat *st)
{
#ifdef SYS_fstat
	return (int)syscall(SYS_fstat, fd, st);
#else
	return fstat(fd, st);
#endif
}

/* openat2 has no way to return attributes, so a confined stat is two calls where a native one is one. */
static int get_attr(struct floor *f, const struct call *c, struct floor_attr *a)
{
	int nofollow = c->flags & AT_SYMLINK_NOFOLLOW;
	int fd, r = 0;

	if (f->conf.no_openat2 && c->nr == SYS_newfstatat) {
		const char *p = f->path + strspn(f->path, "/");

		return fstatat(f->conf.root_fd, *p ? p : ".", &a->u.st, nofollow) < 0 ? -errno : 0;
	}
	fd = open_in_root(f, O_PATH | (nofollow ? O_NOFOLLOW : 0), 0);
	if (fd < 0)
		return fd;
	if (c->nr == SYS_statx)
		r = statx(fd, "", (c->flags & ~AT_SYMLINK_NOFOLLOW) | AT_EMPTY_PATH, c->mode, &a->u.stx);
	else
		r = raw_fstat(fd, &a->u.st);
	if (r < 0)
		r = -errno;
	close(fd);
	return r;
}

static struct floor_attr *cache_slot(struct floor *f)
{
	uint32_t h = 2166136261u;
	size_t n = 0;

	for (; f->path[n]; n++)
		h = (h ^ (unsigned char)f->path[n]) * 16777619u;
	return n < FLOOR_CACHE_PATH ? &f->cache[h % FLOOR_CACHE_SLOTS] : NULL;
}

static bool cache_hit(const struct floor *f, const struct floor_attr *a, const struct call *c)
{
	return a->nr == c->nr && a->flags == c->flags && a->mask == c->mode && !strcmp(a->path, f->path);
}

static void do_attr(struct floor *f, pid_t pid, const struct call *c, struct floor_reply *r)
{
	struct floor_attr *slot = f->conf.cache ? cache_slot(f) : NULL;
	struct floor_attr fresh, *a = slot ? slot : &fresh;

	if (!slot || !cache_hit(f, slot, c)) {
		a->error = get_attr(f, c, a);
		a->nr = c->nr;
		a->flags = c->flags;
		a->mask = c->mode;
		if (slot)
			strcpy(slot->path, f->path);
	}
	r->error = a->error;
	if (r->error)
		return;
	if (c->nr == SYS_statx)
		r->error = write_guest(pid, c->buf, &a->u.stx, sizeof(a->u.stx));
	else
		r->error = write_guest(pid, c->buf, &a->u.st, sizeof(a->u.st));
}

static void do_access(struct floor *f, const struct call *c, struct floor_reply *r)
{
	int fd = open_in_root(f, O_PATH | (c->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), 0);

	if (fd < 0) {
		r->error = fd;
		return;
	}
	/* The raw call: glibc 2.36 emulates AT_EACCESS and with it costs more. */
	if (syscall(SYS_faccessat2, fd, "", c->mode, (c->flags & AT_EACCESS) | AT_EMPTY_PATH) < 0)
		r->error = -errno;
	close(fd);
}

static void do_readlink(struct floor *f, pid_t pid, const struct call *c, struct floor_reply *r)
{
	char target[PATH_MAX];
	size_t size = c->mode < sizeof(target) ? c->mode : sizeof(target);
	int fd = open_in_root(f, O_PATH | O_NOFOLLOW, 0);
	ssize_t n;

	if (fd < 0) {
		r->error = fd;
		return;
	}
	n = readlinkat(fd, "", target, size);
	if (n < 0)
		r->error = errno == ENOENT ? -EINVAL : -errno; /* "" on a non-link gives ENOENT */
	else
		r->error = write_guest(pid, c->buf, target, (size_t)n);
	r->val = n < 0 ? 0 : n;
	close(fd);
}

/* A relative path, seen from the root: openat2 below a directory fd would take that directory for the root,
 * so the working directory's name is put before it. Returns 1 if that could be done. */
static int prepend_cwd(struct floor *f, pid_t pid)
{
	char proc[32], cwd[PATH_MAX];
	size_t rest = strlen(f->path) + 1, root = strlen(f->root_path);
	ssize_t n;

	snprintf(proc, sizeof(proc), "/proc/%d/cwd", pid);
	n = readlink(proc, cwd, sizeof(cwd) - 1);
	if (n < 0)
		return -errno;
	cwd[n++] = '/';
	if (root == 1)
		root = 0; /* "/" is a prefix of everything */
	if ((size_t)n <= root || memcmp(cwd, f->root_path, root) || cwd[root] != '/')
		return 0; /* outside: the kernel may do it */
	n -= (ssize_t)root;
	if ((size_t)n + rest > sizeof(f->path))
		return -ENAMETOOLONG;
	memmove(f->path + n, f->path, rest);
	memcpy(f->path, cwd + root, (size_t)n);
	return 1;
}

/* 1: we answer this call; 0: descriptor-based calls are not what the floor is for, the kernel does them. */
static int is_ours(struct floor *f, pid_t pid, const struct call *c)
{
	if (c->flags & AT_EMPTY_PATH && c->nr != SYS_openat)
		return 0;
	if (f->path[0] == '/')
		return 1;
	return c->dirfd == AT_FDCWD && f->path[0] ? prepend_cwd(f, pid) : 0;
}

void floor_handle(struct floor *f, const struct seccomp_notif *n, struct floor_reply *r)
{
	pid_t pid = (pid_t)n->pid;
	struct call c;
	int ours;

	if (n->data.nr == f->conf.null_nr) {
		r->val = 1;
		return;
	}
	if (!decode(&c, &n->data)) {
		r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		return;
	}
	r->error = read_path(f, pid, c.path);
	if (!r->error && f->conf.id_valid)
		r->error = wr_notif_id_valid(f->listener, n->id);
	if (r->error)
		return;
	ours = is_ours(f, pid, &c);
	if (ours <= 0) {
		r->error = ours;
		r->flags = ours ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		return;
	}
	if (c.nr == SYS_openat)
		do_open(f, &c, r);
	else if (c.nr == SYS_faccessat2)
		do_access(f, &c, r);
	else if (c.nr == SYS_readlinkat)
		do_readlink(f, pid, &c, r);
	else
		do_attr(f, pid, &c, r);
}
