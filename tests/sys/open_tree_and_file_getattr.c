/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: open_tree without a clone is an O_PATH open; file_getattr, file_setattr.
 */
#include "t.h"
#include <sys/ioctl.h>

static bool tidy(void)
{
	return errno == ENOSYS || errno == EPERM || errno == EOPNOTSUPP || errno == ENOTTY;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st, want;
	uint64_t attr[3] = {0};
	int fd;

	t_put("f", "x");
	REQUIRE(!symlink("f", "l") && !stat("f", &want));
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, "l", O_CLOEXEC);
	if (fd >= 0) {
		CHECK(!fstat(fd, &st) && st.st_ino == want.st_ino);
		CHECK_ERR(read(fd, attr, 1), EBADF);
		close(fd);
		CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "missing", O_CLOEXEC), ENOENT);
		CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "f", 0x100000), EINVAL);
	} else {
		CHECK(tidy());
	}
	if (!syscall(T_SYS_file_getattr, AT_FDCWD, "f", attr, sizeof(attr), 0)) {
		CHECK_ERR(syscall(T_SYS_file_getattr, AT_FDCWD, "missing", attr, sizeof(attr), 0), ENOENT);
		CHECK_ERR(syscall(T_SYS_file_getattr, AT_FDCWD, "f", attr, sizeof(attr), 0x8000), EINVAL);
		CHECK(!syscall(T_SYS_file_setattr, AT_FDCWD, "f", attr, sizeof(attr), 0) || tidy());
	} else {
		CHECK(tidy());
	}
	CHECK(t_holds("f", "x"));
	return t_end();
}
