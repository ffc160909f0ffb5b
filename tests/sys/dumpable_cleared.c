/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a guest that clears its dumpable flag must not blind the supervisor: it serves, or refuses clearly.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64] = "";
	struct stat st;
	pid_t pid;
	int fd;

	REQUIRE(!mkdir("d", 0755));
	pid = t_fork();
	if (!pid) {
		CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
		fd = open("f", O_RDWR | O_CREAT, 0644);
		CHECK(fd >= 0 || errno == EPERM || errno == EACCES);
		if (fd >= 0)
			CHECK_OK(stat("f", &st));
		if (!chdir("d"))
			CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/w/d"));
		else
			CHECK(errno == EPERM || errno == EACCES);
		CHECK(open("/etc/shadow-none", O_RDONLY) < 0);
		if (t_failures)
			_exit(1);
		execl("/t/helper", "h", "exit", "7", (char *)NULL);
		_exit(errno == EPERM || errno == EACCES ? 7 : 9);
	}
	CHECK_EQ(t_wait(pid), 7);
	t_put("after", "x");
	CHECK_EQ(system("/bin/true"), 0);
	return t_end();
}
