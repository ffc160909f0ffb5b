/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: TIOCSTI and TIOCLINUX are refused on any fd, whatever the upper half of the request is (the
 * kernel does not look at it); other requests reach the kernel. */
#include "t.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int p[2], n = -1;
	char c = 'x';

	REQUIRE(!pipe(p));
	CHECK_ERR(ioctl(p[0], TIOCSTI, &c), EPERM);
	CHECK_ERR(syscall(SYS_ioctl, p[0], TIOCSTI | 7UL << 32, &c), EPERM);
	CHECK_ERR(syscall(SYS_ioctl, p[0], TIOCSTI | 1UL << 63, &c), EPERM);
	CHECK_ERR(ioctl(p[0], TIOCLINUX, &c), EPERM);
	CHECK_ERR(ioctl(777, TIOCSTI, &c), EPERM);
	CHECK_ERR(ioctl(p[0], TIOCGWINSZ, &c), ENOTTY);
	REQUIRE(write(p[1], "abc", 3) == 3);
	CHECK(!ioctl(p[0], FIONREAD, &n) && n == 3);
	CHECK(!syscall(SYS_ioctl, p[0], FIONREAD | 7UL << 32, &n) && n == 3);
	int pts = posix_openpt(O_RDWR | O_NOCTTY);
	if (pts >= 0)
		CHECK_ERR(ioctl(pts, TIOCSTI, &c), EPERM);
	return t_end();
}
