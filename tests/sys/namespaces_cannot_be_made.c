/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: no way into a new namespace, by unshare, clone or setns: mounts in it would be another root.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,	 CLONE_NEWPID,	  CLONE_NEWNET,
				    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWUSER | CLONE_NEWNS,
				    0x80 /* CLONE_NEWTIME */};
	int fd;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		pid_t pid = t_fork();

		if (!pid)
			_exit(unshare(flags[i]) == 0);
		if (t_wait(pid))
			t_fail(__FILE__, __LINE__, "unshare(0x%x) succeeds", (unsigned)flags[i]);
		if (flags[i] == 0x80)
			continue; /* part of the exit signal for clone */
		pid = (pid_t)syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);
		if (!pid)
			_exit(0);
		if (pid > 0) {
			t_wait(pid);
			t_fail(__FILE__, __LINE__, "clone(0x%x) succeeds", (unsigned)flags[i]);
		}
	}
	fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CHECK(fd < 0 || setns(fd, CLONE_NEWNS) < 0);
	CHECK(setns((int)syscall(SYS_pidfd_open, getpid(), 0), CLONE_NEWNS) < 0);
	return t_end();
}
