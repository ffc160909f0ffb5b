/* SPDX-License-Identifier: Apache-2.0 */
/* clone(CLONE_PARENT) makes children of the parent, which is the supervisor and collects none of them. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	for (int i = 0; i < 2; i++) {
		long flags = (i ? 1L << 40 : 0) | CLONE_PARENT | SIGCHLD;
		pid_t pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
		if (!pid)
			_exit(0);
		if (pid > 0 && waitpid(pid, NULL, __WALL) < 0)
			ESCAPED("a child that is not ours");
	}
	return t_end();
}
