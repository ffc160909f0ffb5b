/* SPDX-License-Identifier: Apache-2.0 */
/* The address, or the socket, is changed by another thread while connect(2) and sendmsg(2) are served. */
#define E_CONTROL_SECONDS 1
#include "e.h"

static struct sockaddr_un a, own;
static char away[108];

static void *rewrite(void *unused)
{
	(void)unused;
	for (;;) {
		strcpy(a.sun_path, away);
		strcpy(a.sun_path, "own");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	snprintf(away, sizeof(away), "%s/dgram", e_env("E_OUT"));
	own = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "own"};
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), to = socket(AF_UNIX, SOCK_DGRAM, 0);
	REQUIRE(!bind(to, (void *)&own, sizeof(own)));
	a = own;
	t_thread(rewrite, NULL);
	struct msghdr m = {.msg_name = &a,
			   .msg_namelen = sizeof(a),
			   .msg_iov = &(struct iovec){"x", 1},
			   .msg_iovlen = 1};
	while (e_more()) {
		sendmsg(s, &m, MSG_DONTWAIT);
		sendto(s, "x", 1, MSG_DONTWAIT, (void *)&a, sizeof(a));
		connect(s, (void *)&a, sizeof(a));
		if (send(s, "x", 1, MSG_DONTWAIT) >= 0 && e_is_control())
			t_ms(1);
		while (recv(to, (char[1]){0}, 1, MSG_DONTWAIT) >= 0)
			;
	}
	return t_end();
}
