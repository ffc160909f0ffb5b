/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the path is exchanged for a symlink to what must not be read while open(2) walks. */
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		e_read_fd(open("x/secret", O_RDONLY | O_CLOEXEC), "open");
		e_read_fd((int)syscall(SYS_openat2, AT_FDCWD, "x/secret",
				       &(uint64_t[3]){O_RDONLY | O_CLOEXEC}, 24),
			  "openat2");
		int fd = open("x", O_PATH | O_CLOEXEC);
		e_read_fd(openat(fd, "secret", O_RDONLY | O_CLOEXEC), "openat");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
