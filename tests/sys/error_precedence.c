/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the errors are the kernel's own, as a native chroot would give them, when several would do. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	static char longname[400];

	memset(longname, 'n', sizeof(longname) - 1);
	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755));
	CHECK_ERR(open("f/../f", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("missing/../f", O_RDONLY), ENOENT);
	CHECK_ERR(stat("f/missing", &st), ENOTDIR);
	CHECK_ERR(mkdir("f/x", 0755), ENOTDIR);
	CHECK_ERR(mkdir("f", 0755), EEXIST);
	CHECK_ERR(mkdir("missing/x", 0755), ENOENT);
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(rmdir("missing"), ENOENT);
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(unlink("missing"), ENOENT);
	CHECK_ERR(link("missing", "f"), ENOENT);
	CHECK_ERR(rename("missing", longname), ENOENT);
	CHECK_ERR(stat(longname, &st), ENAMETOOLONG);
	CHECK_ERR(symlink(longname, "f"), EEXIST);
	CHECK_ERR(open("d", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(open("d", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_ERR(openat(-1, "f", O_RDONLY), EBADF);
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(chdir("missing"), ENOENT);
	CHECK_ERR(rename("d", "d/x"), EINVAL);
	CHECK_ERR(access("f", 077), EINVAL);
	CHECK_ERR(access("missing", 077), EINVAL);
	CHECK_ERR(truncate("missing", -1), EINVAL);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, "missing", longname, 0), EINVAL);
	CHECK_ERR(syscall(SYS_unlinkat, AT_FDCWD, "missing", 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_unlinkat, AT_FDCWD, (char *)8, 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, (char *)8, &st, 0x8000), EINVAL);
	CHECK_ERR(syscall(SYS_mknodat, AT_FDCWD, "missing/x", S_IFREG | 0644, 0), ENOENT);
	return t_end();
}
