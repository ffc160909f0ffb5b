/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID of a process of our own that ends while it is opened: its number may come back as somebody
 * else's. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	/* The space of numbers is too large to go round in a test: this shows that the fd of one that ended
	 * tells nothing, and that no other answers in its place. */
	char path[64], buf[512];

	if (e_is_control()) {
		snprintf(path, sizeof(path), "/proc/%d/environ", e_pid());
		e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "environ");
	}
	while (e_more()) {
		pid_t pid = e_fork();
		if (!pid)
			_exit(0);
		snprintf(path, sizeof(path), "/proc/%d/environ", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		e_wait(pid);
		if (fd >= 0 && read(fd, buf, sizeof(buf)) > 0 && !memmem(buf, sizeof(buf), "E_OUT=", 6))
			ESCAPED("another's environment");
		close(fd);
	}
	return t_end();
}
