/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor of a directory is exchanged for /proc between the look at it and the kernel's listing. */
#include "e.h"

static void list(int fd)
{
	char buf[16384];
	char name[16];
	long n;

	snprintf(name, sizeof(name), "%d", e_pid());
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += ((struct dirent64 *)(buf + at))->d_reclen)
			if (!strcmp(((struct dirent64 *)(buf + at))->d_name, name))
				ESCAPED("the victim is listed");
}

static void *swap(void *unused)
{
	(void)unused;
	for (;;) {
		dup2(20, 22);
		dup2(21, 22);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	REQUIRE(proc >= 0 && !mkdir("own", 0755));
	REQUIRE(dup2(proc, 20) == 20 && dup2(open("own", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 21) == 21 &&
		dup2(21, 22) == 22);
	list(20);
	t_thread(swap, NULL);
	while (e_more()) {
		lseek(22, 0, SEEK_SET);
		list(22);
	}
	return t_end();
}
