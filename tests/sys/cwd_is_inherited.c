/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: fork inherits the working directory, exec keeps it, a child's chdir is the child's. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[8192], cwd[64], *av[] = {"h", NULL};
	pid_t pid;

	REQUIRE(!mkdir("d", 0755) && !mkdir("e", 0755) && !chdir("d"));
	pid = t_fork();
	if (!pid) {
		CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
		CHECK_OK(chdir("../e"));
		pid = t_fork();
		if (!pid) {
			CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/e");
			t_put("grandchild", "x");
			CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", av, av + 1), 0);
			CHECK_LINE(out, "cwd=/w/e");
			_exit(t_end());
		}
		_exit(t_wait(pid) || t_end());
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
	CHECK(t_exists("../e/grandchild"));
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", av, av + 1), 0);
	CHECK_LINE(out, "cwd=/w/d");
	return t_end();
}
