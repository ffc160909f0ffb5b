/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: the supervisor's copy of an injected fd is closed: a reader sees the end when the guest
 * closes. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[8];
	struct pollfd pfd;
	int r, w;

	REQUIRE(!mkfifo("p", 0600));
	for (int i = 0; i < 20; i++) {
		r = open("p", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		w = open("p", O_WRONLY | O_CLOEXEC);
		REQUIRE(r >= 0 && w >= 0);
		CHECK_EQ(write(w, "a", 1), 1);
		close(w);
		CHECK_EQ(read(r, buf, 8), 1);
		pfd = (struct pollfd){r, POLLIN, 0};
		CHECK_EQ(poll(&pfd, 1, 1000), 1);
		CHECK(pfd.revents & POLLHUP);
		CHECK_EQ(read(r, buf, 8), 0);
		close(r);
		/* And no reader is left either. */
		CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	}
	return t_end();
}
