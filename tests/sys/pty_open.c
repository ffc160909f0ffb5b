/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: opening a tty: a pseudo-terminal made by the guest, where there is one; O_NOCTTY. */
#include "t.h"
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[64], buf[16];
	int m, s;

	if (access("/dev/ptmx", F_OK) || access("/dev/pts", F_OK))
		T_SKIP("no /dev/ptmx");
	m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m < 0 && (errno == EACCES || errno == ENOENT || errno == ENXIO))
		T_SKIP("no pseudo-terminal to be had");
	CHECK(m >= 0);
	if (grantpt(m) || unlockpt(m) || ptsname_r(m, name, sizeof(name)))
		T_SKIP("no slave");
	s = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s < 0 && (errno == EACCES || errno == ENOENT))
		T_SKIP("the slave is not ours");
	CHECK(s >= 0 && isatty(s));
	CHECK_EQ(write(s, "hi", 2), 2);
	CHECK_EQ(read(m, buf, 16), 2);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	return t_end();
}
