/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: io_uring opens files without a system call that a filter could see; it must not be had. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char params[256] = {0};
	long r = syscall(SYS_io_uring_setup, 4, params);

	CHECK(r < 0);
	CHECK(errno == ENOSYS || errno == EPERM);
	CHECK(syscall(SYS_io_uring_enter, -1, 1, 0, 0, NULL, 0) < 0);
	CHECK(syscall(SYS_io_uring_register, -1, 0, NULL, 0) < 0);
	return t_end();
}
