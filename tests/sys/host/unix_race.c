/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_race STREAM DGRAM: a guest that tries to reach sockets of the host with addresses that one thread
 * checks and another rewrites, and with descriptors that another thread replaces. It has sockets "s" and "d"
 * of its own in the working directory. Prints how many calls succeeded; what they reached is for the caller
 * to find out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un inside[2], outside[2];
static volatile struct sockaddr_un shared[2];
static struct msghdr message;
static atomic_int stop;
static int slot, kinds[2];

static void *flipper(void *arg)
{
	(void)arg;
	while (!stop) {
		for (int i = 0; i < 2; i++)
			memcpy((void *)&shared[i], &outside[i], sizeof(shared[i]));
		message.msg_name = NULL;
		dup2(kinds[1], slot);
		for (int i = 0; i < 2; i++)
			memcpy((void *)&shared[i], &inside[i], sizeof(shared[i]));
		message.msg_name = (void *)&shared[1];
		dup2(kinds[0], slot);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct iovec iov = {"x", 1};
	struct timespec from, now;
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), r = socket(AF_UNIX, SOCK_DGRAM, 0), hits = 0,
	    pair[2];
	pthread_t th;

	if (argc != 3)
		return 2;
	for (int i = 0; i < 2; i++) {
		inside[i].sun_family = outside[i].sun_family = AF_UNIX;
		strcpy(inside[i].sun_path, i ? "d" : "s");
		snprintf(outside[i].sun_path, sizeof(outside[i].sun_path), "%s", argv[1 + i]);
		memcpy((void *)&shared[i], &inside[i], sizeof(shared[i]));
	}
	if (bind(l, (void *)&inside[0], sizeof(inside[0])) || listen(l, 1000) ||
	    bind(r, (void *)&inside[1], sizeof(inside[1])) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 3;
	kinds[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
	kinds[1] = pair[0];
	slot = dup(kinds[0]);
	message = (struct msghdr){.msg_namelen = sizeof(shared[1]), .msg_iov = &iov, .msg_iovlen = 1};
	if (pthread_create(&th, NULL, flipper, NULL))
		return 4;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		char sink[64];
		int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		hits += connect(c, (void *)&shared[0], sizeof(shared[0])) == 0;
		close(c);
		close(accept(l, NULL, NULL));
		hits += sendto(kinds[0], "x", 1, MSG_DONTWAIT, (void *)&shared[1], sizeof(shared[1])) == 1;
		hits += sendmsg(slot, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
		struct mmsghdr many = {.msg_hdr = message};
		hits += sendmmsg(slot, &many, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
		while (recv(r, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
		while (recv(pair[1], sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - from.tv_sec < 3);
	stop = 1;
	pthread_join(th, NULL);
	printf("%d\n", hits);
	return hits ? 0 : 1;
}
