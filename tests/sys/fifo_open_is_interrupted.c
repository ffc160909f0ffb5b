/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a blocked open of a FIFO can be interrupted by the guest's signals: EINTR, restart, and SIGKILL. */
#include "t.h"

static atomic_int hits;

static void hit(int sig)
{
	(void)sig;
	hits++;
}

static void *shooter(void *arg)
{
	t_ms(150);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void *late_writer(void *arg)
{
	int fd;

	shooter(arg);
	t_ms(150);
	CHECK_EQ(hits, 2);
	fd = open("p", O_WRONLY);
	CHECK(fd >= 0);
	t_ms(100);
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sigaction sa = {.sa_handler = hit};
	pthread_t me = pthread_self(), th;
	pid_t pid;

	REQUIRE(!mkfifo("p", 0600) && !sigaction(SIGUSR1, &sa, NULL));
	th = t_thread(shooter, &me);
	CHECK_ERR(open("p", O_RDONLY), EINTR);
	CHECK_EQ(hits, 1);
	t_join(th);

	sa.sa_flags = SA_RESTART;
	REQUIRE(!sigaction(SIGUSR1, &sa, NULL));
	th = t_thread(late_writer, &me);
	CHECK(open("p", O_RDONLY) >= 0);
	t_join(th);
	CHECK_EQ(hits, 2);

	pid = t_fork();
	if (!pid) {
		open("p", O_WRONLY | O_CLOEXEC);
		close(3);
		unlink("p");
		mkfifo("p", 0600);
		open("p", O_WRONLY);
		_exit(0);
	}
	t_ms(150);
	kill(pid, SIGKILL);
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	CHECK(t_exists("p"));
	return t_end();
}
