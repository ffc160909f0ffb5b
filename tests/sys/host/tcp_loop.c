/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_loop: with a network: TCP over loopback (connect that waits, connect with O_NONBLOCK, sendmsg, names),
 * UDP with sendto. 0 all of it worked, 1 not, 77 there is no AF_INET.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(c)                                                                                             \
	do {                                                                                                 \
		if (!(c)) {                                                                                  \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #c, strerror(errno));                 \
			return 1;                                                                            \
		}                                                                                            \
	} while (0)

static int make(int type, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int s = socket(AF_INET, type, 0);

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || bind(s, (void *)a, sizeof(*a)) || getsockname(s, (void *)a, &len) || len != sizeof(*a))
		return -1;
	return s;
}

int main(void)
{
	struct sockaddr_in a, b, got;
	struct iovec iov = {"hello", 5};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	socklen_t len = sizeof(got);
	int l, c, s, err = 0;
	char buf[16];

	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		return errno == EAFNOSUPPORT ? 77 : 1;
	l = make(SOCK_STREAM, &a);
	CHECK(l >= 0 && a.sin_port && !listen(l, 5));
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!connect(c, (void *)&a, sizeof(a)));
	CHECK(!getpeername(c, (void *)&got, &len) && got.sin_port == a.sin_port);
	s = accept(l, NULL, NULL);
	CHECK(s >= 0 && sendmsg(c, &m, 0) == 5 && read(s, buf, sizeof(buf)) == 5);

	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK(!connect(c, (void *)&a, sizeof(a)) || errno == EINPROGRESS);
	struct pollfd p = {c, POLLOUT, 0};
	len = sizeof(err);
	CHECK(poll(&p, 1, 3000) == 1 && !getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len) && !err);
	close(l);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(c, (void *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED);

	s = make(SOCK_DGRAM, &a);
	c = make(SOCK_DGRAM, &b);
	CHECK(s >= 0 && c >= 0);
	CHECK(sendto(c, "q", 1, 0, (void *)&a, sizeof(a)) == 1);
	len = sizeof(got);
	CHECK(recvfrom(s, buf, sizeof(buf), 0, (void *)&got, &len) == 1 && got.sin_port == b.sin_port);
	m.msg_name = &got;
	m.msg_namelen = len;
	CHECK(sendmsg(s, &m, 0) == 5 && recv(c, buf, sizeof(buf), 0) == 5);
	b.sin_port = htons(1);
	l = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(l, (void *)&b, sizeof(b)) < 0 && errno == EACCES); /* a guest has no such privilege */
	return 0;
}
