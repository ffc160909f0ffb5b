/* SPDX-License-Identifier: Apache-2.0 */
/* A directory on the way to a program is exchanged while execve(2) runs, in vfork(2) children as well. */
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		pid_t pid = fork();
		if (!pid) {
			execl("x/prog", "prog", NULL);
			_exit(0);
		}
		e_wait(pid);
		pid = vfork();
		if (!pid) {
			execl("x/prog", "prog", NULL);
			_exit(0);
		}
		e_wait(pid);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
