/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of files: stat and its family, access, readlink, statfs; chmod, chown, truncate, times. */
#define _GNU_SOURCE
#include "origin.h"
#include "byfd.h"
#include "frozen.h"
#include "handlers.h"
#include "open_wait.h"
#include "proc.h"
#include "resolve.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/vfs.h>

#ifndef AT_STATX_SYNC_TYPE
#define AT_STATX_SYNC_TYPE 0x6000
#endif

static int resolve_read(struct warren_request *rq, int dirfd, const char *path, uint64_t at_flags,
			unsigned need, struct wr_target *t)
{
	unsigned flags = (at_flags & AT_SYMLINK_NOFOLLOW) ? 0 : WR_FOLLOW;

	if (at_flags & AT_EMPTY_PATH)
		flags |= WR_EMPTY_PATH;
	if ((need & WR_MAY_WRITE) && (at_flags & AT_EMPTY_PATH) && !path[0])
		return wr_reach_fd(rq, dirfd, true, t);
	if ((need & WR_MAY_WRITE) && !wr_request_alive(rq))
		return -ENOENT;
	return wr_resolve(rq, dirfd, path, flags, NULL, need, 0, t);
}

/* Reads path argument i and resolves it with the *at flags of the call. */
static int resolve_at(struct warren_request *rq, int dirfd, unsigned i, uint64_t at_flags, unsigned need,
		      struct wr_target *t)
{
	char *path = rq->scratch->path[0];
	int r = wr_guest_path(rq, i, path);

	return r < 0 ? r : resolve_read(rq, dirfd, path, at_flags, need, t);
}

/* The same for stat and statx, to which NULL is as good as "" since Linux 6.11 (getname_maybe_null()). What
 * an fd that the guest holds is like needs no rights, fstat(2) is not even trapped: then link is where to
 * look, and t stays empty. */
static int resolve_maybe_null(struct warren_request *rq, int dirfd, unsigned i, uint64_t at_flags,
			      struct wr_target *t, char link[static 48])
{
	char *path = rq->scratch->path[0];
	bool null = !rq->args[i] && (at_flags & AT_EMPTY_PATH);
	int r = null ? 0 : wr_guest_path(rq, i, path);

	if (r < 0)
		return r;
	if (!null && (path[0] || !(at_flags & AT_EMPTY_PATH)))
		return resolve_read(rq, dirfd, path, at_flags, WR_MAY_LIST, t);
	if (dirfd < 0 && dirfd != AT_FDCWD)
		return -EBADF;
	wr_origin_link(rq, dirfd, link);
	return 0;
}

/* For wr_ask.what. */
static uint64_t about(unsigned call, uint64_t at_flags, unsigned more)
{
	return call | (at_flags & 0xffff) << 8 | (uint64_t)more << 32;
}

struct warren_verdict wr_handle_fstatat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct stat st;
	struct wr_ask ask = {.what = about(WR_ASK_STAT, rq->args[3], 0), .answer = &st, .size = sizeof(st)};
	char link[48];

	(void)user;
	t.ask = &ask;
	if (rq->args[3] &
	    ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return warren_return(-EINVAL);
	int r = resolve_maybe_null(rq, (int)rq->args[0], 1, rq->args[3], &t, link);
	if (r == 0 && t.fd >= 0) {
		r = wr_fstat(t.fd, &st);
		if (r == 0)
			wr_frozen_keep(rq, &t, &st, sizeof(st));
	} else if (r == 0 && !ask.known && stat(link, &st) < 0) {
		r = errno == ENOENT ? -EBADF : -errno;
	}
	if (r == 0)
		r = wr_guest_write(rq, rq->args[2], &st, sizeof(st));
	return warren_return(r);
}

struct warren_verdict wr_handle_statx(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct statx stx;
	char link[48];
	unsigned flags = (unsigned)rq->args[2], mask = (unsigned)rq->args[3];
	struct wr_ask ask = {.what = about(WR_ASK_STATX, flags, mask), .answer = &stx, .size = sizeof(stx)};

	(void)user;
	t.ask = &ask;
	if ((mask & 0x80000000U) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return warren_return(-EINVAL);
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return warren_return(-EINVAL);
	int r = resolve_maybe_null(rq, (int)rq->args[0], 1, flags, &t, link);
	flags &= AT_STATX_SYNC_TYPE;
	if (r == 0 && t.fd >= 0) {
		if (syscall(SYS_statx, t.fd, "", flags | AT_EMPTY_PATH, mask, &stx) < 0)
			r = -errno;
		else
			wr_frozen_keep(rq, &t, &stx, sizeof(stx));
	} else if (r == 0 && !ask.known && syscall(SYS_statx, AT_FDCWD, link, flags, mask, &stx) < 0) {
		r = errno == ENOENT ? -EBADF : -errno;
	}
	if (r == 0)
		r = wr_guest_write(rq, rq->args[4], &stx, sizeof(stx));
	return warren_return(r);
}

/* access(2) by the rules alone. */
static int rules_allow(const struct wr_target *t, unsigned mode)
{
	bool no_write = (mode & W_OK) && !(t->may & WR_MAY_WRITE);
	bool no_read = (mode & R_OK) && !(t->may & WR_MAY_READ);
	struct stat st;
	int r;

	if (!no_write && !no_read)
		return 0;
	r = wr_fstat(t->fd, &st);
	if (r < 0)
		return r;
	/* A mount that is read-only makes no device so. */
	r = no_write ? wr_denied(t->mnt, WR_MAY_WRITE) : 0;
	if (r < 0 && (r != -EROFS || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)))
		return r;
	/* An ancestor directory can be listed. */
	return no_read && !S_ISDIR(st.st_mode) ? -EACCES : 0;
}

