/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "origin.h"
#include "resolve.h"
#include <string.h>

#define FAKE	  "/(unreachable)"
#define MAX_CLIMB 1024 /* steps towards a directory that has a name, most of them of STRIDE levels */
#define STRIDE	  64

const char *wr_origin_link(const struct warren_request *rq, int dirfd, char buf[static 48])
{
	snprintf(buf, 48, dirfd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%d", rq->tid, dirfd);
	return buf;
}

/* The kernel prints this behind the name of what was deleted; a file may also be called so. */
static bool says_deleted(const char *host)
{
	size_t n = strlen(host);

	return n > 10 && !strcmp(host + n - 10, " (deleted)");
}

static int to_guest(const struct warren_policy *p, const char *host, char *cur)
{
	int r;

	if (host[0] != '/')
		return -ENOTDIR; /* pipe:[...], socket:[...] */
	r = wr_policy_guest_path(p, host, cur, WR_WALK_BUF);
	if (r == -ENOENT)
		return -EACCES;
	if (r == 0 && cur[1] == '\0')
		cur[0] = '\0';
	return r;
}

int wr_origin_name(struct warren_request *rq, int dirfd, char *cur)
{
	char link[48], host[PATH_MAX + 1];
	struct stat st;

	if (dirfd < 0 && dirfd != AT_FDCWD)
		return -EBADF;
	ssize_t n = readlink(wr_origin_link(rq, dirfd, link), host, PATH_MAX);
	if (n < 0)
		return errno == ENOENT ? -EBADF : errno == ENAMETOOLONG ? WR_NAMELESS : -errno;
	host[n] = '\0';
	/* An O_TMPFILE file that got a name is said to be deleted, too: what is no directory need not have
	 * one to be refused. */
	if (says_deleted(host) && stat(link, &st) == 0 && (st.st_nlink == 0 || !S_ISDIR(st.st_mode)))
		return WR_NAMELESS;
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	bool lost;
	if (wr_policy_is_lower(p, host, &lost) && lost)
		return WR_LOST;
	return to_guest(p, host, cur);
}

unsigned wr_held_rights(pid_t tid, int n, int obj)
{
	struct stat want, st;
	_cleanup_close_ int pidfd = wr_task_pidfd(tid);

	if (pidfd < 0)
		return 0;
	_cleanup_close_ int fd = wr_pidfd_getfd(pidfd, n);
	if (fd < 0 || fstat(fd, &st) < 0 || fstat(obj, &want) < 0 || st.st_dev != want.st_dev ||
	    st.st_ino != want.st_ino)
		return 0;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_PATH))
		return WR_MAY_LIST;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return WR_MAY_LIST | WR_MAY_READ;
	case O_WRONLY:
		return WR_MAY_LIST | WR_MAY_WRITE;
	default:
		return WR_MAY_LIST | WR_MAY_READ | WR_MAY_WRITE;
	}
}

static int mount_and_inode(int fd, struct statx *stx)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, stx) < 0 ? -errno : 0;
}

/* Is the object really where its name says? A directory of another mount namespace, or of a mount that was
 * detached, has a name that means something else here. */
static int verify(const struct warren_policy *p, int fd, const char *host, const char *cur)
{
	struct statx own, other;
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(p, cur, &rel);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

	if (m->layer) { /* from here on by names, in the layer */
		char in[WR_WALK_BUF];
		int where = wr_layer_rel_of_path(m->layer, host[0] ? host : "/", in, sizeof(in), NULL);
		if (where == WR_LOWER)
			wr_layer_now(m->layer, in, sizeof(in)); /* the name that cur is made of */
		return where >= 0 && !strcmp(in, rel) ? 0 : -EACCES;
	}
	/* what lies below a mount point is hidden by the mount */
	const char *below = host + m->host_len;
	if (strncmp(host, m->host, m->host_len) || strcmp(*below == '/' ? below + 1 : below, rel))
		return -EACCES;
	int r = mount_and_inode(fd, &own);
	if (r == 0)
		r = mount_and_inode(m->fd, &other);
	if (r < 0 || own.stx_mnt_id == other.stx_mnt_id)
		return r;
	if (*rel) {
		_cleanup_close_ int again = wr_openat2(m->fd, rel, &how);
		r = again < 0 ? again : mount_and_inode(again, &other);
		if (r < 0)
			return r;
	}
	return own.stx_mnt_id == other.stx_mnt_id && own.stx_ino == other.stx_ino ? 0 : -EACCES;
}

/* A mount or a rule below cur: which of them an object is under is unknown when its name is. */
static bool divided(const struct warren_policy *p, const char *cur)
{
	size_t n = strlen(cur);

	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].guest_len > n && !strncmp(p->mounts[i].guest, cur, n) &&
		    p->mounts[i].guest[n] == '/')
			return true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].len > n && !strncmp(p->rules[i].guest, cur, n) && p->rules[i].guest[n] == '/')
			return true;
	return false;
}

