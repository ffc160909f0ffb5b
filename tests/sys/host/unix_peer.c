/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_peer listen|listen-dgram|connect|sendto|sendmsg PATH: one end of an AF_UNIX socket; "@name" is an
 * abstract one. The listeners print "ready", wait fifteen seconds for a peer, and print "came" when one did.
 * The others: 0 reached it, else the errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len;
	int s, dgram, r;

	if (argc != 3 || strlen(argv[2]) >= sizeof(a.sun_path))
		return 97;
	dgram = !strcmp(argv[1], "listen-dgram") || !strncmp(argv[1], "send", 4);
	strcpy(a.sun_path, argv[2]);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(argv[2]));
	if (a.sun_path[0] == '@')
		a.sun_path[0] = 0;
	else
		len++;
	s = socket(AF_UNIX, (dgram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (s < 0)
		return errno;
	if (!strncmp(argv[1], "listen", 6)) {
		struct pollfd p = {s, POLLIN, 0};

		if (bind(s, (void *)&a, len) || (!dgram && listen(s, 5)))
			return errno;
		puts("ready");
		fflush(stdout);
		if (poll(&p, 1, 15000) <= 0)
			return 0;
		puts("came");
		return 1;
	}
	if (!strcmp(argv[1], "connect")) {
		r = connect(s, (void *)&a, len);
	} else if (!strcmp(argv[1], "sendto")) {
		r = sendto(s, "x", 1, 0, (void *)&a, len) == 1 ? 0 : -1;
	} else {
		struct iovec iov = {"x", 1};
		struct msghdr m = {.msg_name = &a, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1};

		r = sendmsg(s, &m, 0) == 1 ? 0 : -1;
	}
	return r ? errno : 0;
}
