/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: opening a file under a lease waits until the holder gives it up, and blocks that task alone. */
#include "t.h"

static volatile sig_atomic_t broken;

static void on_break(int sig)
{
	(void)sig;
	broken = 1;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int up[2];
	char c;
	pid_t pid;

	t_put("f", "text");
	REQUIRE(!pipe(up));
	pid = t_fork();
	if (!pid) {
		struct sigaction sa = {.sa_handler = on_break};
		sigaction(SIGIO, &sa, NULL);
		int fd = open("f", O_RDONLY);
		REQUIRE(fd >= 0);
		if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
			_exit(77);
		REQUIRE(write(up[1], "x", 1) == 1);
		for (int i = 0; i < 200 && !broken; i++)
			t_ms(10);
		CHECK(broken);
		t_ms(150);
		CHECK(t_holds("f", "text")); /* others are served meanwhile, and nothing was truncated */
		CHECK_OK(fcntl(fd, F_SETLEASE, F_UNLCK));
		_exit(t_end());
	}
	close(up[1]);
	if (read(up[0], &c, 1) != 1) {
		CHECK_EQ(t_wait(pid), 77);
		T_SKIP("no leases on this file system");
	}
	CHECK_ERR(open("f", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
	long start = t_now_ms();
	int fd = open("f", O_WRONLY | O_TRUNC);
	CHECK(fd >= 0);
	CHECK(t_now_ms() - start >= 100);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(t_wait(pid), 0);
	CHECK(t_holds("f", ""));
	return t_end();
}
