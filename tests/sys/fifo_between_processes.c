/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a FIFO joins two processes of the guest, each blocked in open until the other comes. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[16];
	pid_t pid;
	int fd;

	REQUIRE(!mkfifo("p", 0600));
	for (int i = 0; i < 10; i++) {
		pid = t_fork();
		if (!pid) {
			t_ms(i % 2 ? 20 : 0);
			fd = open("p", O_WRONLY);
			CHECK_EQ(write(fd, "hello", 5), 5);
			_exit(t_end());
		}
		t_ms(i % 2 ? 0 : 20);
		fd = open("p", O_RDONLY);
		CHECK_EQ(t_slurp(fd, buf, sizeof(buf)), 5);
		close(fd);
		CHECK_EQ(t_wait(pid), 0);
	}
	return t_end();
}
