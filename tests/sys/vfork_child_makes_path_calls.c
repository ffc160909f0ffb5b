/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a vfork child shares its parent's memory; its calls are served while the parent waits. */
#include "t.h"

static volatile int r_open, r_mkdir, r_stat, r_chdir;

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char cwd[64];
	pid_t pid;

	REQUIRE(!mkdir("d", 0755));
	pid = vfork();
	if (!pid) {
		r_open = open("from_child", O_RDWR | O_CREAT, 0644);
		r_mkdir = mkdir("dir_of_child", 0755);
		r_chdir = chdir("d");
		r_stat = stat("../from_child", &st);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(r_open, 3);
	CHECK_EQ(r_mkdir, 0);
	CHECK_EQ(r_chdir, 0);
	CHECK_EQ(r_stat, 0);
	/* The fd and the working directory were the child's alone. */
	CHECK_ERR(fcntl(r_open, F_GETFD), EBADF);
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	CHECK(t_exists("from_child") && t_exists("dir_of_child"));
	return t_end();
}
