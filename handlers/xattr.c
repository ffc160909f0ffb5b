/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, through the magic link of the object that was reached. */
#define _GNU_SOURCE
#include "byfd.h"
#include "handlers.h"
#include "proc.h"
#include "origin.h"
#include "resolve.h"
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAME_SIZE 256 /* XATTR_NAME_MAX + 1 */

struct xattr_args { /* uapi/linux/xattr.h, Linux 6.13 */
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* Since Linux 6.14 AT_FDCWD is as good as an fd to fsetxattr and fgetxattr, and without a path to their *at
 * forms, though not to those that list and remove. Let this kernel say. */
enum access { SET_OR_GET, LIST_OR_REMOVE };

static bool cwd_counts(enum access a)
{
	return (a == SET_OR_GET ? fgetxattr(AT_FDCWD, "user.", NULL, 0) : flistxattr(AT_FDCWD, NULL, 0)) >=
		       0 ||
	       errno != EBADF;
}

static int object(struct warren_request *rq, int dirfd, unsigned path_arg, uint64_t flags, unsigned need,
		  enum access access, struct wr_target *t)
{
	char *path = rq->scratch->path[0];

	if (flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!rq->args[path_arg] && (flags & AT_EMPTY_PATH))
		path[0] = '\0';
	else {
		int r = wr_guest_path(rq, path_arg, path);
		if (r < 0)
			return r;
	}
	const bool by_fd = (flags & AT_EMPTY_PATH) && !path[0];
	if (by_fd && (dirfd == AT_FDCWD ? !cwd_counts(access) : wr_is_o_path(rq, dirfd)))
		return -EBADF;
	if (by_fd && (need & WR_MAY_WRITE))
		return wr_reach_fd(rq, dirfd, true, t);
	if ((need & WR_MAY_WRITE) && !wr_request_alive(rq))
		return -ENOENT;
	return wr_resolve(rq, dirfd, path,
			  ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : WR_FOLLOW) |
				  ((flags & AT_EMPTY_PATH) ? WR_EMPTY_PATH : 0),
			  NULL, need, 0, t);
}

/* The object of a call that names it by an fd. */
#define NO_PATH 6
static int object_of_fd(struct warren_request *rq, int fd, enum access access, struct wr_target *t)
{
	return wr_reach_fd(rq, fd, fd == AT_FDCWD && cwd_counts(access), t);
}

/* The kernel lets a process write to the directory of its fds, which has no attributes. */
static int changed(struct warren_request *rq, const struct wr_target *t, int err)
{
	if (err == EACCES && wr_proc_is_own_fds(rq, t->mnt, t->fd))
		return -EOPNOTSUPP;
	return -err;
}

static int read_name(struct warren_request *rq, uint64_t addr, char *name)
{
	int r = wr_guest_read_str(rq, addr, name, NAME_SIZE);

	if (r == -ENAMETOOLONG || (r == 0 && !name[0]))
		return -ERANGE;
	return r;
}

/* Before a change. Not of the host's devices: what the kernel says of names that there are on no file system
 * comes first. In a layer, of the copy; its own marks are not the guest's. */
static int changeable(struct warren_request *rq, struct wr_target *t, const char *name)
{
	static const char *const known[] = {"user.", "trusted.", "security."};

	if (wr_is_device_of_host(t)) {
		for (size_t i = 0; i < WR_ARRAY_SIZE(known); i++)
			if (!strncmp(name, known[i], strlen(known[i])))
				return -EPERM;
		return -EOPNOTSUPP;
	}
	if (t->mnt->layer && wr_layer_private_xattr(name))
		return -EPERM;
	return wr_target_copy_up(rq, t, WR_UP_XATTR);
}

/* Takes the layer's own names out of a list of len bytes; its new length. */
static ssize_t without_marks(char *list, ssize_t len)
{
	ssize_t kept = 0;

	for (ssize_t at = 0; at < len;) {
		ssize_t n = (ssize_t)strlen(list + at) + 1;
		if (!wr_layer_private_xattr(list + at)) {
			memmove(list + kept, list + at, (size_t)n);
			kept += n;
		}
		at += n;
	}
	return kept;
}

