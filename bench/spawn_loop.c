/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of a batch: N programs started with posix_spawn(3) and waited for, by as many threads as shall
 * run at once; with PIPES set, each with pipes for its outputs, as a batch has them. Prints jobs per second.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static atomic_long jobs_left;
static char **command;
static int pipes;

static void one(void)
{
	posix_spawn_file_actions_t fa;
	int p[2][2] = {{-1, -1}, {-1, -1}}, status;
	pid_t pid;
	char buf[256];

	posix_spawn_file_actions_init(&fa);
	for (int i = 0; pipes && i < 2; i++) {
		if (pipe2(p[i], O_CLOEXEC) < 0)
			abort();
		posix_spawn_file_actions_adddup2(&fa, p[i][1], i + 1);
	}
	if (posix_spawn(&pid, command[0], &fa, NULL, command, environ) != 0)
		abort();
	posix_spawn_file_actions_destroy(&fa);
	for (int i = 0; pipes && i < 2; i++) {
		close(p[i][1]);
		while (read(p[i][0], buf, sizeof(buf)) > 0)
			;
		close(p[i][0]);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		abort();
}

static void *run(void *arg)
{
	while (atomic_fetch_sub(&jobs_left, 1) > 0)
		one();
	return arg;
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	int threads = argc > 3 ? atoi(argv[1]) : 0;
	pthread_t t[256];
	long n = argc > 3 ? atol(argv[2]) : 0;

	if (threads < 1 || threads > 256 || n < 1) {
		fprintf(stderr, "usage: spawn-loop AT-ONCE JOBS PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	pipes = getenv("PIPES") != NULL;
	command = argv + 3;
	jobs_left = n;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, run, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%.0f\n", (double)n / s);
	return 0;
}
