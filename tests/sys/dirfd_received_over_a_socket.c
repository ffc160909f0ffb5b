/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a dirfd that came over a socket is a dirfd like any other, also after its sender is gone. */
#include "t.h"

static void send_fd(int s, int fd)
{
	char c = 0, room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&c, 1};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	CHECK_EQ(sendmsg(s, &m, 0), 1);
}

static int recv_fd(int s)
{
	char c, room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {&c, 1};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int fd = -1;

	CHECK_EQ(recvmsg(s, &m, MSG_CMSG_CLOEXEC), 1);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int s[2], d, f;
	pid_t pid;

	REQUIRE(!mkdir("d", 0755) && !socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	t_put("d/f", "x");
	pid = t_fork();
	if (!pid) {
		send_fd(s[1], open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		send_fd(s[1], open("d/f", O_RDONLY | O_CLOEXEC));
		_exit(t_end());
	}
	d = recv_fd(s[0]);
	f = recv_fd(s[0]);
	CHECK_EQ(t_wait(pid), 0);
	CHECK(openat(d, "f", O_RDONLY) >= 0);
	CHECK_OK(mkdirat(d, "sub", 0755));
	CHECK(t_exists("d/sub"));
	CHECK_OK(fstat(f, &st));
	CHECK_EQ(st.st_ino, t_ino("d/f"));
	CHECK_OK(fchdir(d));
	CHECK(t_exists("f"));
	return t_end();
}
