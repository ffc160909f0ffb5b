/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "byfd.h"
#include "handlers.h"
#include "proc.h"
#include <linux/fs.h>
#include <linux/major.h>
#include <linux/msdos_fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DELETED " (deleted)"

/* Nobody can reach it by a name any more, or ever could (memfd): nothing outside is changed. */
static bool nameless(const char *host, const struct stat *st)
{
	size_t n = strlen(host);

	return host[0] != '/' ||
	       (st->st_nlink == 0 && n > strlen(DELETED) && !strcmp(host + n - strlen(DELETED), DELETED));
}

/* The name that the kernel has for fd, PATH_MAX + 1 bytes, and its attributes. */
static int name_of(int fd, char *host, struct stat *st)
{
	char link[32];
	ssize_t n = readlink(wr_fd_path(fd, link), host, PATH_MAX);

	if (n < 0 || fstat(fd, st) < 0)
		return -errno;
	host[n] = '\0';
	return 0;
}

static int decide(struct warren_request *rq, struct wr_target *t)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	char host[PATH_MAX + 1];
	const struct wr_mount *mnt;
	struct wr_proc pr;
	struct stat st;

	t->mnt = &p->mounts[p->n_mounts - 1];
	t->may = WR_MAY_READ | WR_MAY_WRITE | WR_MAY_LIST;
	int r = name_of(t->fd, host, &st);
	if (r < 0)
		return r;
	if (nameless(host, &st))
		return 0;
	t->may = wr_policy_may_host(p, host, &mnt);
	if (mnt)
		t->mnt = mnt;
	if (mnt && mnt->kind == WR_MOUNT_PROC && host[mnt->host_len])
		t->may = wr_proc_lookup(rq, host + mnt->host_len + 1, &pr) < 0 ? 0 : pr.may;
	return (t->may & WR_MAY_WRITE) ? 0 : wr_denied(t->mnt, WR_MAY_WRITE);
}

/* The object of a layer: the change is made on the copy, if it is a lower one, which takes the place of the
 * guest's fd where it can. */
static int to_layer(struct warren_request *rq, int fd, int why, struct wr_target *t)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	char rel[2 * PATH_MAX], host[PATH_MAX + 1];
	struct stat st;
	int r = name_of(t->fd, host, &st);

	if (r < 0)
		return r;
	int where = wr_layer_rel_of_path(t->mnt->layer, host, rel, sizeof(rel), NULL);
	if (where != WR_LOWER && nameless(host, &st))
		return 0;
	wr_layer_touch(t->mnt->layer, t->fd);
	if (where == WR_UPPER)
		return 0;
	if (where != WR_LOWER)
		return -EACCES;
	r = wr_layer_copy_up_fd(t->mnt->layer, t->fd, why, &f);
	if (r < 0)
		return r;
	wr_cleanup_close(&t->fd);
	t->fd = wr_steal_fd(&f.fd);
	if (fd >= 0)
		wr_guest_fd_swap(rq, fd, &st, t->fd);
	return 0;
}

bool wr_is_o_path(struct warren_request *rq, int fd)
{
	char link[48];
	struct stat st;

	/* The link's mode says what the fd is open for: nothing, for O_PATH and for the access mode 3, which
	 * is an open file all the same. */
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", rq->tid, fd);
	if (fd < 0 || lstat(link, &st) < 0)
		return true;
	if (st.st_mode & 0700)
		return false;
	int flags = wr_task_fd_flags(rq->tid, fd);
	return flags < 0 || (flags & O_PATH);
}

