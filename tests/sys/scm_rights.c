/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: sendmsg with descriptors: SCM_RIGHTS between processes of the sandbox, over a pair and over a socket
 * with a path, with and without data behind; errors as the kernel gives them. */
#include "t.h"

static int send_fds(int s, const int *fds, unsigned n, const char *text, size_t len)
{
	char buf[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {(void *)text, len};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = buf,
			   .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	return (int)sendmsg(s, &m, 0);
}

static unsigned receive_fds(int s, int *fds, char *text, size_t size, ssize_t *ret_len)
{
	char buf[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {text, size};
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf)};

	*ret_len = recvmsg(s, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = *ret_len >= 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c)
		return 0;
	unsigned n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return n;
}

static void pass(int a, int b)
{
	char text[16], buf[16];
	int got[8], p[2], fd;
	ssize_t len;

	REQUIRE(!pipe(p));
	t_put("f", "in the file");
	pid_t pid = t_fork();
	if (!pid) {
		CHECK_EQ(receive_fds(b, got, text, sizeof(text), &len), 2);
		CHECK_EQ(len, 2);
		CHECK(!memcmp(text, "ab", 2));
		CHECK(t_slurp(got[0], buf, sizeof(buf)) == 11 && !strcmp(buf, "in the file"));
		CHECK_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
		CHECK_EQ(write(got[1], "answer", 6), 6);
		_exit(t_end());
	}
	fd = open("f", O_RDONLY);
	CHECK_EQ(send_fds(a, (int[]){fd, p[1]}, 2, "ab", 2), 2);
	close(fd);
	close(p[1]);
	CHECK_EQ(t_slurp(p[0], buf, sizeof(buf)), 6);
	CHECK_EQ(t_wait(pid), 0);
	close(p[0]);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sockaddr_un un = {AF_UNIX, "s"};
	int s[2], c, l = socket(AF_UNIX, SOCK_STREAM, 0);
	struct msghdr m = {0};
	int got[8];
	char text[16];
	ssize_t len;

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pass(s[0], s[1]);
	CHECK_ERR(send_fds(s[0], (int[]){0, 99}, 2, "x", 1), EBADF);
	CHECK_ERR(sendmsg(s[0], &(struct msghdr){.msg_iovlen = 1025}, 0), EMSGSIZE);
	CHECK_ERR(sendmsg(s[0], (struct msghdr *)8, 0), EFAULT);
	CHECK_ERR(sendmsg(99, &m, 0), EBADF);
	CHECK_ERR(sendmsg(0, &m, 0), ENOTSOCK);
	/* The descriptor that is sent is the one of now: a socket through itself, closed here, alive there.
	 */
	CHECK_EQ(send_fds(s[0], (int[]){s[0]}, 1, "y", 1), 1);
	close(s[0]);
	CHECK_EQ(receive_fds(s[1], got, text, sizeof(text), &len), 1);
	CHECK_EQ(write(got[0], "z", 1), 1);
	CHECK_EQ(read(s[1], text, sizeof(text)), 1);
	REQUIRE(!socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	pass(s[0], s[1]);
	REQUIRE(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	pass(s[0], s[1]);
	REQUIRE(!bind(l, (void *)&un, sizeof(un)) && !listen(l, 5));
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_OK(connect(c, (void *)&un, sizeof(un)));
	pass(c, accept(l, NULL, NULL));
	return t_end();
}
