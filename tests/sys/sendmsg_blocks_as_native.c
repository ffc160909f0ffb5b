/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: sendmsg of more than fits waits, is interrupted by signals with a partial result, and raises
 * SIGPIPE. */
#include "t.h"

#define BIG (3 << 20)

static atomic_int hits, pipes;
static char big[BIG];

static void hit(int sig)
{
	*(sig == SIGPIPE ? &pipes : &hits) += 1;
}

static void *reader(void *arg)
{
	int fd = (int)(intptr_t)arg;
	static char buf[100000];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (char)((have + (size_t)i) % 251)) {
				t_fail(__FILE__, __LINE__, "byte %zu is wrong", have + (size_t)i);
				return NULL;
			}
		have += (size_t)n;
	}
	CHECK_EQ(have, BIG);
	return NULL;
}

static void *shooter(void *arg)
{
	t_ms(250);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sigaction sa = {.sa_handler = hit};
	struct iovec iov[3] = {{big, 1000000}, {big + 1000000, 7}, {big + 1000007, BIG - 1000007}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 3};
	pthread_t me = pthread_self(), th;
	int s[2];

	REQUIRE(!sigaction(SIGUSR1, &sa, NULL) && !sigaction(SIGPIPE, &sa, NULL));
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i % 251);
	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	th = t_thread(reader, (void *)(intptr_t)s[1]);
	CHECK_EQ(sendmsg(s[0], &m, 0), BIG);
	close(s[0]);
	t_join(th);
	close(s[1]);

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	th = t_thread(shooter, &me);
	ssize_t n = sendmsg(s[0], &m, 0);
	CHECK(n > 0 && n < BIG);
	CHECK_EQ(hits, 1);
	t_join(th);
	CHECK_ERR(sendmsg(s[0], &m, MSG_DONTWAIT), EAGAIN);
	th = t_thread(shooter, &me);
	CHECK_ERR(sendmsg(s[0], &m, 0), EINTR);
	CHECK_EQ(hits, 2);
	t_join(th);
	struct timeval tv = {0, 50000};
	REQUIRE(!setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	CHECK_ERR(sendmsg(s[0], &m, 0), EAGAIN);
	REQUIRE(!fcntl(s[0], F_SETFL, O_NONBLOCK));
	CHECK_ERR(sendmsg(s[0], &m, 0), EAGAIN);

	close(s[1]);
	CHECK_ERR(sendmsg(s[0], &m, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(pipes, 0);
	CHECK_ERR(sendmsg(s[0], &m, 0), EPIPE);
	CHECK_EQ(pipes, 1);
	pid_t pid = t_fork();
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		sendmsg(s[0], &m, 0);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 128 + SIGPIPE);
	return t_end();
}
