/* SPDX-License-Identifier: Apache-2.0 */
/* Inode numbers as "the n-th one seen", stat fields that two runs must agree on, and the looks before a
 * call that keep the rest deterministic. The looks use newfstatat and fstat only. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Explicit times are below this; anything later is the clock's. */
#define TIME_EXPLICIT_MAX 1000000000

long raw6(long nr, const long a[6])
{
	long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return r == -1 ? -errno : r;
}

/* --mutate: what a broken implementation might do. */
static long misbehave(struct guest *g, long nr, const long a[6])
{
	long r;

	g->sh->mutations++;
	switch (mix64(&g->mrng) % 3) {
	case 0: /* say yes and do nothing */
		return 0;
	case 1: /* do it and say no */
		r = raw6(nr, a);
		return r < 0 ? 0 : -EPERM;
	default: /* the wrong error, or success turned into a refusal */
		r = raw6(nr, a);
		return r == -ENOENT ? -ENOTDIR : -ENOENT;
	}
}

long call6(struct guest *g, long nr, const long a[6])
{
	if (g->mutate && mix64(&g->mrng) % 1000 == 0)
		return misbehave(g, nr, a);
	/* A walk that has to begin again, because something on the machine was renamed, goes on counting the
	 * links: there may be too many then. */
	for (int i = 0; i < 3; i++) {
		long r = raw6(nr, a);
		if (r != -ELOOP)
			return r;
	}
	return -ELOOP;
}

static struct canon *canon_find(struct guest *g, dev_t dev, ino_t ino)
{
	struct shared *sh = g->sh;

	for (uint32_t i = 0; i < sh->ncanon; i++)
		if (sh->canon[i].ino == ino && sh->canon[i].dev == dev)
			return &sh->canon[i];
	return NULL;
}

unsigned canon_known(struct guest *g, dev_t dev, ino_t ino)
{
	struct canon *c = canon_find(g, dev, ino);

	return c ? c->num : 0;
}

unsigned canon_num(struct guest *g, dev_t dev, ino_t ino)
{
	struct shared *sh = g->sh;
	struct canon *c = canon_find(g, dev, ino);

	if (c)
		return c->num;
	if (sh->ncanon == NCANON)
		return 0;
	sh->canon[sh->ncanon++] = (struct canon){dev, ino, ++sh->next_num};
	return sh->next_num;
}

void canon_forget(struct guest *g, dev_t dev, ino_t ino)
{
	struct canon *c = canon_find(g, dev, ino);

	if (c)
		*c = g->sh->canon[--g->sh->ncanon];
}

void canon_reset(struct guest *g)
{
	g->sh->ncanon = 0;
	g->sh->next_num = 0;
}

void out_time(struct guest *g, const char *name, int64_t sec, unsigned nsec)
{
	if (sec < TIME_EXPLICIT_MAX)
		out(g, " %s=%lld.%u", name, (long long)sec, nsec);
	else
		out(g, " %s=now", name);
}

static const char *type_name(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFREG:
		return "reg";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "lnk";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "sock";
	case S_IFCHR:
		return "chr";
	case S_IFBLK:
		return "blk";
	default:
		return "?";
	}
}

