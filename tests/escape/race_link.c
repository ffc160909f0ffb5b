/* SPDX-License-Identifier: Apache-2.0 */
/* A hard link to what must not be read, or from there. */
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		unlink("copy");
		link("x/secret", "copy");
		e_read_fd(open("copy", O_RDONLY | O_CLOEXEC), "linked");
		unlink("copy");
		linkat(AT_FDCWD, "x/secret", AT_FDCWD, "copy", AT_SYMLINK_FOLLOW);
		e_read_fd(open("copy", O_RDONLY | O_CLOEXEC), "linkat");
		link("mine", "x/linked");
		close(open("mine", O_CREAT | O_CLOEXEC, 0644));
		if (t_type("x") == S_IFDIR)
			unlink("x/linked");
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