struct warren_verdict wr_handle_faccessat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	unsigned mode = (unsigned)rq->args[2], flags = (unsigned)rq->args[3];
	int32_t answer;
	struct wr_ask ask = {
		.what = about(WR_ASK_ACCESS, flags, mode), .answer = &answer, .size = sizeof(answer)};

	(void)user;
	t.ask = &ask;
	if (mode & ~7U || flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	int r = resolve_at(rq, (int)rq->args[0], 1, flags, WR_MAY_LIST, &t);
	if (r < 0)
		return warren_return(r);
	if (ask.known)
		return warren_return(answer);
	r = rules_allow(&t, mode);
	if (r == 0 && syscall(SYS_faccessat2, t.fd, "", mode, AT_EMPTY_PATH | (flags & AT_EACCESS)) < 0)
		r = -errno;
	if (r == -EACCES && t.fd >= 0 && wr_proc_is_own_fds(rq, t.mnt, t.fd))
		r = 0;
	answer = r;
	wr_frozen_keep(rq, &t, &answer, sizeof(answer));
	return warren_return(r);
}

struct warren_verdict wr_handle_readlinkat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char *text = rq->scratch->bytes, *guest = rq->scratch->path[4];
	int size = (int)rq->args[3];
	struct wr_ask ask = {.what = WR_ASK_READLINK, .answer = text, .size = PATH_MAX};

	(void)user;
	if (size <= 0)
		return warren_return(-EINVAL);
	t.ask = &ask;
	/* "": the symlink that the dirfd itself is, as O_PATH|O_NOFOLLOW opened it */
	int r = resolve_at(rq, (int)rq->args[0], 1, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, WR_MAY_LIST, &t);
	if (r < 0)
		return warren_return(r);
	ssize_t n = ask.known ? (ssize_t)ask.size : readlinkat(t.fd, "", text, PATH_MAX);
	if (n < 0)
		return warren_return(rq->path && !rq->path[0] ? -ENOENT
				     : -errno == -ENOENT      ? -EINVAL
							      : -errno);
	if (!ask.known)
		wr_frozen_keep(rq, &t, text, (size_t)n);
	text[n] = '\0';
	if (t.mnt->kind == WR_MOUNT_PROC) { /* its links name host paths, and "self" is the reader */
		r = wr_proc_link_text(rq, t.gpath + t.mnt->guest_len + 1, text, guest, 2 * PATH_MAX);
		if (r < 0)
			return warren_return(r);
		text = guest;
		n = (ssize_t)strlen(guest);
	}
	if (n > size)
		n = size;
	r = wr_guest_write(rq, rq->args[2], text, (size_t)n);
	return warren_return(r < 0 ? r : n);
}

struct warren_verdict wr_handle_statfs(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct statfs fs;

	(void)user;
	int r = resolve_at(rq, AT_FDCWD, 0, 0, WR_MAY_LIST, &t);
	if (r == 0 && fstatfs(t.fd, &fs) < 0)
		r = -errno;
	if (r == 0)
		r = wr_guest_write(rq, rq->args[1], &fs, sizeof(fs));
	return warren_return(r);
}

struct warren_verdict wr_handle_fchmodat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];
	struct stat st;
	unsigned flags = (unsigned)rq->args[3];

	(void)user;
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	int r = resolve_at(rq, (int)rq->args[0], 1, flags, WR_MAY_WRITE, &t);
	if (r == 0)
		r = wr_fstat(t.fd, &st);
	if (r == 0)
		r = wr_check_attributes(rq, &t);
	if (r == 0 && S_ISLNK(st.st_mode))
		r = -EOPNOTSUPP; /* as the file systems say; chmod through the magic link would follow it */
	if (r == 0)
		r = wr_target_copy_up(rq, &t, WR_UP_OWNER);
	if (r == 0 && chmod(wr_fd_path(t.fd, link), (mode_t)rq->args[2] & 07777) < 0)
		r = -errno;
	return warren_return(r);
}

struct warren_verdict wr_handle_fchownat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	unsigned flags = (unsigned)rq->args[4];

	(void)user;
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	int r = resolve_at(rq, (int)rq->args[0], 1, flags, WR_MAY_WRITE, &t);
	if (r == 0)
		r = wr_check_attributes(rq, &t);
	if (r == 0)
		r = wr_target_copy_up(rq, &t, WR_UP_OWNER);
	if (r == 0 && fchownat(t.fd, "", (uid_t)rq->args[2], (gid_t)rq->args[3], AT_EMPTY_PATH) < 0)
		r = -errno;
	return warren_return(r);
}