void out_stat(struct guest *g, const struct stat *st)
{
	out(g, " %s %04o %u:%u", type_name(st->st_mode), st->st_mode & 07777, st->st_uid, st->st_gid);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		out(g, " rdev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	/* /proc numbers its inodes anew when it likes, and counts processes as links. */
	if (g->proc_dev && st->st_dev == g->proc_dev) {
		out(g, " proc");
		return;
	}
	/* An overlayfs does not count the directories in a directory, nor the links of what it copied up. */
	if (!g->overlay)
		out(g, " n%u", (unsigned)st->st_nlink);
	/* The size of a directory is the file system's own business. */
	if (!S_ISDIR(st->st_mode))
		out(g, " s%lld", (long long)st->st_size);
	/* An inode without a name may be gone at any time, and its number be used again. A layer has others
	 * than an overlayfs. */
	if (!g->overlay)
		out(g, " i%u", st->st_nlink ? canon_num(g, st->st_dev, st->st_ino) : 0);
	if (!S_ISCHR(st->st_mode))
		out_time(g, "m", st->st_mtim.tv_sec, (unsigned)st->st_mtim.tv_nsec);
}

void victim_look(struct victim *v, int dirfd, const char *path)
{
	v->have = raw(SYS_newfstatat, dirfd, path, &v->st, AT_SYMLINK_NOFOLLOW) == 0;
}

void victim_gone(struct guest *g, const struct victim *v)
{
	if (v->have && (S_ISDIR(v->st.st_mode) || v->st.st_nlink <= 1))
		canon_forget(g, v->st.st_dev, v->st.st_ino);
}

void close_slot(struct guest *g, unsigned i)
{
	if (g->slot[i] < 0)
		return;
	raw(SYS_close, g->slot[i]);
	g->slot[i] = -1;
}

void put_slot(struct guest *g, unsigned i, int fd)
{
	close_slot(g, i);
	g->slot[i] = fd;
}

static const char *fd_link(long fd, char buf[static 32])
{
	snprintf(buf, 32, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%ld", fd);
	return buf;
}

/* N of /proc/self/fd/N, else -1. */
static int fd_of_path(const char *path)
{
	const char *link = strstr(path, "/fd/");

	return link && link[4] >= '0' && link[4] <= '9' ? atoi(link + 4) : -1;
}

/* The object of an fd, and what has the name by which it was reached, of mode 0 if nothing has. */
static bool by_name(struct guest *g, long fd, struct stat *st, struct stat *there)
{
	static const char deleted[] = " (deleted)";
	char link[32], path[PATH_MAX + 1];
	size_t n;
	long r;

	if (!g->overlay || (fd < 0 && fd != AT_FDCWD))
		return false;
	r = raw(SYS_readlinkat, AT_FDCWD, fd_link(fd, link), path, PATH_MAX);
	if (r <= 0 || path[0] != '/' || raw(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH) < 0)
		return false;
	path[n = (size_t)r] = '\0';
	if (n >= sizeof(deleted) && !strcmp(path + n - strlen(deleted), deleted))
		path[n - strlen(deleted)] = '\0';
	if (raw(SYS_newfstatat, AT_FDCWD, path, there, AT_SYMLINK_NOFOLLOW) < 0)
		there->st_mode = 0;
	return true;
}

static bool is_shared(const struct guest *g, const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) || st->st_dev == g->proc_dev;
}

/* What is deleted and neither a file nor a directory overlayfs copies up over what has its name now, on disk
 * alone: the name goes on showing the other one until the next mount. */
static bool comes_back(struct guest *g, long fd)
{
	struct stat st, there;

	if (!by_name(g, fd, &st, &there) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return false;
	/* of a symlink with several names the two sides may know another one */
	return S_ISLNK(st.st_mode) || (st.st_mode & S_IFMT) != (there.st_mode & S_IFMT);
}

bool guard_gone(struct guest *g, long fd, const struct parg *p)
{
	return comes_back(g, p ? (p->p ? fd_of_path(p->buf) : -1) : fd);
}

bool guard_dev(struct guest *g, int dirfd, const struct parg *p, bool follow)
{
	struct stat st;

	if (guard_gone(g, -1, p))
		return true;
	if (!g->proc || raw(SYS_newfstatat, dirfd, p->p, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return is_shared(g, &st);
}

bool guard_fd(struct guest *g, int fd)
{
	struct stat st;

	if (guard_gone(g, fd, NULL))
		return true;
	if (!g->proc || raw(SYS_fstat, fd, &st) < 0)
		return false;
	return is_shared(g, &st);
}

const char *away_mark(struct guest *g, long fd)
{
	struct stat st, there;

	if (!by_name(g, fd, &st, &there) || !st.st_nlink)
		return "";
	return there.st_mode && there.st_dev == st.st_dev && there.st_ino == st.st_ino ? "" : "~";
}

void out_away(struct guest *g, long dirfd, const char *path)
{
	if (path && path[0])
		dirfd = fd_of_path(path);
	if (dirfd >= 0 || dirfd == AT_FDCWD)
		out(g, "%s", away_mark(g, dirfd));
}

bool is_fifo(int dirfd, const char *path)
{
	struct stat st;

	return raw(SYS_newfstatat, dirfd, path, &st, 0) == 0 && S_ISFIFO(st.st_mode);
}
