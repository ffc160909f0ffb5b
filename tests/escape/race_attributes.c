/* SPDX-License-Identifier: Apache-2.0 */
/* Mode, owner, times, size and extended attributes of what must not be changed. */
#define E_CONTROL_SECONDS 1
#include "e.h"
#include <sys/xattr.h>

static void attack(void)
{
	while (e_more()) {
		for (int i = 0; i < 2; i++) {
			const char *name = i ? "x/file" : "x/secret";
			chmod(name, 0600 + (unsigned)i);
			fchmodat(AT_FDCWD, name, 0606, 0);
			if (geteuid() == 0)
				chown(name, 4711, 4711);
			truncate(name, 1);
			utimensat(AT_FDCWD, name, (struct timespec[2]){{1, 1}, {1, 1}}, 0);
			setxattr(name, "user.changed", "x", 1, 0);
		}
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
