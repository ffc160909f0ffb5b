/* SPDX-License-Identifier: Apache-2.0 */
/* open_creat PATH...: a line for each, the errno (0: none) of opening it with O_CREAT to be read, with O_EXCL
 * in addition, and with O_CREAT to be written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int try(const char *path, int flags)
{
	int fd = open(path, flags | O_CREAT, 0644);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%d %d %d\n", try(argv[i], O_RDONLY), try(argv[i], O_RDONLY | O_EXCL),
		       try(argv[i], O_WRONLY));
	return 0;
}
