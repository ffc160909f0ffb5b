/* SPDX-License-Identifier: Apache-2.0 */
/* openat, openat2 and their older forms: the supervisor opens, the fd is installed in the guest. */
#define _GNU_SOURCE
#include "byname.h"
#include "dir.h"
#include "open.h"
#include "open_wait.h"
#include "passfd.h"
#include "resolve.h"
#include <string.h>

#define WRITE_FLAGS (O_CREAT | O_TRUNC)

/* O_TRUNC and O_CREAT are writes whatever the access mode says. */
static bool wants_write(uint64_t flags)
{
	return !(flags & O_PATH) &&
	       ((flags & O_ACCMODE) != O_RDONLY || (flags & WRITE_FLAGS) || (flags & O_TMPFILE) == O_TMPFILE);
}

/* A FIFO that lies below a layer: the layer has one of its own, in which those who open it meet. */
static int open_own_fifo(struct wr_target *t, const struct stat *st, uint64_t flags)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	char rel[2 * PATH_MAX], link[32];
	struct wr_layer *l = wr_target_layer(t, rel);
	struct open_how how = {.flags = (flags & ~(uint64_t)(O_CREAT | O_NOFOLLOW)) | O_NONBLOCK | O_NOCTTY |
					O_CLOEXEC};
	struct stat own;

	if (!l)
		return 0;
	int r = wr_layer_copy_up(l, rel, WR_UP_ALWAYS, &f);
	if (r == 0 && fstat(f.fd, &own) < 0)
		r = -errno;
	if (r < 0 || (own.st_ino == st->st_ino && own.st_dev == st->st_dev))
		return r;
	int fd = wr_openat2(AT_FDCWD, wr_fd_path(f.fd, link), &how);
	if (fd < 0)
		return fd;
	wr_cleanup_close(&t->fd);
	t->fd = fd;
	return 0;
}

/* Devices open only where warren shows them. The file was opened with O_NONBLOCK, which is taken off again
 * when the guest did not ask for it. 1: a FIFO, whose other end must be waited for. */
static int settle(struct warren_request *rq, struct wr_target *t, uint64_t flags, bool *ret_fifo)
{
	struct stat st;

	*ret_fifo = false;
	if (flags & O_PATH)
		return 0;
	if (fstat(t->fd, &st) < 0)
		return -errno;
	if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && !t->mnt->builtin)
		return -EACCES; /* as on a nodev mount */
	if (S_ISDIR(st.st_mode))
		wr_dir_opened(rq, t, &st);
	*ret_fifo = S_ISFIFO(st.st_mode);
	int r = *ret_fifo ? open_own_fifo(t, &st, flags) : 0;
	if (r < 0)
		return r;
	if (flags & O_NONBLOCK)
		return 0;
	if (*ret_fifo && (flags & O_ACCMODE) == O_RDONLY)
		return 1;
	return wr_open_blocking(t->fd, flags);
}

/* A FIFO without a reader (ENXIO), or a file under a lease (EAGAIN): nothing has happened yet. The object is
 * looked up once more, without opening it, for a thread that may wait. */
static struct warren_verdict open_later(struct warren_request *rq, const struct open_how *how, unsigned flags,
					unsigned need)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	const struct open_how look = {.flags = O_PATH | O_CLOEXEC |
					       ((flags & WR_FOLLOW) ? 0 : (uint64_t)O_NOFOLLOW),
				      .resolve = how->resolve};
	char *path = rq->scratch->path[0];
	struct stat st;
	int r = wr_guest_path(rq, 1, path);

	if (r == 0)
		r = wr_resolve(rq, (int)rq->args[0], path, flags, &look, need, 0, &t);
	if (r == 0 && fstat(t.fd, &st) < 0)
		r = -errno;
	if (r == 0 && !S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode))
		r = -ENXIO;
	if (r == 0 && t.mnt->layer && S_ISREG(st.st_mode) && wants_write(how->flags))
		r = -EAGAIN; /* a lease on the lower file: that is not the one to be opened */
	if (r < 0)
		return warren_return(wr_task_fds_full(rq) ? -EMFILE : r);
	return wr_open_wait(rq, wr_steal_fd(&t.fd), how->flags);
}

/* /dev/tty is the controlling terminal of the task that opens it: that must do so itself. Another thread may
 * change the path meanwhile, and use what was opened before it is compared with what was meant and the task
 * is killed. So it is opened for reading and writing whatever the guest asked for: writing is a right that
 * Landlock grants for this one file and for no other, while programs may be read, those in denied directories
 * too, and the access mode 3 is not looked at at all. */
static struct warren_verdict open_terminal(struct warren_request *rq, const struct wr_target *t,
					   uint64_t flags)
{
	const uint64_t drop = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC;
	const uint64_t args[6] = {(uint64_t)AT_FDCWD, 0, (flags & ~drop) | O_RDWR};

	return wr_by_name(rq, t->fd, SYS_openat, args, 1);
}

