/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: the *xattrat calls of Linux 6.13. A tidy ENOSYS is right as well. */
#include "t.h"
#include <sys/xattr.h>

struct xargs {
	_Alignas(8) uint64_t value;
	uint32_t size, flags;
};

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64] = "";
	struct {
		struct xargs a;
		uint64_t more;
	} longer = {{(uintptr_t) "v1", 2, 0}, 0};
	struct xargs set = {(uintptr_t) "v1", 2, 0}, get = {(uintptr_t)buf, sizeof(buf), 0};
	int d, fd;

	REQUIRE(!mkdir("d", 0755));
	t_put("d/f", "x");
	REQUIRE(!symlink("f", "d/l"));
	if (setxattr("d/f", "user.x", "x", 1, 0) && errno == EOPNOTSUPP)
		T_SKIP("no user attributes on this filesystem");
	d = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (syscall(T_SYS_setxattrat, d, "f", 0, "user.a", &set, sizeof(set)) && errno == ENOSYS)
		T_SKIP("no setxattrat");
	CHECK_EQ(getxattr("d/f", "user.a", buf, sizeof(buf)), 2);
	CHECK_EQ(syscall(T_SYS_getxattrat, d, "f", 0, "user.a", &get, sizeof(get)), 2);
	CHECK_EQ(syscall(T_SYS_getxattrat, d, "l", 0, "user.a", &get, sizeof(get)), 2);
	CHECK_ERR(syscall(T_SYS_getxattrat, d, "l", AT_SYMLINK_NOFOLLOW, "user.a", &get, sizeof(get)),
		  ENODATA);
	CHECK_ERR(syscall(T_SYS_setxattrat, d, "l", AT_SYMLINK_NOFOLLOW, "user.a", &set, sizeof(set)), EPERM);
	CHECK(syscall(T_SYS_listxattrat, d, "f", 0, buf, sizeof(buf)) > 0);
	fd = open("d/f", O_RDWR | O_CLOEXEC);
	CHECK_EQ(syscall(T_SYS_getxattrat, fd, "", AT_EMPTY_PATH, "user.a", &get, sizeof(get)), 2);
	CHECK_ERR(syscall(T_SYS_getxattrat, d, "f", 0x8000, "user.a", &get, sizeof(get)), EINVAL);
	CHECK_ERR(syscall(T_SYS_getxattrat, d, "f", 0, "user.a", &get, 8), EINVAL);
	CHECK_ERR(syscall(T_SYS_getxattrat, d, "f", 0x8000, "", &get, sizeof(get)), EINVAL);
	CHECK_ERR(syscall(T_SYS_removexattrat, d, "f", 0x8000, ""), EINVAL);
	/* A longer structure is fine as long as the rest of it is zero. */
	CHECK_OK(syscall(T_SYS_setxattrat, d, "f", 0, "user.a", &longer, sizeof(longer)));
	longer.more = 1;
	CHECK_ERR(syscall(T_SYS_setxattrat, d, "f", 0, "user.a", &longer, sizeof(longer)), E2BIG);
	CHECK_ERR(syscall(T_SYS_setxattrat, d, "f", 0, "user.a", &longer, 8192), E2BIG);
	CHECK_OK(syscall(T_SYS_removexattrat, d, "f", 0, "user.a"));
	CHECK_ERR(getxattr("d/f", "user.a", buf, sizeof(buf)), ENODATA);
	return t_end();
}
