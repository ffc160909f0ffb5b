/* SPDX-License-Identifier: Apache-2.0 */
/* exec: substitution meets a task that is already traced by another of the guest: served, or refused clearly.
 */
#include "t.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];
	int st, stops = 0;
	pid_t pid;

	REQUIRE(!mkdir("d", 0755));
	pid = t_fork();
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(77);
		raise(SIGSTOP);
		t_put("from_traced", "x");
		if (!chdir("d") && (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/w/d")))
			_exit(3);
		execl("/t/helper", "h", "exit", "7", (char *)NULL);
		_exit(errno == EPERM || errno == EACCES || errno == EBUSY ? 8 : 9);
	}
	for (;;) {
		if (waitpid(pid, &st, 0) != pid) {
			CHECK(!"waitpid");
			break;
		}
		if (!WIFSTOPPED(st))
			break;
		if (++stops > 1000)
			kill(pid, SIGKILL);
		ptrace(PTRACE_CONT, pid, 0,
		       WSTOPSIG(st) == SIGTRAP || WSTOPSIG(st) == SIGSTOP ? 0 : WSTOPSIG(st));
	}
	if (WIFEXITED(st) && WEXITSTATUS(st) == 77)
		T_SKIP("no ptrace in the guest");
	CHECK(WIFEXITED(st) && (WEXITSTATUS(st) == 7 || WEXITSTATUS(st) == 8));
	CHECK(t_holds("from_traced", "x"));
	CHECK_EQ(system("/bin/true"), 0);
	return t_end();
}
