/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) by its x32 number. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
#if defined(__x86_64__)
	if (e_is_control() && syscall(0x40000000 + SYS_getppid) < 0)
		T_SKIP("no x32 here");
	e_read_fd((int)syscall(0x40000000 + SYS_open, e_path("E_OUT", "secret"), O_RDONLY), "x32");
	e_read_fd((int)syscall(0x40000000 + SYS_open, e_path("E_DENIED", "secret"), O_RDONLY), "x32");
	e_read_fd((int)syscall(1L << 32 | SYS_open, e_path("E_DENIED", "secret"), O_RDONLY), "upper half");
	return t_end();
#else
	return 77;
#endif
}
