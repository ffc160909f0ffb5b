/* SPDX-License-Identifier: Apache-2.0 */
/* A working directory that lies elsewhere: chdir races, in processes that share it and outlive the one that
 * is killed. */
#include "e.h"

static int home;

/* A child that shares the working directory, not the memory. */
static pid_t vfork_with_fs(void)
{
	if (!home)
		home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
}

static void attack(void)
{
	while (e_more()) {
		if (vfork_with_fs() == 0) {
			chdir("x");
			_exit(0);
		}
		while (waitpid(-1, NULL, 0) > 0)
			;
		e_read_fd(open("secret", O_RDONLY | O_CLOEXEC), "relative to the working directory");
		e_read_fd(open("../out/secret", O_RDONLY | O_CLOEXEC), "above the working directory");
		close(open("made", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
		unlink("made");
		unlink("file");
		fchdir(home);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
