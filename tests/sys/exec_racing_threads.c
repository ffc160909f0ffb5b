/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a racing thread that rewrites path or argv during exec: one program or the other, never a third, no
 * hang. */
#include "t.h"

static char path[32] = "/w/aaaa";
static char arg[16] = "5";

static void *flip(void *unused)
{
	(void)unused;
	for (;;) {
		memcpy(path + 3, "bbbb", 4);
		arg[0] = '6';
		memcpy(path + 3, "aaaa", 4);
		arg[0] = '5';
	}
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int st;

	REQUIRE(!symlink("/t/helper", "aaaa") && !symlink("/t/helper", "bbbb"));
	t_put_mode("abbb", "not to be executed", 0644);
	for (int i = 0; i < 40 && !t_failures; i++) {
		pid_t pid = t_fork();

		if (!pid) {
			char *av[] = {path, "exit", arg, NULL};

			t_thread(flip, NULL);
			usleep((unsigned)i * 20);
			execve(path, av, av + 3);
			_exit(errno == ENOENT || errno == EACCES ? 50 : 51);
		}
		st = t_wait(pid);
		/* A kill is right where the path changed between the check and the exec. */
		if (st != 5 && st != 6 && st != 50 && st != 128 + SIGKILL)
			t_fail(__FILE__, __LINE__, "the racing exec ends with %d", st);
	}
	return t_end();
}
