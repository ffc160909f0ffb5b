/* SPDX-License-Identifier: Apache-2.0 */
/* The same for mkdir, mknod and symlink. */
#define E_CONTROL_SECONDS 1
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		mkdir("x/made-dir", 0755);
		mknod("x/made-fifo", S_IFIFO | 0644, 0);
		symlink("text", "x/made-link");
		if (t_type("x") != S_IFDIR)
			continue;
		rmdir("x/made-dir");
		unlink("x/made-fifo");
		unlink("x/made-link");
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
