/* SPDX-License-Identifier: Apache-2.0 */
/* Another process that shares the descriptors exchanges files while calls that work by number are served. */
#include "e.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	if (e_is_control()) { /* nothing is between a call and the kernel: what is read-only is changed
				 directly */
		fchmod(open(e_path("E_RO", "file"), O_RDONLY | O_CLOEXEC), 0600);
		return 0;
	}
	REQUIRE(dup2(open(e_path("E_RO", "file"), O_RDONLY | O_CLOEXEC), 20) == 20);
	REQUIRE(dup2(open("own", O_RDWR | O_CREAT | O_CLOEXEC, 0644), 21) == 21);
	pid_t other = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			dup2(20, 22);
			dup2(21, 22);
		}
	}
	while (e_more()) {
		fchmod(22, 0600 + (mode_t)(rand() % 8));
		futimens(22, (struct timespec[2]){{1, 1}, {1, 1}});
		fsetxattr(22, "user.changed", "x", 1, 0);
		fchmodat(AT_FDCWD, "/proc/self/fd/22", 0606, 0);
		int flags = 0x40;
		ioctl(22, FS_IOC_SETFLAGS, &flags);
		int fd = open("/proc/self/fd/22", O_WRONLY | O_CLOEXEC);
		if (fd >= 0) {
			REQUIRE(write(fd, "c", 1) == 1);
			close(fd);
		}
		linkat(22, "", AT_FDCWD, "linked", AT_EMPTY_PATH);
		fd = open("linked", O_WRONLY | O_TRUNC | O_CLOEXEC);
		close(fd);
		unlink("linked");
	}
	kill(other, SIGKILL);
	return t_end();
}
