/* SPDX-License-Identifier: Apache-2.0 */
/* The same for rename, out of the place and into it. */
#define E_CONTROL_SECONDS 1
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		rename("x/secret", "stolen");
		e_read_fd(open("stolen", O_RDONLY | O_CLOEXEC), "renamed out");
		rename("x/file", "stolen-file");
		t_put("mine", "mine");
		rename("mine", "x/secret");
		t_put("mine", "mine");
		syscall(SYS_renameat2, AT_FDCWD, "mine", AT_FDCWD, "x/file", 2);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
