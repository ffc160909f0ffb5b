/* SPDX-License-Identifier: Apache-2.0 */
/* layer_guest DIR ID FILES ENTRIES: in a sandbox of its own with a layer over DIR, which has the directories
 * d00 to d99 of ENTRIES files each, one of them f0 with the line "lower". When it may read a byte from
 * standard input it writes FILES files (100 at most): the even ones by adding a line to dNN/f0, the odd ones
 * by making dNN/new. Then it looks whether it sees what it wrote and nothing else, prints "ok", and ends with
 * descriptor 2, which is a pipe. What is wrong is printed instead, and the exit status is 1. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *dir;

__attribute__((format(printf, 1, 2))) static _Noreturn void wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

static void name(char path[static 4096], unsigned i)
{
	snprintf(path, 4096, "%s/d%02u/%s", dir, i, i % 2 ? "new" : "f0");
}

static void write_file(unsigned i, const char *text)
{
	char path[4096];

	name(path, i);
	int fd = open(path, i % 2 ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY | O_APPEND, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		wrong("writing %s: %s", path, strerror(errno));
}

static void check_file(unsigned i, const char *text)
{
	char path[4096], want[128], is[128] = "";

	name(path, i);
	snprintf(want, sizeof(want), "%s%s", i % 2 ? "" : "lower\n", text);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, is, sizeof(is) - 1) < 0 || close(fd) < 0)
		wrong("reading %s: %s", path, strerror(errno));
	if (strcmp(is, want))
		wrong("%s is '%s', not '%s'", path, is, want);
}

static void check_names(unsigned i, unsigned want)
{
	char path[4096];
	unsigned n = 0;
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/d%02u", dir, i);
	DIR *d = opendir(path);
	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (!d || n != want)
		wrong("%s has %u names instead of %u", path, n, want);
	closedir(d);
}

int main(int argc, char **argv)
{
	char text[64], c;

	if (argc != 5)
		wrong("usage: layer_guest DIR ID FILES ENTRIES");
	dir = argv[1];
	const unsigned files = (unsigned)atoi(argv[3]), each = (unsigned)atoi(argv[4]);
	snprintf(text, sizeof(text), "of %s\n", argv[2]);
	if (read(0, &c, 1) != 1)
		wrong("nobody said when to begin");
	for (unsigned i = 0; i < files; i++)
		write_file(i, text);
	for (unsigned i = 0; i < files; i++)
		check_file(i, text);
	for (unsigned i = 0; i < files && i < 2; i++)
		check_names(i, each + i);
	printf("ok\n");
	fflush(stdout);
	while (read(2, &c, 1) > 0)
		;
	return 0;
}
