/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that a file sends to its owner, F_SETOWN, FIOSETOWN, SIOCSPGRP. */
#include "e.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	for (int how = 0; how < 4; how++) {
		struct f_owner_ex ex = {F_OWNER_PID, e_pid()};
		int s[2], pid = e_pid();

		REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
		if (how == 0)
			fcntl(s[0], F_SETOWN, pid);
		else if (how == 1)
			fcntl(s[0], F_SETOWN_EX, &ex);
		else
			ioctl(s[0], how == 2 ? FIOSETOWN : SIOCSPGRP, &pid);
		fcntl(s[0], F_SETSIG, SIGUSR1);
		fcntl(s[0], F_SETFL, O_ASYNC);
		REQUIRE(write(s[1], "x", 1) == 1);
		close(s[0]);
		close(s[1]);
	}
	t_ms(50);
	return t_end();
}
