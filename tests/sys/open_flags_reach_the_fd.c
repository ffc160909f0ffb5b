/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the open flags are the guest's: what F_GETFL tells and how the fd behaves. */
#include "t.h"

static int fl(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fcntl(fd, F_GETFL) & ~O_LARGEFILE & ~0100000;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[32];
	int a, fd;

	t_put("f", "0123");
	CHECK_EQ(fl("f", O_RDONLY), O_RDONLY);
	CHECK_EQ(fl("f", O_WRONLY), O_WRONLY);
	CHECK_EQ(fl("f", O_RDWR), O_RDWR);
	CHECK_EQ(fl("f", 3), 3);
	CHECK_EQ(fl("f", O_RDWR | O_APPEND), O_RDWR | O_APPEND);
	CHECK_EQ(fl("f", O_RDWR | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	CHECK_EQ(fl("f", O_RDWR | O_SYNC), O_RDWR | O_SYNC);
	CHECK_EQ(fl("f", O_RDWR | O_DSYNC), O_RDWR | O_DSYNC);
	CHECK_EQ(fl("f", O_RDONLY | O_NOATIME), O_RDONLY | O_NOATIME);
	CHECK_EQ(fl("n", O_RDWR | O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY), O_RDWR);
	CHECK_EQ(fl(".", O_RDONLY | O_DIRECTORY), O_DIRECTORY);
	CHECK_EQ(fl("f", O_RDONLY | O_NOFOLLOW), O_NOFOLLOW);
	a = open("f", O_WRONLY | O_APPEND | O_CLOEXEC);
	fd = open("f", O_RDWR | O_CLOEXEC);
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "45", 2), 2);
	CHECK_EQ(pread(fd, buf, 32, 0), 6);
	CHECK(!memcmp(buf, "012345", 6));
	CHECK_ERR(read(a, buf, 1), EBADF);
	CHECK_ERR(write(open("f", O_RDONLY), "x", 1), EBADF);
	/* Each open is an open file description of its own. */
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(lseek(open("f", O_RDWR), 0, SEEK_CUR), 0);
	if (geteuid())
		CHECK_ERR(open("/etc/marker", O_RDONLY | O_NOATIME), EPERM);
	return t_end();
}
