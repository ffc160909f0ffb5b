/* SPDX-License-Identifier: Apache-2.0 */
/* Another thread writes the path of a program that must not be run over the one that execve(2) was given. */
#include "e.h"

static char path[PATH_MAX] = "/bin/true", away[PATH_MAX];

static void *rewrite(void *unused)
{
	(void)unused;
	for (;;) {
		strcpy(path, "/bin/true");
		strcpy(path, away);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	for (int i = 0; e_more(); i++) {
		pid_t pid = e_fork();
		if (!pid) {
			snprintf(away, sizeof(away), "%s", e_path(i % 2 ? "E_DENIED" : "E_OUT", "prog"));
			t_thread(rewrite, NULL);
			usleep((unsigned)i % 50 * 10);
			execve(path, (char *[]){"true", NULL}, NULL);
			_exit(0);
		}
		e_wait(pid);
	}
	return t_end();
}
