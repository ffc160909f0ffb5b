/* SPDX-License-Identifier: Apache-2.0 */
/* Puts another file where the guest has one: a copy in a layer in place of the lower file that it was made
 * of, so that what was changed by the descriptor shows by it.
 *
 * An open file description is replaced as a whole or not at all: its position is shared by all descriptors of
 * it. Those of the calling process are all replaced; when another process has one too, or there are locks on
 * the file, which would be lost, the guest keeps what it has. Nothing holds the guest's other threads
 * meanwhile. One that puts something else at such a number between the look and the replacing loses that, as
 * it would to a close(2) of the number in the wrong moment: it races with a call that uses the number. The
 * guest gains a descriptor, for reading, of what it could read. */
#define _GNU_SOURCE
#include "engine.h"
#include <dirent.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_SAME 16 /* descriptors of one description in a process */
#define KEPT	 (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_DIRECTORY)

struct swap {
	struct warren_request *rq;
	int n; /* the number that the call was given */
	pid_t tgid;
	struct stat old;
	struct {
		int number;
		bool cloexec;
	} same[MAX_SAME];
	unsigned n_same;
	bool never;
};

static bool same_description(const struct swap *s, pid_t pid, int fd)
{
	return syscall(SYS_kcmp, s->rq->tid, pid, KCMP_FILE, s->n, fd) == 0;
}

/* Leases and locks of the process, of whatever kind, are told there. */
static bool has_lock(pid_t pid, int fd)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	_cleanup_close_ int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n < 0)
		return true;
	text[n] = '\0';
	return strstr(text, "\nlock:") != NULL;
}

/* One descriptor of a process that has the old file open. */
static void look_at(struct swap *s, pid_t pid, bool own, int fd)
{
	bool same = same_description(s, pid, fd);

	if (own && has_lock(pid, fd))
		s->never = true;
	if (!same)
		return;
	int flags = own ? wr_task_fd_flags(pid, fd) : -1;
	if (flags < 0 || s->n_same == MAX_SAME) {
		s->never = true;
		return;
	}
	s->same[s->n_same].number = fd;
	s->same[s->n_same++].cloexec = flags & O_CLOEXEC;
}

static void scan(struct swap *s, pid_t pid, bool own)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	_cleanup_closedir_ DIR *d = opendir(path);
	if (!d)
		s->never |= own;
	for (struct dirent *e = d ? readdir(d) : NULL; e && !s->never; e = readdir(d))
		if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    st.st_ino == s->old.st_ino && st.st_dev == s->old.st_dev)
			look_at(s, pid, own, atoi(e->d_name));
}

static void scan_other(void *user, pid_t pid, uint64_t tag)
{
	struct swap *s = user;

	(void)tag;
	if (pid != s->tgid && !s->never)
		scan(s, pid, false);
}

/* The copy, open as the guest's is, at the same position. */
static int open_like(int copy, int guest)
{
	char link[32];
	int flags = fcntl(guest, F_GETFL);

	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) != O_RDONLY)
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", copy);
	_cleanup_close_ int fd = open(link, O_RDONLY | O_NOCTTY | O_CLOEXEC | (flags & KEPT));
	off_t at = lseek(guest, 0, SEEK_CUR);
	if (fd < 0 || at < 0 || lseek(fd, at, SEEK_SET) != at)
		return -EINVAL;
	return wr_steal_fd(&fd);
}

static void install(const struct swap *s, int fd)
{
	for (unsigned i = 0; i < s->n_same; i++) {
		struct seccomp_notif_addfd add = {.id = s->rq->id,
						  .flags = SECCOMP_ADDFD_FLAG_SETFD,
						  .srcfd = (uint32_t)fd,
						  .newfd = (uint32_t)s->same[i].number,
						  .newfd_flags = s->same[i].cloexec ? O_CLOEXEC : 0};
		while (wr_notif_addfd(s->rq->sandbox->listener, &add) == -EINTR)
			;
	}
}

void wr_guest_fd_swap(struct warren_request *rq, int n, const struct stat *old, int copy)
{
	struct swap s = {.rq = rq, .n = n, .tgid = wr_task_tgid(rq->tid), .old = *old};
	struct stat st;
	_cleanup_close_ int guest = wr_guest_fd(rq, -1, (uint64_t)n);

	if (guest < 0 || s.tgid < 0 || fstat(guest, &st) < 0 || st.st_ino != old->st_ino ||
	    st.st_dev != old->st_dev)
		return;
	_cleanup_close_ int fd = open_like(copy, guest);
	if (fd < 0)
		return;
	scan(&s, rq->tid, true);
	wr_tag_each(rq->sandbox->tag, UINT64_MAX, scan_other, &s);
	if (!s.never && wr_request_alive(rq))
		install(&s, fd);
}