/* The limit on file sizes is the guest's; the kernel would look at ours. */
static bool within_fsize(struct warren_request *rq, const struct stat *st, int64_t length)
{
	struct rlimit lim;

	return length <= st->st_size || prlimit(rq->tid, RLIMIT_FSIZE, NULL, &lim) < 0 ||
	       lim.rlim_cur == RLIM_INFINITY || (uint64_t)length <= lim.rlim_cur;
}

struct warren_verdict wr_handle_truncate(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct stat st;
	int64_t length = (int64_t)rq->args[1];

	(void)user;
	if (length < 0)
		return warren_return(-EINVAL);
	int r = resolve_at(rq, AT_FDCWD, 0, 0, WR_MAY_WRITE, &t);
	if (r == 0)
		r = wr_fstat(t.fd, &st);
	if (r == 0 && !S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (r == 0 && !within_fsize(rq, &st, length)) {
		/* the kernel looks at the permission before the limit */
		if (syscall(SYS_faccessat2, t.fd, "", W_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
			return warren_return(-errno);
		pid_t tgid = wr_task_tgid(rq->tid);
		if (tgid > 0 && wr_request_alive(rq))
			syscall(SYS_tgkill, tgid, rq->tid, SIGXFSZ);
		return warren_return(-EFBIG);
	}
	if (r == 0)
		r = wr_target_copy_up(rq, &t, length ? WR_UP_WRITE : WR_UP_TRUNC);
	return r < 0 ? warren_return(r) : wr_truncate(rq, wr_steal_fd(&t.fd), length);
}

/* The fd itself, with a NULL path. The kernel would take the number again from the guest's table: another
 * thread may have put another file there, which does no harm only where all may be changed. times: NULL for
 * now. */
static struct warren_verdict set_times_of_fd(struct warren_request *rq, int fd, unsigned flags,
					     const struct timespec *times)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;

	if (!wr_sandbox_policy(rq->sandbox)->guarded)
		return warren_continue();
	if (flags)
		return warren_return(-EINVAL);
	int r = wr_reach_fd(rq, fd, false, &t);
	if (r == 0)
		r = times ? wr_check_attributes(rq, &t) : wr_check_times(rq, &t);
	if (r == 0 && syscall(SYS_utimensat, t.fd, "", times, AT_EMPTY_PATH) < 0)
		r = -errno;
	return warren_return(r);
}

/* times: NULL for now */
static struct warren_verdict set_times(struct warren_request *rq, int dirfd, unsigned path_arg,
				       unsigned flags, const struct timespec *times)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	int r = resolve_at(rq, dirfd, path_arg, flags, WR_MAY_WRITE, &t);
	if (r == 0)
		r = times ? wr_check_attributes(rq, &t) : wr_check_times(rq, &t);
	if (r == 0)
		r = wr_target_copy_up(rq, &t, times ? WR_UP_OWNER : WR_UP_TOUCH);
	if (r == 0 && syscall(SYS_utimensat, t.fd, "", times, AT_EMPTY_PATH) < 0)
		r = -errno;
	return warren_return(r);
}

struct warren_verdict wr_handle_utimensat(struct warren_request *rq, void *user)
{
	struct timespec ts[2];

	(void)user;
	if (rq->args[2] && wr_guest_read(rq, rq->args[2], ts, sizeof(ts)) < 0)
		return warren_return(-EFAULT);
	if (rq->args[2] && ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
		return warren_return(0);
	if (!rq->args[1] && (int)rq->args[0] != AT_FDCWD)
		return set_times_of_fd(rq, (int)rq->args[0], (unsigned)rq->args[3], rq->args[2] ? ts : NULL);
	return set_times(rq, (int)rq->args[0], 1, (unsigned)rq->args[3], rq->args[2] ? ts : NULL);
}

struct warren_verdict wr_handle_futimesat(struct warren_request *rq, void *user)
{
	struct timeval tv[2];
	struct timespec ts[2];

	(void)user;
	if (rq->args[2]) {
		if (wr_guest_read(rq, rq->args[2], tv, sizeof(tv)) < 0)
			return warren_return(-EFAULT);
		for (int i = 0; i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
				return warren_return(-EINVAL);
			ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
		}
	}
	if (!rq->args[1] && (int)rq->args[0] != AT_FDCWD)
		return set_times_of_fd(rq, (int)rq->args[0], 0, rq->args[2] ? ts : NULL);
	return set_times(rq, (int)rq->args[0], 1, 0, rq->args[2] ? ts : NULL);
}

struct warren_verdict wr_handle_utime(struct warren_request *rq, void *user)
{
	int64_t t[2];
	struct timespec ts[2];

	(void)user;
	if (rq->args[1]) {
		if (wr_guest_read(rq, rq->args[1], t, sizeof(t)) < 0)
			return warren_return(-EFAULT);
		for (int i = 0; i < 2; i++)
			ts[i] = (struct timespec){t[i], 0};
	}
	return set_times(rq, AT_FDCWD, 0, 0, rq->args[1] ? ts : NULL);
}
