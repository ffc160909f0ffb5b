/* SPDX-License-Identifier: Apache-2.0 */
/* legacy open FILE: prints FILE, opened by open(2) itself. legacy unlink FILE. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
#ifdef SYS_open
	char buf[4096];

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "unlink"))
		return syscall(SYS_unlink, argv[2]) < 0;
	int fd = (int)syscall(SYS_open, argv[2], O_RDONLY);
	if (fd < 0)
		return 1;
	ssize_t n = read(fd, buf, sizeof(buf));
	return n < 0 || write(1, buf, (size_t)n) != n;
#else
	(void)argc, (void)argv;
	return 77;
#endif
}
