/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program sees of itself right after exec, a "key=value" line each. "exit N" as the only arguments
 * just exits, "sleep" waits to be killed, "inode DIR NAME" prints the inode that the listing of DIR gives,
 * "tmpfile DIR..." the errno of an O_TMPFILE in each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static void link_of(const char *key, const char *path)
{
	char buf[PATH_MAX];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	buf[n < 0 ? 0 : n] = 0;
	printf("%s=%s\n", key, buf);
}

static void status_lines(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Sig", 3) || !strncmp(line, "Threads", 7) || !strncmp(line, "Name", 4)) {
			char *tab = strchr(line, '\t');

			if (tab)
				*tab = '=';
			printf("%s", line);
		}
	if (f)
		fclose(f);
}

int main(int argc, char **argv, char **envp)
{
	char buf[PATH_MAX];

	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "sleep")) {
		pause();
		return 1;
	}
	if (argc > 2 && !strcmp(argv[1], "tmpfile")) {
		for (int i = 2; i < argc; i++)
			printf("%s%d", i > 2 ? " " : "",
			       open(argv[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) < 0 ? errno : 0);
		puts("");
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "inode")) {
		DIR *dir = opendir(argv[2]);

		for (struct dirent *e; dir && (e = readdir(dir));)
			if (!strcmp(e->d_name, argv[3]))
				printf("%lu\n", (unsigned long)e->d_ino);
		return !dir;
	}
	/* Before any other descriptor is opened. */
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd=%d\n", fd);
	printf("argc=%d\n", argc);
	for (int i = 0; i < argc && argc < 100; i++)
		printf("argv%d=%s\n", i, argv[i]);
	for (char **e = envp; *e; e++)
		printf("env=%s\n", *e);
	printf("execfn=%s\n", (char *)getauxval(AT_EXECFN));
	printf("secure=%lu\n", getauxval(AT_SECURE));
	printf("cwd=%s\n", getcwd(buf, sizeof(buf)) ? buf : strerror(errno));
	printf("pid=%d\n", getpid());
	link_of("exe", "/proc/self/exe");
	status_lines();
	return 0;
}
