/* SPDX-License-Identifier: Apache-2.0 */
/* A signal through the pidfd of a peer: it is warren that connected in the name of the other end. */
#include "e.h"
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "s"};
	socklen_t len = sizeof(int);
	char path[64], text[512] = "";
	int s = socket(AF_UNIX, SOCK_STREAM, 0), pidfd = -1;

	REQUIRE(!bind(s, (void *)&a, sizeof(a)) && !listen(s, 1));
	pid_t child = e_fork();
	if (!child) {
		int c = socket(AF_UNIX, SOCK_STREAM, 0);
		REQUIRE(!connect(c, (void *)&a, sizeof(a)));
		pause();
	}
	int c = accept(s, NULL, NULL);
	if (getsockopt(c, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len))
		T_SKIP("no SO_PEERPIDFD");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	t_get(path, text, sizeof(text));
	const char *at = strstr(text, "\nPid:");
	REQUIRE(at);
	/* without warren the other end is all that there is outside of this process */
	if ((atoi(at + 5) != child || e_is_control()) && !syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0))
		ESCAPED("process %d", atoi(at + 5));
	/* its own it must be able to reach */
	int own = (int)syscall(SYS_pidfd_open, child, 0);
	CHECK(own >= 0 && !syscall(SYS_pidfd_send_signal, own, SIGKILL, NULL, 0));
	CHECK_EQ(t_wait(child), 128 + SIGKILL);
	return t_end();
}
