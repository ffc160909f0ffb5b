/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bomb TOKEN: 64 chains of processes. Each process of a chain forks its successor and ends, so no list of
 * them is ever up to date, each is in a session of its own, and none heeds SIGTERM. The first one takes the
 * orphans in, so that no zombies pile up with a slow init. It ends by itself after 14 seconds.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	time_t end = time(NULL) + 14;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	for (int i = 0; i < 64; i++) {
		if (fork() != 0)
			continue;
		/* Exactly one process of this chain goes on from each round; a fork that fails ends the
		 * chain. */
		while (time(NULL) < end) {
			setsid();
			usleep(5000);
			if (fork() != 0)
				_exit(0);
		}
		_exit(0);
	}
	while (time(NULL) < end)
		sleep(1);
	return 0;
}
