/* part of a script: memory_by_argv.sh */
/* SPDX-License-Identifier: Apache-2.0 */
/* Many tasks that share one huge argv execute a script at the same moment. Prints how many kB of pointers
 * were asked for. */
#include "e.h"

#define TASKS 60
#define ARGS  500000

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	static char *args[ARGS + 1];
	struct rlimit lim = {RLIM_INFINITY, RLIM_INFINITY};
	pid_t pids[TASKS];
	char c;
	int go[2];

	setrlimit(RLIMIT_STACK, &lim);
	for (int i = 0; i < ARGS; i++)
		args[i] = "";
	t_put_mode("script", "#!/bin/true\n", 0755);
	REQUIRE(!pipe2(go, O_CLOEXEC));
	for (int i = 0; i < TASKS; i++) {
		pids[i] = e_fork();
		if (pids[i])
			continue;
		close(go[1]);
		(void)!read(go[0], &c, 1);
		execve("script", args, NULL);
		_exit(errno == ENOMEM || errno == E2BIG ? 1 : 2);
	}
	close(go[1]);
	for (int i = 0; i < TASKS; i++)
		CHECK(t_wait(pids[i]) < 2);
	printf("%ld\n", (long)TASKS * ARGS * 8 / 1024);
	return t_end();
}
