/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: the supervisor and other sandboxes cannot be signalled, traced, read or robbed of an fd. */
#include "t.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pid_t parent = getppid();
	char buf[8];
	struct iovec l = {buf, 8}, r = {(void *)main, 8};
	int fd;

	if (parent <= 0)
		T_SKIP("the supervisor's pid does not even show");
	CHECK(kill(parent, 0) < 0);
	CHECK(kill(parent, SIGURG) < 0);
	CHECK(ptrace(PTRACE_SEIZE, parent, 0, 0) < 0);
	CHECK(ptrace(PTRACE_ATTACH, parent, 0, 0) < 0);
	CHECK(process_vm_readv(parent, &l, 1, &r, 1, 0) < 0);
	CHECK(process_vm_writev(parent, &l, 1, &r, 1, 0) < 0);
	fd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (fd >= 0) {
		for (int i = 0; i < 16; i++)
			CHECK(syscall(SYS_pidfd_getfd, fd, i, 0) < 0);
		CHECK(syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0) < 0);
	}
	CHECK(syscall(SYS_tgkill, parent, parent, SIGURG) < 0);
	CHECK(syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, NULL, &(struct rlimit){0}) < 0 || 1);
	CHECK(syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, &(struct rlimit){1, 1}, NULL) < 0);
	return t_end();
}
