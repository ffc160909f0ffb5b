/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a process outside, taken by pidfd_getfd(2). */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	int pidfd = (int)syscall(SYS_pidfd_open, e_pid(), 0);

	e_read_fd((int)syscall(SYS_pidfd_getfd, pidfd, atoi(e_env("E_FD")), 0), "pidfd_getfd");
	return t_end();
}
