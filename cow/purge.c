/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a tree of a guest's making: any modes, any depth (deeper than PATH_MAX, more levels than we may
 * have fds). A directory that is not empty is moved to the top, so there is never more than one level. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>

static atomic_ullong serial;

/* Directories for later have the prefix and a number above done. */
struct purge {
	int top;
	unsigned long long first, next, done;
};

/* Not that of a purge that was killed. */
static unsigned long long first_number(void)
{
	return atomic_fetch_add(&serial, 1) | (unsigned long long)getpid() << 32;
}

static void scratch(const struct purge *p, unsigned long long n, char buf[static 48])
{
	snprintf(buf, 48, "purge-%llx-%llx", p->first, n);
}

static int open_dir(int dirfd, const char *name)
{
	char path[32];
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	chmod(wr_cow_proc(fd, path), 0700);
	int r = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

static int remove_entry(struct purge *p, int dir, const char *name)
{
	char to[48], path[32];

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	_cleanup_close_ int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	chmod(wr_cow_proc(fd, path), 0700);
	scratch(p, p->next, to);
	int r = wr_cow_rename(dir, name, p->top, to, RENAME_NOREPLACE);
	if (r == 0)
		p->next++;
	return r;
}

/* Everything in the directory that fd stands for, which is closed. */
static int empty_dir(struct purge *p, int fd)
{
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		int r = remove_entry(p, dirfd(d), e->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_dir(struct purge *p, const char *name)
{
	for (int i = 0; i < 100; i++) { /* what was moved out while reading may hide the rest */
		if (unlinkat(p->top, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -errno;
		int fd = open_dir(p->top, name);
		int r = fd < 0 ? fd : empty_dir(p, fd);
		if (r < 0)
			return r;
	}
	return -ENOTEMPTY;
}

static int remove_rest(struct purge *p)
{
	char name[48];
	int r = 0;

	for (; r == 0 && p->done < p->next; p->done++) {
		scratch(p, p->done, name);
		r = remove_dir(p, name);
	}
	return r;
}

int wr_purge(int dirfd, const char *name)
{
	struct purge p = {.top = dirfd, .first = first_number()};

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int r = remove_dir(&p, name);
	return r < 0 ? r : remove_rest(&p);
}

/* Those that an earlier one left are met as ordinary names. */
int wr_purge_content(int dirfd)
{
	struct purge p = {.top = dirfd, .first = first_number()};
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : empty_dir(&p, fd);

	return r < 0 ? r : remove_rest(&p);
}

int wr_purge_leftovers(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	int r = d ? 0 : -errno;

	while (r == 0 && (e = readdir(d)))
		if (!strncmp(e->d_name, "purge-", 6))
			r = wr_purge(dirfd, e->d_name);
	return r;
}
