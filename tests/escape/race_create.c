/* SPDX-License-Identifier: Apache-2.0 */
/* The same while files are opened to be written, created or truncated. */
#define E_CONTROL_SECONDS 1
#include "e.h"

static void attack(void)
{
	while (e_more()) {
		int fd = open("x/file", O_WRONLY | O_TRUNC | O_CLOEXEC);
		if (fd >= 0) {
			REQUIRE(write(fd, "changed", 7) == 7);
			close(fd);
		}
		close(open("x/secret", O_WRONLY | O_APPEND | O_CLOEXEC | O_TRUNC));
		close(open("x/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		unlink("x/new");
		if (e_is_control() && !t_exists("x/new"))
			close(open("x/stays", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
