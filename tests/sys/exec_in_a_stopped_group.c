/* SPDX-License-Identifier: Apache-2.0 */
/* exec: substitution meets a group stop: SIGSTOP and SIGCONT at any moment of exec and chdir lose nothing. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];
	int st;

	REQUIRE(!mkdir("d", 0755));
	for (int i = 0; i < 25 && !t_failures; i++) {
		pid_t pid = t_fork();

		if (!pid) {
			for (int k = 0; k < 5; k++) {
				CHECK_OK(chdir("d"));
				CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/w/d"));
				CHECK_OK(chdir(".."));
			}
			if (t_failures)
				_exit(1);
			execl("/t/helper", "h", "exit", "7", (char *)NULL);
			_exit(99);
		}
		usleep((unsigned)(i * 97 % 2500));
		kill(pid, SIGSTOP);
		t_ms(2);
		kill(pid, SIGCONT);
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
		CHECK_EQ(t_wait(pid), 7);
	}
	/* A stop is reported to the parent, and the task stays stopped. */
	pid_t pid = t_fork();
	if (!pid) {
		for (;;) {
			chdir("/w/d");
			chdir("/w");
		}
	}
	t_ms(20);
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &st, WUNTRACED), pid);
	CHECK(WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
	t_ms(50);
	CHECK_EQ(waitpid(pid, &st, WNOHANG | WUNTRACED), 0);
	kill(pid, SIGKILL);
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	return t_end();
}
