/* SPDX-License-Identifier: Apache-2.0 */
/* Whiteouts and opaque marks, in overlayfs's form (docs/layer-format.md). A whiteout is a character device
 * 0:0, which any user may make since Linux 5.8; where that is refused it is an empty file with an xattr. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

bool wr_is_whiteout(int dirfd, const char *name, const struct stat *st)
{
	char path[NAME_MAX + 40], value[4];

	if (S_ISCHR(st->st_mode))
		return st->st_rdev == 0;
	if (!S_ISREG(st->st_mode) || st->st_size)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return lgetxattr(path, XATTR_WHITE, value, sizeof(value)) >= 0;
}

bool wr_is_opaque(int fd)
{
	char path[32], value[4];

	return getxattr(wr_cow_proc(fd, path), XATTR_OPAQ, value, sizeof(value)) == 1 && value[0] == 'y';
}

int wr_opaque_set(struct wr_layer *l, int fd)
{
	char path[32];
	struct stat st;

	if (!l->xattrs)
		return -EOPNOTSUPP;
	wr_cow_proc(fd, path);
	if (setxattr(path, XATTR_OPAQ, "y", 1, 0) == 0)
		return 0;
	if (errno != EACCES || fstat(fd, &st) < 0)
		return -errno;
	/* setting a user xattr takes write permission, which a mode like 0555 denies even the owner */
	if (chmod(path, (st.st_mode & 07777) | 0200) < 0)
		return -errno;
	int r = setxattr(path, XATTR_OPAQ, "y", 1, 0) < 0 ? -errno : 0;
	if (chmod(path, st.st_mode & 07777) < 0 && r == 0)
		r = -errno;
	return r;
}

int wr_whiteout_make(struct wr_layer *l, const char *name)
{
	if (l->devices)
		return mknodat(l->work, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;

	_cleanup_close_ int fd = openat(l->work, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fsetxattr(fd, XATTR_WHITE, "y", 1, 0) < 0) {
		int r = -errno;
		unlinkat(l->work, name, 0);
		return r;
	}
	return 0;
}

/* Where whiteouts are marked files their directory must say so to whoever lists it. */
static void mark_parent(struct wr_layer *l, int dirfd)
{
	char path[32];

	if (!l->devices) /* an opaque one stays so */
		setxattr(wr_cow_proc(dirfd, path), XATTR_OPAQ, "x", 1, XATTR_CREATE);
}

static int put(struct wr_layer *l, int dirfd, const char *name, unsigned flags)
{
	char tmp[32];
	int r = wr_whiteout_make(l, wr_work_name(l, tmp));

	if (r == 0) {
		mark_parent(l, dirfd);
		r = wr_cow_rename(l->work, tmp, dirfd, name, flags);
	}
	if (r < 0)
		unlinkat(l->work, tmp, 0);
	return r;
}

int wr_whiteout_put(struct wr_layer *l, int dirfd, const char *name)
{
	if (l->devices)
		return mknodat(dirfd, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
	return put(l, dirfd, name, RENAME_NOREPLACE);
}

int wr_whiteout_replace(struct wr_layer *l, int dirfd, const char *name)
{
	return put(l, dirfd, name, 0);
}

/* The last file system found to hold both kinds of marks. Layers come by thousands, next to each other, and
 * the probe is a good part of the making of one. */
static atomic_ullong good_dev;

int wr_marks_probe(struct wr_layer *l)
{
	char name[32];
	struct stat st;

	if (fstat(l->work, &st) < 0)
		return -errno;
	if (st.st_dev && atomic_load(&good_dev) == st.st_dev) {
		l->devices = l->xattrs = true;
		return 0;
	}

	wr_work_name(l, name);
	if (mknodat(l->work, name, S_IFCHR, makedev(0, 0)) == 0) {
		l->devices = true;
		unlinkat(l->work, name, 0);
	}
	if (mkdirat(l->work, name, 0700) < 0)
		return -errno;
	_cleanup_close_ int fd = openat(l->work, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l->xattrs = fd >= 0 && fsetxattr(fd, XATTR_OPAQ, "y", 1, 0) == 0;
	unlinkat(l->work, name, AT_REMOVEDIR);
	if (l->devices && l->xattrs)
		atomic_store(&good_dev, st.st_dev);
	return l->devices || l->xattrs ? 0 : -EOPNOTSUPP;
}