/* In the kernel's order: setxattr_copy(), then the path. */
static int set(struct warren_request *rq, int dirfd, unsigned path_arg, uint64_t at, uint64_t name_addr,
	       uint64_t value, uint64_t size, unsigned flags)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char name[NAME_SIZE], link[32];

	if (flags & ~(unsigned)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	int r = read_name(rq, name_addr, name);
	if (r == 0 && size > XATTR_SIZE_MAX)
		r = -E2BIG;
	if (r == 0)
		r = wr_guest_read(rq, value, rq->scratch->bytes, size);
	if (r == 0)
		r = path_arg == NO_PATH ? object_of_fd(rq, dirfd, SET_OR_GET, &t)
					: object(rq, dirfd, path_arg, at, WR_MAY_WRITE, SET_OR_GET, &t);
	if (r == 0)
		r = changeable(rq, &t, name);
	if (r == 0 && setxattr(wr_fd_path(t.fd, link), name, rq->scratch->bytes, size, (int)flags) < 0)
		r = changed(rq, &t, errno);
	return r;
}

static int64_t get(struct warren_request *rq, int dirfd, unsigned path_arg, uint64_t at, uint64_t name_addr,
		   uint64_t value, uint64_t size)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char name[NAME_SIZE], link[32];
	ssize_t n = 0;

	int r = read_name(rq, name_addr, name);
	if (r == 0)
		r = object(rq, dirfd, path_arg, at, WR_MAY_READ, SET_OR_GET, &t);
	if (r < 0)
		return r;
	if (size > XATTR_SIZE_MAX)
		size = XATTR_SIZE_MAX;
	if (t.mnt && t.mnt->layer && wr_layer_private_xattr(name))
		return -ENODATA;
	n = getxattr(wr_fd_path(t.fd, link), name, size ? rq->scratch->bytes : NULL, size);
	if (n < 0)
		return -errno;
	r = size ? wr_guest_write(rq, value, rq->scratch->bytes, (size_t)n) : 0;
	return r < 0 ? r : n;
}

struct warren_verdict wr_handle_setxattr(struct warren_request *rq, void *user)
{
	(void)user;
	return warren_return(set(rq, AT_FDCWD, 0, rq->args[5], rq->args[1], rq->args[2], rq->args[3],
				 (unsigned)rq->args[4]));
}

struct warren_verdict wr_handle_fsetxattr(struct warren_request *rq, void *user)
{
	(void)user;
	return warren_return(set(rq, (int)rq->args[0], NO_PATH, 0, rq->args[1], rq->args[2], rq->args[3],
				 (unsigned)rq->args[4]));
}

struct warren_verdict wr_handle_getxattr(struct warren_request *rq, void *user)
{
	(void)user;
	return warren_return(get(rq, AT_FDCWD, 0, rq->args[4], rq->args[1], rq->args[2], rq->args[3]));
}

static int read_args(struct warren_request *rq, struct xattr_args *a)
{
	return wr_guest_read_struct(rq, rq->args[4], rq->args[5], a, sizeof(*a));
}

struct warren_verdict wr_handle_setxattrat(struct warren_request *rq, void *user)
{
	struct xattr_args a;
	int r = read_args(rq, &a);

	(void)user;
	if (r == 0 && (rq->args[2] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		r = -EINVAL;
	if (r == 0)
		r = set(rq, (int)rq->args[0], 1, rq->args[2], rq->args[3], a.value, a.size, a.flags);
	return warren_return(r);
}

struct warren_verdict wr_handle_getxattrat(struct warren_request *rq, void *user)
{
	struct xattr_args a;
	int r = read_args(rq, &a);

	(void)user;
	if (r == 0 && (a.flags || (rq->args[2] & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))))
		r = -EINVAL;
	if (r < 0)
		return warren_return(r);
	return warren_return(get(rq, (int)rq->args[0], 1, rq->args[2], rq->args[3], a.value, a.size));
}

struct warren_verdict wr_handle_listxattr(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char link[32];
	uint64_t size = rq->args[4];

	(void)user;
	int r = object(rq, (int)rq->args[0], 1, rq->args[2], WR_MAY_READ, LIST_OR_REMOVE, &t);
	if (r < 0)
		return warren_return(r);
	if (size > sizeof(rq->scratch->bytes))
		size = sizeof(rq->scratch->bytes);
	bool layered = t.mnt && t.mnt->layer;
	/* how long it is without the marks is known when it is here */
	ssize_t n = listxattr(wr_fd_path(t.fd, link), size || layered ? rq->scratch->bytes : NULL,
			      layered ? sizeof(rq->scratch->bytes) : size);
	if (n < 0)
		return warren_return(-errno);
	if (layered)
		n = without_marks(rq->scratch->bytes, n);
	if (size && (uint64_t)n > size)
		return warren_return(-ERANGE);
	if (size)
		r = wr_guest_write(rq, rq->args[3], rq->scratch->bytes, (size_t)n);
	return warren_return(r < 0 ? r : n);
}

/* Of the layer's marks on the object behind an fd. False: it is in no layer, or the kernel shall say what is
 * wrong. */
static bool layer_of_fd(struct warren_request *rq, int fd, int *ret)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	char link[48], host[PATH_MAX + 1], rel[2 * PATH_MAX];

