/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: extended attributes of what an fd is: O_PATH is none, and whether AT_FDCWD is one is the kernel's
 * affair, which fgetxattr and flistxattr tell. */
#include "t.h"
#include <sys/xattr.h>

struct args { /* linux/xattr.h: struct xattr_args */
	uint64_t value;
	uint32_t size, flags;
};

/* 0, or EBADF if it does not count. */
static void ok_if(bool counts, long r)
{
	int e = errno;

	if (counts)
		CHECK_EQ(r, 0);
	else
		CHECK(r == -1 && e == EBADF);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[256];
	struct args a = {(uintptr_t) "v", 1, 0}, in = {(uintptr_t)buf, sizeof(buf), 0};
	int fd, path;
	bool set = true, list;

	t_put("f", "x");
	fd = open("f", O_RDONLY | O_CLOEXEC);
	path = open("f", O_PATH | O_CLOEXEC);
	if (fsetxattr(fd, "user.a", "v", 1, 0) < 0)
		T_SKIP("no extended attributes here");
	if (fgetxattr(AT_FDCWD, "user.a", NULL, 0) < 0)
		set = errno != EBADF;
	list = flistxattr(AT_FDCWD, NULL, 0) >= 0 || errno != EBADF;
	ok_if(set, fsetxattr(AT_FDCWD, "user.a", "v", 1, 0));
	ok_if(list, fremovexattr(AT_FDCWD, "user.a"));
	CHECK_ERR(fsetxattr(path, "user.a", "v", 1, 0), EBADF);
	CHECK_ERR(fremovexattr(path, "user.a"), EBADF);
	if (syscall(T_SYS_setxattrat, AT_FDCWD, "f", 0, "user.a", &a, sizeof(a)) < 0 && errno == ENOSYS)
		return t_end();
	CHECK_OK(syscall(T_SYS_setxattrat, fd, "", AT_EMPTY_PATH, "user.a", &a, sizeof(a)));
	CHECK_EQ(syscall(T_SYS_getxattrat, fd, NULL, AT_EMPTY_PATH, "user.a", &in, sizeof(in)), 1);
	CHECK_ERR(syscall(T_SYS_setxattrat, path, "", AT_EMPTY_PATH, "user.a", &a, sizeof(a)), EBADF);
	CHECK_ERR(syscall(T_SYS_setxattrat, path, NULL, AT_EMPTY_PATH, "user.a", &a, sizeof(a)), EBADF);
	CHECK_ERR(syscall(T_SYS_getxattrat, path, "", AT_EMPTY_PATH, "user.a", &in, sizeof(in)), EBADF);
	CHECK_ERR(syscall(T_SYS_listxattrat, path, "", AT_EMPTY_PATH, buf, sizeof(buf)), EBADF);
	CHECK_ERR(syscall(T_SYS_removexattrat, path, NULL, AT_EMPTY_PATH, "user.a"), EBADF);
	ok_if(set, syscall(T_SYS_setxattrat, AT_FDCWD, "", AT_EMPTY_PATH, "user.b", &a, sizeof(a)));
	if (list)
		CHECK(syscall(T_SYS_listxattrat, AT_FDCWD, NULL, AT_EMPTY_PATH, buf, sizeof(buf)) > 0);
	else
		CHECK_ERR(syscall(T_SYS_listxattrat, AT_FDCWD, NULL, AT_EMPTY_PATH, buf, sizeof(buf)), EBADF);
	ok_if(list, syscall(T_SYS_removexattrat, AT_FDCWD, "", AT_EMPTY_PATH, "user.b"));
	return t_end();
}
