/* SPDX-License-Identifier: Apache-2.0 -- warren-only */
/* Notifications: a guest that lets very many opens wait gets ENOMEM for what is too much, and goes on; the
 * end of its tasks ends the waiting. */
#include "t.h"

#define CHILDREN 6
#define THREADS	 64

struct counts {
	atomic_int refused, odd;
};
static struct counts *counts;

static void *opener(void *arg)
{
	(void)arg;
	int fd = open("p", O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOMEM)
		counts->refused++;
	else
		counts->odd++;
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pid_t pid[CHILDREN];

	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(counts != MAP_FAILED && !mkfifo("p", 0600));
	for (int round = 0; round < 2; round++) {
		counts->refused = 0;
		for (int i = 0; i < CHILDREN; i++) {
			pid[i] = t_fork();
			if (!pid[i]) {
				pthread_t th[THREADS];
				for (int j = 0; j < THREADS; j++)
					th[j] = t_thread(opener, NULL);
				t_join(th[0]);
				pause();
			}
		}
		for (int i = 0; i < 150 && counts->refused < CHILDREN * THREADS - 256; i++)
			t_ms(10);
		t_ms(50);
		CHECK(counts->refused >= CHILDREN * THREADS - 256 && counts->refused < CHILDREN * THREADS);
		CHECK_EQ(counts->odd, 0);
		t_put("f", "x");
		CHECK(t_holds("f", "x"));
		for (int i = 0; i < CHILDREN; i++)
			kill(pid[i], SIGKILL);
		for (int i = 0; i < CHILDREN; i++)
			CHECK_EQ(t_wait(pid[i]), 128 + SIGKILL);
		t_ms(300); /* their threads are given back */
	}
	return t_end();
}
