/* root  */
/* SPDX-License-Identifier: Apache-2.0 */
/* Input put into a terminal by TIOCSTI, and by TIOCLINUX. */
#include "e.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m < 0 || grantpt(m) || unlockpt(m))
		T_SKIP("no terminals");
	setsid();
	int t = open(ptsname(m), O_RDWR | O_CLOEXEC);
	REQUIRE(t >= 0);
	ioctl(t, TIOCSCTTY, 0);
	if (!syscall(SYS_ioctl, t, TIOCSTI, "x") || !syscall(SYS_ioctl, t, 1L << 32 | TIOCSTI, "x"))
		ESCAPED("TIOCSTI");
	return t_end();
}