	if (fd < 0)
		return false;
	_cleanup_close_ int obj = open(wr_origin_link(rq, fd, link), O_PATH | O_CLOEXEC);
	ssize_t n = obj < 0 ? -1 : readlink(wr_fd_path(obj, link), host, PATH_MAX);
	if (n < 0 || !wr_request_alive(rq))
		return false;
	host[n] = '\0';
	for (size_t i = 0; i < p->n_layers; i++)
		if (wr_layer_rel_of_path(p->layers[i].layer, host, rel, sizeof(rel), NULL) >= 0) {
			*ret = wr_steal_fd(&obj);
			return true;
		}
	return false;
}

/* Continued: name and number are read again, and the worst that can come of it is that a guest sees its
 * layer's marks. */
struct warren_verdict wr_handle_fgetxattr(struct warren_request *rq, void *user)
{
	char name[NAME_SIZE];
	_cleanup_close_ int obj = -1;
	int flags;

	(void)user;
	if (read_name(rq, rq->args[1], name) < 0 || !wr_layer_private_xattr(name) ||
	    !layer_of_fd(rq, (int)rq->args[0], &obj))
		return warren_continue();
	flags = wr_task_fd_flags(rq->tid, (int)rq->args[0]);
	return flags < 0 || (flags & O_PATH) ? warren_continue() : warren_return(-ENODATA);
}

struct warren_verdict wr_handle_flistxattr(struct warren_request *rq, void *user)
{
	char link[32], *list = rq->scratch->bytes;
	_cleanup_close_ int obj = -1;
	uint64_t size = rq->args[2];

	(void)user;
	if (!layer_of_fd(rq, (int)rq->args[0], &obj))
		return warren_continue();
	int flags = wr_task_fd_flags(rq->tid, (int)rq->args[0]);
	ssize_t n = flags < 0 || (flags & O_PATH)
			    ? -1
			    : listxattr(wr_fd_path(obj, link), list, sizeof(rq->scratch->bytes));
	ssize_t kept = n < 0 ? n : without_marks(list, n);
	if (kept == n) /* nothing to hide, or an error for the kernel to tell */
		return warren_continue();
	if (size && (uint64_t)kept > size)
		return warren_return(-ERANGE);
	int r = size ? wr_guest_write(rq, rq->args[1], list, (size_t)kept) : 0;
	return warren_return(r < 0 ? r : kept);
}

static int remove_attribute(struct warren_request *rq, int dirfd, unsigned path_arg, uint64_t at,
			    uint64_t name_addr)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char name[NAME_SIZE], link[32];

	if (at & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int r = read_name(rq, name_addr, name);
	if (r == 0)
		r = path_arg == NO_PATH ? object_of_fd(rq, dirfd, LIST_OR_REMOVE, &t)
					: object(rq, dirfd, path_arg, at, WR_MAY_WRITE, LIST_OR_REMOVE, &t);
	if (r == 0)
		r = changeable(rq, &t, name);
	if (r == 0 && removexattr(wr_fd_path(t.fd, link), name) < 0)
		r = changed(rq, &t, errno);
	return r;
}

struct warren_verdict wr_handle_removexattr(struct warren_request *rq, void *user)
{
	(void)user;
	return warren_return(remove_attribute(rq, (int)rq->args[0], 1, rq->args[2], rq->args[3]));
}

struct warren_verdict wr_handle_fremovexattr(struct warren_request *rq, void *user)
{
	(void)user;
	return warren_return(remove_attribute(rq, (int)rq->args[0], NO_PATH, 0, rq->args[1]));
}
