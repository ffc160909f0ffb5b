/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a program that runs cannot be opened for writing (ETXTBSY), and can be again when it has ended. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[65536];
	int in = open("/t/helper", O_RDONLY | O_CLOEXEC), out, fd = -1;
	ssize_t n;
	pid_t pid;

	out = open("prog", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		REQUIRE(write(out, buf, (size_t)n) == n);
	close(out);
	pid = t_fork();
	if (!pid) {
		execl("./prog", "p", "sleep", (char *)NULL);
		_exit(99);
	}
	t_ms(150);
	CHECK_ERR(open("prog", O_WRONLY), ETXTBSY);
	CHECK_ERR(truncate("prog", 0), ETXTBSY);
	kill(pid, SIGKILL);
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	for (int i = 0; i < 50 && fd < 0; i++, t_ms(10))
		fd = open("prog", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	return t_end();
}
