/* SPDX-License-Identifier: Apache-2.0 */
/* exec: substitution meets a pending signal: each is delivered once, before or after, and exec and chdir
 * succeed. */
#include "t.h"

static volatile sig_atomic_t hits;

static void hit(int sig)
{
	(void)sig;
	hits++;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sigaction sa = {.sa_handler = hit, .sa_flags = SA_RESTART};
	struct itimerval it = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
	char out[16384], cwd[64];
	sigset_t set;

	REQUIRE(!mkdir("d", 0755) && !sigaction(SIGALRM, &sa, NULL));
	/* A storm of signals while chdir is substituted; the watchdog's alarm is not needed for that long. */
	REQUIRE(!setitimer(ITIMER_REAL, &it, NULL));
	for (long end = t_now_ms() + 800; t_now_ms() < end && !t_failures;) {
		CHECK_OK(chdir("/w/d"));
		CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/w/d"));
		CHECK_OK(chdir("/w"));
		CHECK_ERR(chdir("missing"), ENOENT);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(hits > 5);
	alarm(4);

	/* Ignored and blocked signals survive exec, handlers do not; a blocked pending one stays pending. */
	signal(SIGUSR2, SIG_IGN);
	signal(SIGUSR1, hit);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t pid;
	int p[2];
	REQUIRE(!pipe2(p, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		dup2(p[1], 1);
		raise(SIGUSR1);
		execl("/t/helper", "h", (char *)NULL);
		_exit(99);
	}
	close(p[1]);
	t_slurp(p[0], out, sizeof(out));
	CHECK_EQ(t_wait(pid), 0);
	CHECK_LINE(out, "SigBlk:=0000000000000200");
	CHECK_LINE(out, "SigIgn:=0000000000000800");
	CHECK_LINE(out, "SigCgt:=0000000000000000");
	CHECK_LINE(out, "SigPnd:=0000000000000200");
	sigprocmask(SIG_UNBLOCK, &set, NULL);

	/* A storm on a child that spawns. */
	pid = t_fork();
	if (!pid) {
		signal(SIGUSR1, SIG_IGN);
		for (int i = 0; i < 20; i++)
			if (system("/bin/true"))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 3000 && !waitpid(pid, &p[0], WNOHANG); i++) {
		kill(pid, SIGUSR1);
		usleep(200);
		p[0] = -1;
	}
	CHECK_EQ(p[0], 0);
	return t_end();
}
