/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AF_UNIX datagrams between named sockets: the receiver can answer the address that it was told, by
 * path and by abstract name; sendmmsg; names that the kernel chooses. */
#include "t.h"

static socklen_t name(struct sockaddr_un *a, const char *text)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	strcpy(a->sun_path, text);
	if (text[0] == '@')
		a->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + (text[0] != '@'));
}

static void talk(const char *one, const char *two)
{
	struct sockaddr_un a, b, from;
	socklen_t la = name(&a, one), lb = name(&b, two), len = sizeof(from);
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[16];

	CHECK_OK(bind(s, (void *)&a, la));
	CHECK_OK(bind(c, (void *)&b, lb));
	CHECK_EQ(sendto(c, "question", 8, 0, (void *)&a, la), 8);
	CHECK_EQ(recvfrom(s, buf, sizeof(buf), 0, (void *)&from, &len), 8);
	CHECK_EQ(sendto(s, "answer", 6, 0, (void *)&from, len), 6);
	CHECK_EQ(recv(c, buf, sizeof(buf), 0), 6);
	CHECK_OK(connect(c, (void *)&a, la));
	len = sizeof(from);
	CHECK_OK(getpeername(c, (void *)&from, &len));
	CHECK_EQ(len, la);
	CHECK(!memcmp(&from, &a, la));
	len = sizeof(from);
	CHECK_OK(getsockname(c, (void *)&from, &len));
	CHECK_EQ(len, lb);
	CHECK(!memcmp(&from, &b, lb));
	CHECK_EQ(send(c, "x", 1, 0), 1);
	CHECK_EQ(recv(s, buf, sizeof(buf), 0), 1);
	/* Whoever is connected to another does not get this. */
	int o = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK_ERR(sendto(o, "x", 1, 0, (void *)&b, lb), EPERM);
	close(o);
	close(s);
	CHECK_ERR(sendto(c, "x", 1, 0, (void *)&a, la), ECONNREFUSED);
	close(c);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sockaddr_un a, got;
	socklen_t la, len;
	struct mmsghdr m[4];
	struct iovec iov[4];
	char buf[16], text[4][4] = {"a", "bb", "ccc", ""};
	int s, c;

	REQUIRE(!mkdir("d", 0755));
	talk("/w/d/one", "two");
	talk("d/three", "/w/four");
	talk("./d/../five", "d/./six");
	talk("@abstract", "@abstract two");
	talk("@abstract", "seven"); /* the name is free again */

	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	c = socket(AF_UNIX, SOCK_DGRAM, 0);
	la = name(&a, "/w/many");
	REQUIRE(!bind(s, (void *)&a, la));
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){text[i], strlen(text[i])};
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &a, .msg_namelen = la, .msg_iov = &iov[i], .msg_iovlen = 1};
	}
	m[3].msg_hdr.msg_name = "\1\0missing"; /* the fourth fails, three are sent */
	CHECK_EQ(sendmmsg(c, m, 4, 0), 3);
	CHECK_EQ(m[2].msg_len, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(recv(s, buf, sizeof(buf), 0), i + 1);
	CHECK_EQ(sendmmsg(c, m, 0, 0), 0);
	CHECK_ERR(sendto(c, "x", 1, 0, (void *)&a, sizeof(a) + 1), EINVAL);
	CHECK_ERR(sendto(c, buf, 1 << 24, 0, (void *)&a, la), EMSGSIZE);

	CHECK_OK(bind(c, (void *)&a, sizeof(sa_family_t)));
	len = sizeof(got);
	CHECK_OK(getsockname(c, (void *)&got, &len));
	CHECK_EQ(len, sizeof(sa_family_t) + 6);
	CHECK_EQ(got.sun_path[0], 0);
	CHECK_OK(bind(c, (void *)&a, sizeof(sa_family_t))); /* once more is nothing */
	la = name(&a, "/w/fresh");
	CHECK_ERR(bind(c, (void *)&a, la), EINVAL);
	CHECK(!t_exists("fresh"));
	CHECK_EQ(sendto(s, "x", 1, 0, (void *)&got, len), 1);
	CHECK_EQ(recv(c, buf, sizeof(buf), 0), 1);
	la = name(&a, "@abstract");
	CHECK_ERR(connect(c, (void *)&a, la), ECONNREFUSED);
	return t_end();
}
