/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: chdir by several threads while directories are renamed: each call leads to a directory that it named
 * or fails, nobody is killed, no fd is left over. With all but no room for fds, too. */
#include "t.h"

static atomic_bool stop;

static void *go(void *to)
{
	while (!stop)
		if (chdir(to) < 0 && errno != ENOENT)
			t_fail(__FILE__, __LINE__, "chdir: %s", strerror(errno));
	return NULL;
}

static void *swap(void *unused)
{
	(void)unused;
	while (!stop)
		if (rename("/w/a", "/w/c") < 0 || rename("/w/b", "/w/a") < 0 || rename("/w/c", "/w/b") < 0)
			t_fail(__FILE__, __LINE__, "rename: %s", strerror(errno));
	return NULL;
}

static int open_fds(void)
{
	int n = 0;

	for (int i = 0; i < 256; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

static void without_room(void)
{
	struct rlimit old, low;
	int fd = open("/w/f", O_RDONLY | O_CLOEXEC);

	REQUIRE(fd >= 0 && !getrlimit(RLIMIT_NOFILE, &old) && old.rlim_max > 20);
	low = (struct rlimit){(rlim_t)fd + 1, old.rlim_max};
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &low));
	CHECK_ERR(open("/w/f", O_RDONLY), EMFILE);
	CHECK_OK(chdir("/w/d"));
	CHECK_OK(chdir(".."));
	CHECK(!getrlimit(RLIMIT_NOFILE, &old) && old.rlim_cur == low.rlim_cur);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t th[4];
	char cwd[64];
	int n;

	REQUIRE(!mkdir("a", 0755) && !mkdir("b", 0755) && !mkdir("d", 0755));
	t_put("f", "x");
	n = open_fds();
	th[0] = t_thread(go, "/w/a");
	th[1] = t_thread(go, "/w/b");
	th[2] = t_thread(go, "/w/d");
	th[3] = t_thread(swap, NULL);
	for (int i = 0; i < 200; i++)
		CHECK(getcwd(cwd, sizeof(cwd)) && strlen(cwd) <= 4 && !strncmp(cwd, "/w", 2));
	t_ms(300);
	stop = true;
	for (int i = 0; i < 4; i++)
		t_join(th[i]);
	CHECK_EQ(open_fds(), n);
	without_room();
	return t_end();
}
