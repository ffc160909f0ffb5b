/* SPDX-License-Identifier: Apache-2.0 */
/* The host's devpts, filtered. A terminal that a guest makes by way of /dev/ptmx is noted with an O_PATH fd
 * of its node. That fd tells whether the terminal lives on (a node that is gone has no link left, and the
 * next one with the same number is another object), and it keeps nothing alive itself: the slave hangs up
 * with the guest's last master fd. */
#define _GNU_SOURCE
#include "pts.h"
#include "resolve.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#define MAX_OWN	  256 /* terminals of one sandbox at a time */
#define PTY_MAJOR 136 /* UNIX98_PTY_SLAVE_MAJOR .. + 7, 256 each; admin-guide/devices.txt */

static dev_t device_of(unsigned nr)
{
	return makedev(PTY_MAJOR + nr / 256, nr % 256);
}

static bool parse_number(const char *name, unsigned *ret)
{
	unsigned n = 0;
	size_t len = strlen(name);

	if (len == 0 || len > 7 || (name[0] == '0' && len > 1))
		return false;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return false;
		n = n * 10 + (unsigned)(*name - '0');
	}
	*ret = n;
	return true;
}

/* Drops those that are gone. With the lock held. */
static void prune(struct wr_ptys *t)
{
	struct stat st;

	for (unsigned i = 0; i < t->n;) {
		if (fstat(t->list[i].fd, &st) == 0 && st.st_nlink > 0) {
			i++;
			continue;
		}
		close(t->list[i].fd);
		t->list[i] = t->list[--t->n];
	}
}

static int note(struct wr_ptys *t, unsigned nr, int *fd)
{
	int r = 0;

	pthread_mutex_lock(&t->lock);
	prune(t);
	if (t->n == MAX_OWN) {
		r = -ENOSPC; /* as at the kernel's own limit */
	} else {
		struct wr_pty *list = realloc(t->list, (t->n + 1) * sizeof(*list));
		if (list) {
			t->list = list;
			list[t->n++] = (struct wr_pty){nr, wr_steal_fd(fd)};
		} else {
			r = -ENOMEM;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

/* A duplicate of the O_PATH fd of a terminal that the sandbox made and that lives, or -ENOENT. */
static int own(struct wr_ptys *t, unsigned nr)
{
	int fd = -ENOENT;

	pthread_mutex_lock(&t->lock);
	prune(t);
	for (unsigned i = 0; i < t->n; i++)
		if (t->list[i].nr == nr)
			fd = fcntl(t->list[i].fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&t->lock);
	return fd == -1 ? -errno : fd;
}

/* A terminal that the task was given: its controlling one, or one of its stdio. */
static bool given(struct warren_request *rq, unsigned nr)
{
	char link[48];
	struct stat st;

	if (wr_task_terminal(rq->tid) == device_of(nr))
		return true;
	for (int i = 0; i < 3; i++) {
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", rq->tid, i);
		if (stat(link, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device_of(nr) &&
		    st.st_dev == wr_sandbox_policy(rq->sandbox)->pts_dev)
			return true;
	}
	return false;
}

bool wr_pts_shows(struct warren_request *rq, const char *name)
{
	unsigned nr;

	if (name[0] == '.' || !strcmp(name, "ptmx"))
		return true;
	if (!parse_number(name, &nr))
		return false;
	_cleanup_close_ int fd = own(wr_sandbox_ptys(rq->sandbox), nr);
	return fd >= 0 || given(rq, nr);
}

static int open_master(struct warren_request *rq, const struct wr_mount *m, const struct open_how *how)
{
	char name[16];
	unsigned nr;
	struct stat st;
	/* the node in /dev/pts may have no rights at all (ptmxmode=000), the other one is for everybody */
	_cleanup_close_ int fd = wr_openat2(AT_FDCWD, "/dev/ptmx", how);

	if (fd == -ENOENT)
		fd = wr_openat2(m->fd, "ptmx", how);
	if (fd < 0 || (how->flags & O_PATH))
		return fd < 0 ? fd : wr_steal_fd(&fd);
	if (ioctl(fd, TIOCGPTN, &nr) < 0)
		return -errno;
	snprintf(name, sizeof(name), "%u", nr);
	_cleanup_close_ int slave = openat(m->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (slave < 0 || fstat(slave, &st) < 0)
		return -errno;
	if (st.st_rdev != device_of(nr))
		return -EIO; /* made by another instance than the one in /dev/pts */
	int r = note(wr_sandbox_ptys(rq->sandbox), nr, &slave);
	return r < 0 ? r : wr_steal_fd(&fd);
}

int wr_pts_open(struct warren_request *rq, const struct wr_mount *m, const char *name,
		const struct open_how *how)
{
	struct open_how h = *how;
	struct stat st;
	char link[32];
	unsigned nr;

	if (!rq)
		return -ENOENT;
	bool exclusive = (h.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	h.flags &= ~(uint64_t)(O_CREAT | O_NOFOLLOW);
	h.mode = 0;
	h.resolve = 0;
	if (!strcmp(name, "ptmx"))
		return exclusive ? -EEXIST : open_master(rq, m, &h);
	if (!parse_number(name, &nr))
		return -ENOENT;
	_cleanup_close_ int node = own(wr_sandbox_ptys(rq->sandbox), nr);
	if (node == -ENOENT && given(rq, nr)) {
		node = openat(m->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		node = node < 0 ? -errno : node;
	}
	if (node < 0)
		return node;
	if (exclusive)
		return -EEXIST;
	if (fstat(node, &st) < 0 || st.st_rdev != device_of(nr))
		return -ENOENT;
	return wr_openat2(AT_FDCWD, wr_fd_path(node, link), &h);
}
