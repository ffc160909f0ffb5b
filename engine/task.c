/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a guest's task that only /proc tells. */
#define _GNU_SOURCE
#include "engine.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define COUNT_FDS 4096 /* tables with more numbers are not counted: a guest must not keep us busy */

/* The value of "Key:" in /proc/TID/status. */
static int status_field(pid_t tid, const char *key, int base, long *ret)
{
	char path[48], buf[2048];

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	const char *at = strstr(buf, key);
	if (!at)
		return -ENOENT;
	*ret = strtol(at + strlen(key), NULL, base);
	return 0;
}

pid_t wr_task_tgid(pid_t tid)
{
	long v;
	int r = status_field(tid, "\nTgid:", 10, &v);
	return r < 0 ? r : (pid_t)v;
}

dev_t wr_task_terminal(pid_t tid)
{
	char path[48], buf[512];
	unsigned nr;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return 0;
	buf[n] = '\0';
	/* the command's name may hold anything */
	const char *at = strrchr(buf, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %u", &nr) != 1)
		return 0;
	/* new_encode_dev() */
	return makedev((nr >> 8) & 0xfff, (nr & 0xff) | ((nr >> 12) & 0xfff00));
}

int wr_task_umask(struct warren_request *rq)
{
	long v;

	if (!atomic_load_explicit(&rq->sandbox->umask_changed, memory_order_acquire))
		return (int)rq->sandbox->umask;
	int r = status_field(rq->tid, "\nUmask:", 8, &v);
	return r < 0 ? r : (int)v;
}

int wr_apply_umask(struct warren_request *rq)
{
	int mask = wr_task_umask(rq);
	if (mask < 0)
		return mask;
	if ((mode_t)mask != rq->thread->umask) {
		umask((mode_t)mask);
		rq->thread->umask = (mode_t)mask;
	}
	return 0;
}

static rlim_t fds_below(pid_t tid, rlim_t limit)
{
	char path[48];
	struct dirent *e;
	rlim_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	DIR *d = opendir(path);
	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.' && strtoul(e->d_name, NULL, 10) < limit;
	if (d)
		closedir(d);
	return n;
}

bool wr_task_fds_full(struct warren_request *rq)
{
	char path[48];
	struct rlimit lim;

	if (prlimit(rq->tid, RLIMIT_NOFILE, NULL, &lim) < 0)
		return false;
	if (lim.rlim_cur == 0)
		return true;
	if (lim.rlim_cur > COUNT_FDS)
		return false;
	/* nearly always the last number is free, and that is all there is to ask */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", rq->tid, (int)lim.rlim_cur - 1);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fds_below(rq->tid, lim.rlim_cur) == lim.rlim_cur;
}

int wr_task_pidfd(pid_t tid)
{
	int fd = wr_pidfd_open_thread(tid);

	if (fd == -EINVAL) {
		pid_t tgid = wr_task_tgid(tid);
		fd = tgid < 0 ? tgid : wr_pidfd_open(tgid);
	}
	return fd;
}

int wr_task_fd_flags(pid_t tid, int fd)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	_cleanup_close_ int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	const char *at = strstr(text, "flags:");
	return at ? (int)strtoul(at + 6, NULL, 8) : -ENOENT;
}
