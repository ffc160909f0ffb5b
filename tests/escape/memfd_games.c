/* SPDX-License-Identifier: Apache-2.0 */
/* A program in a memfd that is changed while it is checked and executed. */
#include "e.h"

static int file;
static const char *text;

static void *rewrite(void *unused)
{
	(void)unused;
	for (;;) {
		REQUIRE(pwrite(file, text, strlen(text), 0) > 0);
		REQUIRE(pwrite(file, "#!/bin/true\n", 12, 0) > 0);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	int fd = memfd_create("m", 0);
	char good[] = "#!/bin/true\n", bad[PATH_MAX + 16];

	snprintf(bad, sizeof(bad), "#!%s\n", e_path("E_OUT", "prog"));
	file = fd;
	text = bad;
	REQUIRE(pwrite(fd, good, sizeof(good) - 1, 0) > 0);
	t_thread(rewrite, NULL);
	while (e_more()) {
		pid_t pid = e_fork();
		if (!pid) {
			syscall(SYS_execveat, fd, "", (char *[]){"m", NULL}, environ, AT_EMPTY_PATH);
			_exit(0);
		}
		e_wait(pid);
	}
	return t_end();
}
