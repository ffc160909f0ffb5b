/* SPDX-License-Identifier: Apache-2.0 */
/* A new user or mount namespace, and a mount in it, by unshare, clone and clone3. */
#include "e.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct {
		uint64_t flags, pidfd, ctid, ptid, sig, stack, size, tls;
	} a = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .sig = SIGCHLD};

	for (int how = 0; how < 3; how++) {
		pid_t pid = how == 0   ? fork()
			    : how == 1 ? (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0,
							0, 0, 0)
				       : (pid_t)syscall(435, &a, sizeof(a));
		if (pid < 0)
			continue;
		if (!pid) {
			if (how == 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS))
				_exit(0);
			if (!mount("none", ".", "tmpfs", 0, NULL) || !chroot("."))
				ESCAPED("way %d", how);
			_exit(how != 0);
		}
		if (e_wait(pid))
			ESCAPED("a namespace, way %d", how);
	}
	return t_end();
}
