/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AF_UNIX: a connect that waits for room in the backlog blocks that thread alone, is interrupted by
 * signals, and does not wait with O_NONBLOCK. */
#include "t.h"

static atomic_int hits, done;
static struct sockaddr_un un = {AF_UNIX, "s"};

static void hit(int sig)
{
	(void)sig;
	hits++;
}

static void *shooter(void *arg)
{
	t_ms(200);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void *taker(void *arg)
{
	t_ms(300);
	CHECK_EQ(done, 0);
	CHECK_EQ(hits, 2);
	CHECK(accept((int)(intptr_t)arg, NULL, NULL) >= 0);
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = -1, n = 0;
	struct sigaction sa = {.sa_handler = hit};
	pthread_t me = pthread_self(), a, b;

	REQUIRE(!sigaction(SIGUSR1, &sa, NULL));
	REQUIRE(!bind(l, (void *)&un, sizeof(un)) && !listen(l, 1));
	do {
		c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		REQUIRE(n++ < 10);
	} while (!connect(c, (void *)&un, sizeof(un)));
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(fcntl(c, F_GETFL) & O_NONBLOCK, O_NONBLOCK);

	c = socket(AF_UNIX, SOCK_STREAM, 0);
	a = t_thread(shooter, &me);
	CHECK_ERR(connect(c, (void *)&un, sizeof(un)), EINTR);
	CHECK_EQ(hits, 1);
	t_join(a);

	sa.sa_flags = SA_RESTART;
	REQUIRE(!sigaction(SIGUSR1, &sa, NULL));
	a = t_thread(shooter, &me);
	b = t_thread(taker, (void *)(intptr_t)l);
	CHECK_OK(connect(c, (void *)&un, sizeof(un)));
	done = 1;
	CHECK_EQ(hits, 2);
	t_join(a);
	t_join(b);

	struct timeval tv = {0, 100000};
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(!setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	CHECK_ERR(connect(c, (void *)&un, sizeof(un)), EAGAIN);
	return t_end();
}
