/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a signal sent to the process while a thread other than the leader waits in the open of a FIFO and is
 * the only one that does not block the signal: its handler runs in that thread. */
#include "t.h"

static atomic_int hits, opened;
static pthread_t hit_in;

static void hit(int sig)
{
	(void)sig;
	hit_in = pthread_self();
	hits++;
}

static void *opener(void *arg)
{
	sigset_t set;
	int fd;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	CHECK_ERR(open("p", O_RDONLY), EINTR); /* no SA_RESTART */
	CHECK_EQ(hits, 1);
	CHECK(pthread_equal(hit_in, pthread_self()));
	fd = open("p", O_RDONLY);
	CHECK(fd >= 0);
	opened = 1;
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sigaction sa = {.sa_handler = hit}, ign = {.sa_handler = SIG_IGN};
	sigset_t set;

	REQUIRE(!mkfifo("p", 0600) && !sigaction(SIGUSR1, &sa, NULL) && !sigaction(SIGUSR2, &ign, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_t th = t_thread(opener, NULL);
	t_ms(200);
	kill(getpid(), SIGUSR2); /* ignored: nothing happens */
	kill(getpid(), SIGCHLD);
	t_ms(100);
	CHECK_EQ(hits, 0);
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 200 && !hits; i++)
		t_ms(10);
	CHECK_EQ(hits, 1);
	t_ms(50);
	CHECK_EQ(opened, 0);
	CHECK(open("p", O_WRONLY) >= 0);
	t_join(th);
	CHECK_EQ(opened, 1);
	return t_end();
}
