/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of data and metadata from one file to another: shared blocks where the file system can (FICLONE),
 * then copy_file_range, then reading and writing; holes stay holes. */
#define _GNU_SOURCE
#include "internal.h"
#include "../engine/base/io.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#define CHUNK (1 << 17)

static int copy_slowly(int in, int out, off_t at, off_t end)
{
	_cleanup_free_ char *buf = malloc(CHUNK);

	if (!buf)
		return -ENOMEM;
	while (at < end) {
		size_t want = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t n = pread(in, buf, want, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0; /* it was cut off meanwhile */
		int r = wr_write_at(out, buf, (size_t)n, at);
		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}

static int copy_extent(int in, int out, off_t at, off_t end)
{
	while (at < end) {
		off_t from = at, to = at;
		ssize_t n = copy_file_range(in, &from, out, &to, (size_t)(end - at), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
			return -errno;
		if (n <= 0) /* not between these two file systems, or a file that it takes for empty */
			return copy_slowly(in, out, at, end);
		at += n;
	}
	return 0;
}

int wr_copy_data(int in, int out, const struct stat *st)
{
	off_t at = 0, end = st->st_size;

	if (end == 0)
		return 0;
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	if (ftruncate(out, end) < 0)
		return -errno;
	while (at < end) {
		off_t data = lseek(in, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return 0; /* a hole to the end */
		if (data < 0)
			return copy_extent(in, out, at, end);
		off_t hole = lseek(in, data, SEEK_HOLE);
		if (hole < 0 || hole > end)
			hole = end;
		int r = copy_extent(in, out, data, hole);
		if (r < 0)
			return r;
		at = hole;
	}
	return 0;
}

/* Which attributes can be missing on the copy: those that need a privilege, or that its file system lacks. */
static bool may_be_lost(int err)
{
	return err == EPERM || err == EACCES || err == EOPNOTSUPP;
}

static int copy_xattr(const char *from, const char *to, const char *name)
{
	_cleanup_free_ char *value = NULL;
	ssize_t n = 256;

	for (int i = 0; i < 8; i++) {
		char *bigger = realloc(value, (size_t)n + 1);
		if (!bigger)
			return -ENOMEM;
		value = bigger;
		ssize_t got = getxattr(from, name, value, (size_t)n);
		if (got >= 0) {
			if (setxattr(to, name, value, (size_t)got, 0) < 0 && !may_be_lost(errno))
				return -errno;
			return 0;
		}
		if (errno == ENODATA || may_be_lost(errno))
			return 0;
		if (errno != ERANGE)
			return -errno;
		n = getxattr(from, name, NULL, 0);
		if (n < 0)
			return errno == ENODATA ? 0 : -errno;
	}
	return -EAGAIN;
}

int wr_copy_xattrs(int in, int out)
{
	char from[32], to[32];
	_cleanup_free_ char *names = NULL;

	wr_cow_proc(in, from);
	wr_cow_proc(out, to);
	ssize_t n = listxattr(from, NULL, 0);
	if (n <= 0)
		return n == 0 || errno == EOPNOTSUPP || errno == EACCES ? 0 : -errno;
	n += 256;
	names = malloc((size_t)n);
	if (!names)
		return -ENOMEM;
	n = listxattr(from, names, (size_t)n);
	if (n < 0)
		return -errno;
	for (char *name = names; name < names + n; name += strlen(name) + 1) {
		if (wr_layer_private_xattr(name))
			continue;
		int r = copy_xattr(from, to, name);
		if (r < 0)
			return r;
	}
	return 0;
}

int wr_copy_meta(const struct stat *st, int out)
{
	char path[32];
	struct stat now;
	mode_t mode = st->st_mode & 07777;
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fstat(out, &now) < 0)
		return -errno;
	if (now.st_uid != st->st_uid || now.st_gid != st->st_gid) {
		/* Whose file it cannot be it becomes ours, and what runs as its owner then must not run as
		 * us. */
		if (fchownat(out, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0) {
			if (errno != EPERM && errno != EINVAL)
				return -errno;
			if (now.st_uid != st->st_uid)
				mode &= ~(mode_t)S_ISUID;
			if (now.st_gid != st->st_gid &&
			    fchownat(out, "", (uid_t)-1, st->st_gid, AT_EMPTY_PATH) < 0 &&
			    !S_ISDIR(st->st_mode))
				mode &= ~(mode_t)S_ISGID;
		}
	}
	if (!S_ISLNK(st->st_mode) && chmod(wr_cow_proc(out, path), mode) < 0)
		return -errno;
	return (int)wr_ret(syscall(SYS_utimensat, out, "", times, AT_EMPTY_PATH));
}
