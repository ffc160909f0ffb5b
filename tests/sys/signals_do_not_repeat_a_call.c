/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a signal during a served mkdir must not restart the call, or the guest sees EEXIST. */
#include "t.h"

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void run(int flags)
{
	struct sigaction sa = {.sa_handler = tick, .sa_flags = flags};
	struct itimerval it = {{0, 211}, {0, 211}}, off = {{0, 0}, {0, 0}};
	long end = t_now_ms() + 500;

	REQUIRE(!sigaction(SIGVTALRM, &sa, NULL) && !sigaction(SIGPROF, &sa, NULL) &&
		!sigaction(SIGUSR1, &sa, NULL));
	REQUIRE(!setitimer(ITIMER_PROF, &it, NULL));
	for (int i = 0; t_now_ms() < end && !t_failures; i++) {
		int fd;

		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(rename("d", "e"));
		CHECK_OK(rmdir("e"));
		fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0644);
		CHECK(fd >= 0);
		CHECK_OK(link("f", "g"));
		CHECK_OK(unlink("g"));
		CHECK_OK(unlink("f"));
		CHECK_OK(symlink("x", "s"));
		CHECK_OK(unlink("s"));
		CHECK_EQ(fd, 3);
		close(fd);
	}
	setitimer(ITIMER_PROF, &off, NULL);
}

static void *shooter(void *arg)
{
	pthread_t *target = arg;

	for (long end = t_now_ms() + 900; t_now_ms() < end;) {
		pthread_kill(*target, SIGUSR1);
		usleep(150);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t me = pthread_self(), th;
	struct sigaction sa = {.sa_handler = tick};

	REQUIRE(!sigaction(SIGUSR1, &sa, NULL));
	th = t_thread(shooter, &me);
	run(SA_RESTART);
	run(0);
	t_join(th);
	CHECK(ticks > 10);
	return t_end();
}
