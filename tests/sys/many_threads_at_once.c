/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: readiness edges coalesce: with many threads calling at once, none waits for ever. */
#include "t.h"

static void *worker(void *arg)
{
	int me = (int)(intptr_t)arg;
	char a[32], b[32], text[32];

	snprintf(a, sizeof(a), "a%d", me);
	snprintf(b, sizeof(b), "b%d", me);
	for (int i = 0; i < 60 && !t_failures; i++) {
		snprintf(text, sizeof(text), "%d-%d", me, i);
		t_put(a, text);
		CHECK_OK(rename(a, b));
		CHECK(t_holds(b, text));
		CHECK(!t_exists(a));
		CHECK_OK(unlink(b));
	}
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t t[24];
	pid_t kids[4];

	for (intptr_t p = 0; p < 4; p++) {
		kids[p] = t_fork();
		if (!kids[p]) {
			worker((void *)(100 + p));
			_exit(t_end());
		}
	}
	for (intptr_t i = 0; i < 24; i++)
		t[i] = t_thread(worker, (void *)i);
	for (int i = 0; i < 24; i++)
		t_join(t[i]);
	for (int p = 0; p < 4; p++)
		CHECK_EQ(t_wait(kids[p]), 0);
	return t_end();
}
