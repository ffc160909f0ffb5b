/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a dirfd that is no directory, is closed, or is not looked at because the path is absolute. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	t_put("f", "x");
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_ERR(openat(fd, "f", O_RDONLY), ENOTDIR);
	CHECK_ERR(fstatat(fd, "f", &st, 0), ENOTDIR);
	CHECK_ERR(mkdirat(fd, "x", 0755), ENOTDIR);
	CHECK_ERR(renameat(AT_FDCWD, "f", fd, "g"), ENOTDIR);
	for (int bad = -1; bad < 900; bad += 900) {
		CHECK_ERR(openat(bad, "f", O_RDONLY), EBADF);
		CHECK_ERR(fstatat(bad, "f", &st, 0), EBADF);
		CHECK_ERR(unlinkat(bad, "f", 0), EBADF);
		CHECK_ERR(renameat(bad, "f", AT_FDCWD, "g"), EBADF);
		CHECK_ERR(renameat(AT_FDCWD, "f", bad, "g"), EBADF);
		CHECK_ERR(linkat(AT_FDCWD, "f", bad, "g", 0), EBADF);
		CHECK_ERR(symlinkat("f", bad, "g"), EBADF);
		CHECK_OK(fstatat(bad, "/w/f", &st, 0));
		CHECK(openat(bad, "/w/f", O_RDONLY) >= 0);
		CHECK_OK(mkdirat(bad, "/w/d", 0755));
		CHECK_OK(unlinkat(bad, "/w/d", AT_REMOVEDIR));
		/* The empty path is told before the fd is looked at. */
		CHECK_ERR(openat(bad, "", O_RDONLY), ENOENT);
	}
	CHECK_OK(fstatat(fd, "/w/f", &st, 0));
	CHECK_ERR(fchdir(fd), ENOTDIR);
	CHECK_ERR(fchdir(-1), EBADF);
	return t_end();
}
