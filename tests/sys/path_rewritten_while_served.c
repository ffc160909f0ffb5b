/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: memory that another thread rewrites during the call gives one file or the other, never a
 * mixture. */
#include "t.h"

static char path[64] = "/w/aaaaaaaa/f";
static atomic_bool stop;

static void *flip(void *arg)
{
	(void)arg;
	while (!stop) {
		memset(path + 3, 'b', 8);
		memset(path + 3, 'a', 8);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t th;
	char buf[8];

	REQUIRE(!mkdir("aaaaaaaa", 0755) && !mkdir("bbbbbbbb", 0755));
	t_put("aaaaaaaa/f", "a");
	t_put("bbbbbbbb/f", "b");
	th = t_thread(flip, NULL);
	for (long end = t_now_ms() + 400; t_now_ms() < end;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			/* Half of one and half of the other names nothing. */
			if (errno != ENOENT)
				CHECK_EQ(errno, ENOENT);
			continue;
		}
		if (read(fd, buf, 8) != 1 || (buf[0] != 'a' && buf[0] != 'b'))
			t_fail(__FILE__, __LINE__, "read something else");
		close(fd);
	}
	stop = true;
	t_join(th);
	return t_end();
}
