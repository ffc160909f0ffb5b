/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: the devices a program needs: null, zero, full, random, urandom, and what they do. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];
	struct stat st;
	int fd;

	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(fd, buf, 64), 0);
	CHECK(!fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	CHECK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644) >= 0);
	CHECK(open("/dev/null", O_WRONLY | O_APPEND) >= 0);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	memset(buf, 1, 64);
	CHECK_EQ(read(fd, buf, 64), 64);
	CHECK_EQ(buf[63], 0);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	CHECK_ERR(write(fd, "x", 1), ENOSPC);
	CHECK_EQ(read(open("/dev/urandom", O_RDONLY | O_CLOEXEC), buf, 64), 64);
	CHECK_EQ(read(open("/dev/random", O_RDONLY | O_NONBLOCK | O_CLOEXEC), buf, 1), 1);
	CHECK_ERR(open("/dev/none", O_RDONLY), ENOENT);
	CHECK_ERR(open("/dev/null/x", O_RDONLY), ENOTDIR);
	CHECK_OK(access("/dev/null", R_OK | W_OK));
	CHECK_OK(stat("/dev/tty", &st));
	CHECK_EQ(t_exec_errno("/bin/sh", (char *[]){"sh", "-c", "echo x >/dev/null </dev/null 2>&1", NULL},
			      NULL, &fd),
		 0);
	CHECK_EQ(fd, 0);
	return t_end();
}
