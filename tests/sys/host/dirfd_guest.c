/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirfd_guest socket|inherited: has an fd of a directory of the host's, which holds a file "secret" and a
 * directory "sub", and tries every way through it. 0: there was none; 1: there was.
 */
#include "../t.h"

static int receive(void)
{
	char c, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&c, 1};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int fd = -1;

	if (recvmsg(0, &m, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

int main(int argc, char **argv)
{
	char path[64], cwd[PATH_MAX];
	struct stat st, root;
	int fd = argc > 1 && !strcmp(argv[1], "socket") ? receive() : 0;

	t_begin(argc, argv);
	if (fd < 0)
		return 0; /* the fd was kept back: that is right as well */
	REQUIRE(!stat("/", &root));
	CHECK(openat(fd, "secret", O_RDONLY) < 0);
	CHECK(openat(fd, "sub", O_RDONLY | O_DIRECTORY) < 0);
	CHECK(openat(fd, "new", O_RDWR | O_CREAT, 0644) < 0);
	CHECK(fstatat(fd, "secret", &st, 0) < 0);
	CHECK(mkdirat(fd, "newdir", 0755) < 0);
	CHECK(unlinkat(fd, "secret", 0) < 0);
	CHECK(renameat(fd, "secret", AT_FDCWD, "stolen") < 0);
	CHECK(linkat(fd, "secret", AT_FDCWD, "stolen", 0) < 0);
	CHECK(symlinkat("x", fd, "link") < 0);
	if (!fstatat(fd, "..", &st, 0))
		CHECK(st.st_ino == root.st_ino && st.st_dev == root.st_dev);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/secret", fd);
	CHECK(open(path, O_RDONLY) < 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/../outside/secret", fd);
	CHECK(open(path, O_RDONLY) < 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(!strstr(t_readlink(path), "outside"));
	/* An absolute path does not care for it. */
	CHECK(openat(fd, "/etc/marker", O_RDONLY) >= 0);
	if (!fchdir(fd)) {
		CHECK(open("secret", O_RDONLY) < 0);
		CHECK(!getcwd(cwd, sizeof(cwd)) || !strstr(cwd, "outside"));
		CHECK(open("../outside/secret", O_RDONLY) < 0);
	}
	return t_end();
}
