/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the no-follow family acts on the link: readlink, its truncation and its errors. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];
	int fd;

	t_put("f", "x");
	REQUIRE(!symlink("target/../of a\nlink", "l") && !symlink("l", "l2") && !mkdir("d", 0755));
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 19);
	CHECK(!memcmp(buf, "target/../of a\nlink#", 20));
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(readlink("l", buf, 5), 5);
	CHECK(!memcmp(buf, "targe#", 6));
	CHECK_STR(t_readlink("l2"), "l");
	CHECK_ERR(readlink("l", buf, 0), EINVAL);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, "l", buf, -1), EINVAL);
	CHECK_ERR(readlink("f", buf, sizeof(buf)), EINVAL);
	CHECK_ERR(readlink("d", buf, sizeof(buf)), EINVAL);
	CHECK_ERR(readlink("none", buf, sizeof(buf)), ENOENT);
	CHECK_ERR(readlink("", buf, sizeof(buf)), ENOENT);
	fd = open("l", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(readlinkat(fd, "", buf, sizeof(buf)), 19);
	close(fd);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_ERR(readlinkat(fd, "", buf, sizeof(buf)), ENOENT);
	CHECK_ERR(readlinkat(fd, "x", buf, sizeof(buf)), ENOTDIR);
	CHECK_ERR(readlinkat(-1, "l", buf, sizeof(buf)), EBADF);
	return t_end();
}
