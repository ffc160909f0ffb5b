/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a thread that has an fd table of its own: its dirfd and its new fd are those of that thread.
 */
#include "t.h"

static int dir_a;

static void *worker(void *arg)
{
	int fd, b;

	(void)arg;
	if (unshare(CLONE_FILES))
		T_SKIP("no unshare(CLONE_FILES)");
	b = open("b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(b >= 0);
	/* The same number names another directory in this thread. */
	CHECK_EQ(dup2(b, dir_a), dir_a);
	fd = openat(dir_a, "name", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(fchdir(dir_a), 0);
	CHECK_OK(chdir(".."));
	fd = open("only_here", O_RDWR | O_CREAT, 0644);
	close(dir_a);
	CHECK_ERR(openat(dir_a, "name", O_RDONLY), EBADF);
	return (void *)(intptr_t)fd;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[8] = "";
	void *fd;
	int f;

	REQUIRE(!mkdir("a", 0755) && !mkdir("b", 0755));
	t_put("a/name", "a");
	t_put("b/name", "b");
	dir_a = open("a", O_RDONLY | O_DIRECTORY);
	pthread_t th = t_thread(worker, NULL);
	REQUIRE(!pthread_join(th, &fd));
	CHECK((intptr_t)fd > 0);
	CHECK_ERR(fcntl((int)(intptr_t)fd, F_GETFD), EBADF);
	f = openat(dir_a, "name", O_RDONLY);
	CHECK(f >= 0);
	CHECK_EQ(read(f, buf, 8), 1);
	CHECK_STR(buf, "a");
	return t_end();
}
