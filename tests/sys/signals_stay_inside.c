/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: kill of a group and of everybody reaches the sandbox's own processes, and those only (what is sent
 * here does nothing to who does not expect it). */
#include "t.h"

static int pipes[2];

static pid_t member(char name, bool own_group)
{
	pid_t pid = t_fork();
	sigset_t set;
	int sig;

	if (!pid) {
		if (own_group)
			setpgid(0, 0);
		sigemptyset(&set);
		sigaddset(&set, SIGURG);
		sigprocmask(SIG_BLOCK, &set, NULL);
		for (;;) {
			REQUIRE(write(pipes[1], &name, 1) == 1); /* ready, or got it */
			REQUIRE(!sigwait(&set, &sig));
		}
	}
	return pid;
}

/* Who tells something within a moment, sorted. */
static const char *heard(size_t n)
{
	static char got[8];
	struct pollfd p = {.fd = pipes[0], .events = POLLIN};
	size_t have = 0;

	while (have < sizeof(got) - 1 && poll(&p, 1, have < n ? 2000 : 50) == 1)
		REQUIRE(read(pipes[0], &got[have++], 1) == 1);
	got[have] = 0;
	if (have == 2 && got[0] > got[1]) {
		got[0] = got[1];
		got[1] = 'b';
	}
	return got;
}

static volatile sig_atomic_t own;
static void on_urg(int sig)
{
	(void)sig;
	own++;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!pipe2(pipes, O_CLOEXEC));
	signal(SIGURG, on_urg);
	pid_t a = member('a', false), b = member('b', true);

	CHECK_STR(heard(2), "ab");
	CHECK_OK(kill(0, SIGURG));
	CHECK_STR(heard(1), "a");
	CHECK_EQ(own, 1);
	CHECK_OK(kill(-b, SIGURG));
	CHECK_STR(heard(1), "b");
	CHECK_OK(kill(-1, SIGURG));
	CHECK_STR(heard(2), "ab");
	CHECK_EQ(own, 1);
	CHECK_OK(kill(a, SIGURG));
	CHECK_STR(heard(1), "a");
	CHECK_OK(raise(SIGURG));
	CHECK_EQ(own, 2);
	CHECK_OK(syscall(SYS_tgkill, b, b, SIGURG));
	CHECK_STR(heard(1), "b");
	int fd = (int)syscall(SYS_pidfd_open, a, 0);
	CHECK(fd >= 0);
	CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	CHECK_EQ(t_wait(a), 128 + SIGKILL);
	CHECK_ERR(kill(-1, 65), EINVAL);
	CHECK(kill(getppid(), 0) < 0);
	CHECK_OK(kill(-b, SIGKILL));
	CHECK_EQ(t_wait(b), 128 + SIGKILL);
	CHECK(kill(-b, SIGURG) < 0);
	return t_end();
}