/* Nothing but a file that is missing would be written: one that is there can be opened all the same. */
static bool creates_only(uint64_t flags)
{
	return (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == (O_RDONLY | O_CREAT) &&
	       (flags & O_TMPFILE) != O_TMPFILE;
}

/* err: what making it has come to. */
static int open_existing(struct warren_request *rq, const struct open_how *given, unsigned flags, int err,
			 struct wr_target *t)
{
	struct open_how how = *given;
	char *path = rq->scratch->path[0];
	bool exclusive = given->flags & O_EXCL;
	struct stat st;
	int r = wr_guest_path(rq, 1, path);

	if (r < 0)
		return r;
	how.flags = exclusive ? O_PATH | O_NOFOLLOW | O_CLOEXEC : given->flags & ~(uint64_t)O_CREAT;
	how.mode = 0;
	wr_target_release(t);
	r = wr_resolve(rq, (int)rq->args[0], path, flags, &how, exclusive ? WR_MAY_LIST : WR_MAY_READ, 0, t);
	if (r == 0)
		r = exclusive ? -EEXIST : wr_fstat(t->fd, &st);
	if (r == 0 && S_ISDIR(st.st_mode))
		r = -EISDIR;
	return r == -ENOENT ? err : r;
}

static struct warren_verdict open_path(struct warren_request *rq, const struct open_how *how)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct open_how h = *how;
	bool fifo = false;
	unsigned flags = (how->flags & O_NOFOLLOW) ? 0 : WR_FOLLOW;
	unsigned need = wants_write(how->flags) ? WR_MAY_READ | WR_MAY_WRITE : WR_MAY_READ;
	char *path = rq->scratch->path[0];
	int r = wr_guest_path(rq, 1, path);

	if (r < 0)
		return warren_return(r);
	const bool named = path[0];
	if (named && (how->flags & WRITE_FLAGS || (how->flags & O_TMPFILE) == O_TMPFILE) &&
	    wr_task_fds_full(rq))
		return warren_return(-EMFILE); /* before there is an effect */
	if ((how->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		flags = 0;
	if (how->flags & (O_CREAT | O_TMPFILE)) {
		r = wr_apply_umask(rq);
		if (r < 0)
			return warren_return(r);
	}
	/* What follows may change something: not for a task that is gone, whose memory was another's. */
	if (wants_write(how->flags) && !wr_request_alive(rq))
		return warren_return(-ENOENT);
	if ((how->flags & (O_DIRECTORY | O_PATH)) && !wants_write(how->flags))
		need = WR_MAY_LIST;
	h.flags |= O_CLOEXEC;
	if (!(h.flags & O_PATH))
		h.flags |= O_NONBLOCK | O_NOCTTY;
	r = wr_resolve(rq, (int)rq->args[0], path, flags, &h, need, 0, &t);
	if (r == -EACCES && need == WR_MAY_READ) {
		/* an ancestor of what is readable may be listed, though not read as a file */
		h.flags |= O_DIRECTORY;
		wr_target_release(&t);
		r = wr_guest_path(rq, 1, path);
		if (r == 0)
			r = wr_resolve(rq, (int)rq->args[0], path, flags, &h, WR_MAY_LIST, 0, &t);
		if (r == -ENOTDIR)
			r = -EACCES;
	}
	if ((r == -EROFS || r == -EACCES) && creates_only(how->flags))
		r = open_existing(rq, &h, flags, r, &t);
	if (r == 0 && t.mnt->kind == WR_MOUNT_TTY && !(how->flags & O_PATH))
		return open_terminal(rq, &t, how->flags);
	if (r == 0)
		r = settle(rq, &t, how->flags, &fifo);
	else if ((r == -ENXIO || r == -EAGAIN) && !(how->flags & (O_NONBLOCK | O_PATH)) &&
		 !(how->resolve & RESOLVE_CACHED))
		return open_later(rq, how, flags, need);
	if (r < 0)
		return warren_return(named && wr_task_fds_full(rq) ? -EMFILE : r);
	if (r == 1)
		return wr_open_wait(rq, wr_steal_fd(&t.fd), how->flags);
	if (how->flags & O_PATH) /* ADDFD refuses such descriptors */
		return wr_pass_open(wr_steal_fd(&t.fd), (how->flags & O_CLOEXEC) != 0);
	if (fifo)
		return wr_open_inject_fifo(wr_steal_fd(&t.fd), how->flags);
	return warren_inject(wr_steal_fd(&t.fd), (how->flags & O_CLOEXEC) != 0);
}

/* What the kernel says of flags, mode and RESOLVE_*, which it looks at before anything else. */
static int check_how(const struct open_how *how)
{
	int r = wr_openat2(-1, ".", how);
	return r == -EBADF ? 0 : r;
}

struct warren_verdict wr_handle_open(struct warren_request *rq, void *user)
{
	/* open(2) ignores flags it does not know; openat2(2) would not. */
	const uint64_t known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
			       O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |
			       O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE;
	struct open_how how = {.flags = rq->args[2] & known};

	(void)user;
	if (how.flags & O_PATH)
		how.flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	if (how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		how.mode = rq->args[3] & 07777;
	if ((how.flags & O_DIRECTORY) && (how.flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))) {
		int r = check_how(&how);
		if (r < 0)
			return warren_return(r);
	}
	return open_path(rq, &how);
}

int wr_open_how(struct warren_request *rq, uint64_t addr, uint64_t size, struct open_how *ret)
{
	int r = wr_guest_read_struct(rq, addr, size, ret, sizeof(*ret));

	return r < 0 ? r : check_how(ret);
}

struct warren_verdict wr_handle_openat2(struct warren_request *rq, void *user)
{
	struct open_how how;

	(void)user;
	int r = wr_open_how(rq, rq->args[2], rq->args[3], &how);
	return r < 0 ? warren_return(r) : open_path(rq, &how);
}
