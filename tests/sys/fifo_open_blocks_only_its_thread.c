/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: opening a FIFO blocks that guest thread alone, and never a worker: 40 of them, and life goes on. */
#include "t.h"

static atomic_int opened;

static void *opener(void *arg)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "p%d", (int)(intptr_t)arg);
	fd = open(name, (intptr_t)arg % 2 ? O_WRONLY : O_RDONLY);
	CHECK(fd >= 0);
	opened++;
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t t[40];
	char name[16];
	long start;

	for (intptr_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%d", (int)i);
		REQUIRE(!mkfifo(name, 0600));
		t[i] = t_thread(opener, (void *)i);
	}
	t_ms(200);
	CHECK_EQ(opened, 0);
	start = t_now_ms();
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		t_put(name, "x");
		CHECK(t_holds(name, "x"));
	}
	CHECK(t_now_ms() - start < 1000);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		CHECK(open(name, i % 2 ? O_RDONLY : O_WRONLY) >= 0);
	}
	for (int i = 0; i < 40; i++)
		t_join(t[i]);
	CHECK_EQ(opened, 40);
	return t_end();
}