/* 0, WR_NAMELESS (deleted), or -ENAMETOOLONG. */
static int host_name(int fd, char *host)
{
	char link[32];
	struct stat st;
	ssize_t n = readlink(wr_fd_path(fd, link), host, PATH_MAX);

	if (n < 0)
		return -errno;
	host[n] = '\0';
	if (n == 1 && host[0] == '/')
		host[0] = '\0';
	if (says_deleted(host) && fstat(fd, &st) == 0 && st.st_nlink == 0)
		return WR_NAMELESS;
	return 0;
}

static int locate(const struct warren_policy *p, int fd, const char *host, char *cur)
{
	int r = to_guest(p, host[0] ? host : "/", cur);
	return r < 0 ? r : verify(p, fd, host, cur);
}

/* From a nameless fd up to the nearest ancestor that has a name in the sandbox. Whatever it is now, its name
 * decides: a directory that is moved meanwhile is judged by where it was a moment ago. */
static int climb(const struct warren_policy *p, int fd, int why, char *cur)
{
	char host[PATH_MAX + 1], many[3 * STRIDE + 1] = "";
	_cleanup_close_ int at = -1;
	bool careful = false, deep = why == -ENAMETOOLONG;

	for (unsigned i = 0; i < STRIDE; i++)
		strcat(many, "../");
	for (unsigned i = 0; i < MAX_CLIMB; i++) {
		bool leap = why == -ENAMETOOLONG && !careful;
		_cleanup_close_ int up =
			openat(at < 0 ? fd : at, leap ? many : "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return -errno;
		int r = host_name(up, host);
		if (r == 0) {
			r = locate(p, up, host, cur);
			if (r == 0 && !(deep && divided(p, cur))) {
				strcat(cur, FAKE);
				return 0;
			}
			if (!leap)
				return r < 0 ? r : -ENAMETOOLONG;
			careful = true; /* too far: once more from where we were */
			continue;
		}
		if (r != WR_NAMELESS && r != -ENAMETOOLONG)
			return r;
		why = r;
		wr_cleanup_close(&at);
		at = wr_steal_fd(&up);
	}
	return -ENAMETOOLONG;
}

int wr_origin_take(const struct warren_policy *p, int fd, struct wr_origin *base, char *cur)
{
	char host[PATH_MAX + 1];
	const char *rel;
	struct stat st;

	wr_cleanup_close(&base->fd);
	base->fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	base->is_dir = S_ISDIR(st.st_mode);
	int r = host_name(fd, host);
	base->deleted = r == WR_NAMELESS;
	base->lost = false;
	if (r == 0 && wr_policy_is_lower(p, host[0] ? host : "/", &base->lost) && base->lost)
		r = to_guest(p, host, cur);
	else if (r == 0)
		r = locate(p, fd, host, cur);
	else if (r == WR_NAMELESS || r == -ENAMETOOLONG)
		r = climb(p, fd, r, cur);
	if (r == -EACCES && base->deleted)
		r = to_guest(p, host, cur); /* not to be searched: there is nothing in it */
	if (r < 0)
		return r;
	base->len = strlen(cur);
	base->mnt = wr_policy_mount(p, cur, &rel);
	return 0;
}

int wr_origin_open(struct warren_request *rq, int dirfd, struct wr_origin *base, char *cur)
{
	char link[48];

	if (dirfd < 0 && dirfd != AT_FDCWD)
		return -EBADF;
	int fd = open(wr_origin_link(rq, dirfd, link), O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EBADF : -errno;
	return wr_origin_take(wr_sandbox_policy(rq->sandbox), fd, base, cur);
}

int wr_origin_object(struct warren_request *rq, int dirfd, int fd, char *cur, const struct wr_mount **ret_mnt,
		     unsigned *ret_may)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	char host[PATH_MAX + 1];
	const char *rel;
	int r = host_name(fd, host);

	if (r == -ENAMETOOLONG)
		r = climb(p, fd, r, cur);
	else if (r >= 0)
		r = to_guest(p, host[0] ? host : "/", cur);
	if (r < 0)
		cur[0] = '\0';
	*ret_mnt = wr_policy_mount(p, cur, &rel);
	*ret_may = r < 0 ? 0 : wr_policy_may(p, *ret_mnt, cur);
	if (!*ret_may && r != -ENAMETOOLONG)
		*ret_may = WR_MAY_LIST | (dirfd == AT_FDCWD ? 0 : wr_held_rights(rq->tid, dirfd, fd));
	return 0;
}

int wr_origin_up(const struct warren_policy *p, struct wr_origin *base, char *cur, uint64_t resolve)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = resolve};
	int fd = wr_openat2(base->fd, "..", &how);

	return fd < 0 ? fd : wr_origin_take(p, fd, base, cur);
}
