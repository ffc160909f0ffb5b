/* SPDX-License-Identifier: Apache-2.0 */
/* exec: substitution meets SIGKILL at each step: the task is gone, its siblings are served as before. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	REQUIRE(!mkdir("d", 0755));
	for (int i = 0; i < 80; i++) {
		pid_t pid = t_fork();

		if (!pid) {
			if (i % 2)
				for (;;) {
					chdir("/w/d");
					chdir("/w");
				}
			execl("/t/helper-dyn", "h", "sleep", (char *)NULL);
			execl("/t/helper", "h", "sleep", (char *)NULL);
			_exit(99);
		}
		usleep((unsigned)(i * 53 % 3000));
		kill(pid, SIGKILL);
		CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	}
	CHECK_OK(stat("/etc/marker", &st));
	CHECK_EQ(system("/bin/true"), 0);
	CHECK_OK(chdir("d"));
	return t_end();
}
