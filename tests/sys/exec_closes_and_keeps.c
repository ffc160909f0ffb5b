/* SPDX-License-Identifier: Apache-2.0 */
/* exec: what exec keeps: pid, cwd, umask, fds and their offsets, limits; what it drops: handlers, memory,
 * cloexec. */
#include "t.h"

int main(int argc, char **argv)
{
	char text[64], cwd[64];
	struct sigaction sa;
	struct rlimit rl;

	t_begin(argc, argv);
	if (argc == 3) {
		CHECK_EQ(getpid(), atoi(argv[2]));
		CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/w/d"));
		CHECK_EQ(lseek(7, 0, SEEK_CUR), 3);
		CHECK_EQ(read(7, text, 64), 3);
		CHECK_ERR(fcntl(8, F_GETFD), EBADF);
		CHECK(!sigaction(SIGUSR1, NULL, &sa) && sa.sa_handler == SIG_DFL);
		CHECK(!sigaction(SIGUSR2, NULL, &sa) && sa.sa_handler == SIG_IGN);
		CHECK(!getrlimit(RLIMIT_NOFILE, &rl) && rl.rlim_cur == 77);
		return t_end();
	}
	t_put("f", "abcdef");
	REQUIRE(!mkdir("d", 0755));
	CHECK_EQ(dup2(open("f", O_RDONLY | O_CLOEXEC), 7), 7);
	CHECK_EQ(dup3(7, 8, O_CLOEXEC), 8);
	CHECK_EQ(read(7, text, 3), 3);
	signal(SIGUSR1, (void (*)(int))t_ms);
	signal(SIGUSR2, SIG_IGN);
	rl = (struct rlimit){77, 77};
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &rl) && !chdir("d"));
	snprintf(text, sizeof(text), "%d", getpid());
	execl(t_self, t_self, "stage2", text, (char *)NULL);
	REQUIRE(!"exec");
}