int wr_reach_fd(struct warren_request *rq, int fd, bool o_path, struct wr_target *t)
{
	char link[48];

	/* the number may be another file's a moment later: this decides no right */
	if (o_path ? fd < 0 && fd != AT_FDCWD : wr_is_o_path(rq, fd))
		return -EBADF;
	snprintf(link, sizeof(link), fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", rq->tid, fd);
	t->fd = open(link, O_PATH | O_CLOEXEC);
	if (t->fd < 0)
		return errno == ENOENT ? -EBADF : -errno;
	if (!wr_request_alive(rq))
		return -ENOENT;
	int r = decide(rq, t);
	return r == 0 && t->mnt->layer ? to_layer(rq, fd, WR_UP_OWNER, t) : r;
}

int wr_linked_to_layer(struct warren_request *rq, int why, struct wr_target *t)
{
	char host[PATH_MAX + 1];
	const struct wr_mount *mnt;
	struct stat st;
	int r = name_of(t->fd, host, &st);

	if (r < 0 || nameless(host, &st))
		return r;
	wr_policy_may_host(wr_sandbox_policy(rq->sandbox), host, &mnt);
	if (!mnt || !mnt->layer)
		return 0;
	t->mnt = mnt;
	return to_layer(rq, -1, why, t);
}

bool wr_is_device_of_host(const struct wr_target *t)
{
	return t->mnt->builtin && t->mnt->kind == WR_MOUNT_HOST && !t->mnt->is_dir;
}

/* Links in /proc may have led elsewhere. */
int wr_check_times(struct warren_request *rq, const struct wr_target *t)
{
	struct stat st;

	if (t->mnt->kind != WR_MOUNT_PROC)
		return 0;
	if (fstat(t->fd, &st) < 0)
		return -errno;
	return st.st_dev == wr_sandbox_policy(rq->sandbox)->proc_dev ? -EPERM : 0;
}

/* /dev/tty, /dev/pts itself, and the node that makes terminals; those that are there are the guest's. */
static bool is_terminals_of_host(const struct wr_target *t)
{
	const struct wr_mount *m = t->mnt;
	struct stat st, top;

	if (m->kind == WR_MOUNT_TTY || fstat(t->fd, &st) < 0)
		return true;
	/* whatever name or descriptor led there: no guest makes such a node */
	if (S_ISCHR(st.st_mode) && (major(st.st_rdev) == TTYAUX_MAJOR || major(st.st_rdev) == MEM_MAJOR))
		return true;
	if (m->kind != WR_MOUNT_PTS)
		return false;
	return fstat(m->fd, &top) < 0 || (st.st_dev == top.st_dev && st.st_ino == top.st_ino);
}

int wr_check_attributes(struct warren_request *rq, const struct wr_target *t)
{
	return wr_is_device_of_host(t) || is_terminals_of_host(t) ? -EPERM : wr_check_times(rq, t);
}

static int reach_attributes(struct warren_request *rq, struct wr_target *t)
{
	int r = wr_reach_fd(rq, (int)rq->args[0], false, t);
	return r < 0 ? r : wr_check_attributes(rq, t);
}

struct warren_verdict wr_handle_fchmod(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];
	int r = reach_attributes(rq, &t);

	(void)user;
	if (r == 0 && chmod(wr_fd_path(t.fd, link), (mode_t)rq->args[1] & 07777) < 0)
		r = -errno;
	return warren_return(r);
}

struct warren_verdict wr_handle_fchown(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	int r = reach_attributes(rq, &t);

	(void)user;
	if (r == 0 && fchownat(t.fd, "", (uid_t)rq->args[1], (gid_t)rq->args[2], AT_EMPTY_PATH) < 0)
		r = -errno;
	return warren_return(r);
}

/* How much the kernel reads at the third argument. */
static size_t argument_size(unsigned request)
{
	switch (request) {
	case FS_IOC_SETFLAGS: /* an int, whatever the number says */
	case FS_IOC_SETVERSION:
	case FAT_IOCTL_SET_ATTRIBUTES:
		return sizeof(int);
	case FS_IOC_FSSETXATTR:
		return sizeof(struct fsxattr);
	default:
		return 0;
	}
}

struct warren_verdict wr_handle_ioctl(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];
	struct stat st;
	union {
		int number;
		struct fsxattr attributes;
	} arg = {0};
	unsigned request = (unsigned)rq->args[1];
	size_t size = argument_size(request);

	(void)user;
	int r = wr_reach_fd(rq, (int)rq->args[0], false, &t);
	if (r == 0 && fstat(t.fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return warren_return(r);
	bool readable = size && wr_guest_read(rq, rq->args[2], &arg, size) == 0;
	if (!wr_request_alive(rq))
		return warren_return(-ENOENT);
	/* what else there is has no such requests; fs/ioctl.c reads the argument of two of them before it
	 * sees that */
	if (!size || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
		bool read_first = request == FS_IOC_SETFLAGS || request == FS_IOC_FSSETXATTR;
		return warren_return(read_first && !readable ? -EFAULT : -ENOTTY);
	}
	/* what cannot be read is the kernel's to complain about, after what it looks at before */
	const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_close_ int fd = open(wr_fd_path(t.fd, link), O_RDONLY | flags);
	if (fd < 0 && errno == EACCES && S_ISREG(st.st_mode))
		fd = open(link, O_WRONLY | flags);
	if (fd < 0 || ioctl(fd, request, readable ? &arg : NULL) < 0)
		r = -errno;
	return warren_return(r);
}
