// SPDX-License-Identifier: Apache-2.0
#include "guest.h"
#include "loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNCOUNTED_NS 50000000 /* until all have started and the supervisor has got used to them */

static atomic_ulong made;
static atomic_bool over;

static void *hammer(void *arg)
{
	const struct loop_op op = {.kind = LOOP_NULL};

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		loop_once(&op);
		atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
	}
	return arg;
}

static void sleep_ns(uint64_t ns)
{
	const struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

	nanosleep(&t, NULL);
}

int guest_threads(unsigned threads, double seconds)
{
	pthread_t *t = calloc(threads, sizeof(*t));
	unsigned n = 0;

	while (t && n < threads && pthread_create(&t[n], NULL, hammer, NULL) == 0)
		n++;
	if (n < threads) {
		fprintf(stderr, "bench-guest: only %u threads could be made\n", n);
		exit(1);
	}
	sleep_ns(UNCOUNTED_NS);
	uint64_t start = loop_now_ns();
	unsigned long before = atomic_load(&made);
	sleep_ns((uint64_t)(seconds * 1e9));
	unsigned long after = atomic_load(&made);
	double took = (double)(loop_now_ns() - start) / 1e9;
	atomic_store(&over, true);
	for (unsigned i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	free(t);
	printf("per_s=%.1f\n", (double)(after - before) / took);
	return 0;
}
