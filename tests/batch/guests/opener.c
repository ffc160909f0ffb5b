/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a file many times: each time the descriptor must be a new one, and of that file. 0 if so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/etc/passwd";
	struct stat want, got;
	int wrong = 0;

	if (stat(path, &want) < 0)
		return 2;
	for (int i = 0; i < 300; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 3 || fstat(fd, &got) < 0 || got.st_ino != want.st_ino) {
			fprintf(stderr, "open %d gave %d (errno %d)\n", i, fd, errno);
			wrong = 1;
		}
		if (fd >= 3)
			close(fd);
	}
	return wrong;
}
