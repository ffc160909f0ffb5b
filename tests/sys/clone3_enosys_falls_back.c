/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: clone3 hides its flags in memory, so it is ENOSYS, which makes libc fall back to clone. */
#include "t.h"
#include <linux/sched.h>
#include <spawn.h>

static void *nothing(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct clone_args ca = {.exit_signal = SIGCHLD};
	char *av[] = {"true", NULL};
	pid_t pid;

	CHECK_ERR(syscall(SYS_clone3, &ca, sizeof(ca)), ENOSYS);
	ca.flags = CLONE_NEWUSER;
	CHECK_ERR(syscall(SYS_clone3, &ca, sizeof(ca)), ENOSYS);
	t_join(t_thread(nothing, NULL));
	pid = t_fork();
	if (!pid)
		_exit(3);
	CHECK_EQ(t_wait(pid), 3);
	CHECK_EQ(posix_spawn(&pid, "/bin/true", NULL, NULL, av, av + 1), 0);
	CHECK_EQ(t_wait(pid), 0);
	return t_end();
}
