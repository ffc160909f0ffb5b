/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets of the host: by path, by links to it, by the abstract name. */
#include "e.h"

static void reach(int type, const char *name, int abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, type, 0);

	memcpy(a.sun_path + abstract, name, strlen(name));
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
	struct msghdr m = {
		.msg_name = &a, .msg_namelen = len, .msg_iov = &(struct iovec){"x", 1}, .msg_iovlen = 1};
	if (type == SOCK_DGRAM) {
		sendto(s, "x", 1, MSG_DONTWAIT, (void *)&a, len);
		sendmsg(s, &m, MSG_DONTWAIT);
	}
	connect(s, (void *)&a, len);
	close(s);
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char path[64];
	const char *out = e_env("E_OUT");

	REQUIRE(!symlink(out, "l"));
	snprintf(path, sizeof(path), "%s/stream", out);
	reach(SOCK_STREAM, path, 0);
	snprintf(path, sizeof(path), "%s/dgram", out);
	reach(SOCK_DGRAM, path, 0);
	reach(SOCK_STREAM, "l/stream", 0);
	reach(SOCK_DGRAM, "l/dgram", 0);
	reach(SOCK_STREAM, "/proc/self/cwd/l/stream", 0);
	reach(SOCK_STREAM, e_env("E_ABSTRACT"), 1);
	t_ms(50);
	return t_end();
}
