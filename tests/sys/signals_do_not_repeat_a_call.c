/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: a signal during a served mkdir must not restart the call, or the guest sees EEXIST. With
 * SA_RESTART no call is seen to fail at all. Without it the kernel itself gives EINTR while a notification
 * has not been received yet, which no supervisor can help; but then nothing has happened, so that the same
 * call again succeeds.
 */
#include "t.h"

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static bool retry;

#define DO(call)                                                                                             \
	do {                                                                                                 \
		long d_r;                                                                                    \
		do {                                                                                         \
			d_r = (call);                                                                        \
		} while (retry && d_r < 0 && errno == EINTR);                                                \
		if (d_r < 0)                                                                                 \
			t_fail(__FILE__, __LINE__, "%s: errno %d, %s SA_RESTART", #call, errno,              \
			       retry ? "without" : "with");                                                  \
	} while (0)

static void run(int flags)
{
	struct sigaction sa = {.sa_handler = tick, .sa_flags = flags};
	struct itimerval it = {{0, 211}, {0, 211}}, off = {{0, 0}, {0, 0}};
	long end = t_now_ms() + 500;

	retry = !(flags & SA_RESTART);
	REQUIRE(!sigaction(SIGVTALRM, &sa, NULL) && !sigaction(SIGPROF, &sa, NULL) &&
		!sigaction(SIGUSR1, &sa, NULL));
	REQUIRE(!setitimer(ITIMER_PROF, &it, NULL));
	for (int i = 0; t_now_ms() < end && !t_failures; i++) {
		int fd;

		DO(mkdir("d", 0755));
		DO(rename("d", "e"));
		DO(rmdir("e"));
		DO(fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
		DO(link("f", "g"));
		DO(unlink("g"));
		DO(unlink("f"));
		DO(symlink("x", "s"));
		DO(unlink("s"));
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
