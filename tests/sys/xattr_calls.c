/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the xattr calls by path and by fd: values, sizes, create and replace, list, errors. */
#include "t.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[256], name[300];
	int fd;

	t_put("f", "x");
	if (setxattr("f", "user.one", "1", 1, XATTR_CREATE) && errno == EOPNOTSUPP)
		T_SKIP("no user attributes on this filesystem");
	CHECK_ERR(setxattr("f", "user.one", "1", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "user.two", "1", 1, XATTR_REPLACE), ENODATA);
	CHECK_ERR(setxattr("f", "user.two", "1", 1, 0x10), EINVAL);
	CHECK_OK(setxattr("f", "user.bin", "a\0b\377", 4, 0));
	CHECK_OK(setxattr("f", "user.empty", NULL, 0, 0));
	CHECK_EQ(getxattr("f", "user.bin", NULL, 0), 4);
	CHECK_EQ(getxattr("f", "user.bin", buf, sizeof(buf)), 4);
	CHECK(!memcmp(buf, "a\0b\377", 4));
	CHECK_EQ(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
	CHECK_ERR(getxattr("f", "user.bin", buf, 2), ERANGE);
	CHECK_EQ(listxattr("f", NULL, 0), listxattr("f", buf, sizeof(buf)));
	CHECK_ERR(listxattr("f", buf, 3), ERANGE);
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[299] = 0;
	CHECK_ERR(getxattr("f", name, buf, 1), ERANGE);
	CHECK_ERR(getxattr("f", "", buf, 1), ERANGE);
	CHECK_ERR(getxattr("f", "nonsense.a", buf, 1), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_setxattr, "f", "user.big", buf, 65537, 0), E2BIG);
	/* Of several errors: flags, the name, the size, the value, the path. */
	CHECK_ERR(syscall(SYS_setxattr, "none", NULL, NULL, 65537, 4), EINVAL);
	CHECK_ERR(syscall(SYS_setxattr, "none", "", NULL, 65537, 0), ERANGE);
	CHECK_ERR(syscall(SYS_setxattr, "none", "user.a", NULL, 1UL << 33, 0), E2BIG);
	CHECK_ERR(syscall(SYS_setxattr, "none", "user.a", NULL, 1, 0), EFAULT);
	fd = open("f", O_RDWR | O_CLOEXEC);
	CHECK_EQ(fgetxattr(fd, "user.bin", buf, sizeof(buf)), 4);
	CHECK_OK(fsetxattr(fd, "user.fd", "fd", 2, 0));
	CHECK_EQ(getxattr("f", "user.fd", buf, sizeof(buf)), 2);
	CHECK_EQ(flistxattr(fd, NULL, 0), listxattr("f", NULL, 0));
	CHECK_OK(fremovexattr(fd, "user.fd"));
	CHECK_ERR(removexattr("f", "user.fd"), ENODATA);
	CHECK_ERR(fgetxattr(-1, "user.bin", buf, sizeof(buf)), EBADF);
	CHECK_ERR(getxattr("none", "user.bin", buf, sizeof(buf)), ENOENT);
	return t_end();
}
