/* SPDX-License-Identifier: Apache-2.0 */
/* exec: grandchildren whose parents have ended, in sessions of their own, are served like the others. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];
	pid_t pid;

	REQUIRE(!mkdir("d", 0755));
	pid = fork();
	if (!pid) {
		setsid();
		if (fork())
			_exit(0);
		alarm(4);
		t_ms(100); /* the parent is gone by now */
		CHECK_OK(chdir("d"));
		CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/w/d"));
		t_put("served", "x");
		CHECK_EQ(t_exec_errno("/bin/true", (char *[]){"true", NULL}, NULL, NULL), 0);
		CHECK_EQ(rename("served", t_failures ? "wrong" : "right"), 0);
		execl("/bin/touch", "touch", "exec", (char *)NULL);
		_exit(1);
	}
	CHECK_EQ(t_wait(pid), 0);
	for (int i = 0; i < 150 && !t_exists("d/exec"); i++)
		t_ms(20);
	CHECK(t_exists("d/right"));
	CHECK(t_exists("d/exec"));
	return t_end();
}
