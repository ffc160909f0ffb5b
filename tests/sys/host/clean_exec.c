/* SPDX-License-Identifier: Apache-2.0 */
/* clean_exec PROGRAM [ARG]...: run it with no open files but 0, 1 and 2; a shell cannot close those from 10
 * on. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (int fd = 3; fd < 65536; fd++)
		close(fd);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
