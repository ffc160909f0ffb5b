/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: chdir by a thread while others resolve: the directory is the process's, and no lookup sees half of it.
 */
#include "t.h"

static atomic_bool stop;

static void *resolver(void *arg)
{
	char buf[8], cwd[64];

	(void)arg;
	while (!stop && !t_failures) {
		int fd = open("f", O_RDONLY | O_CLOEXEC);

		CHECK(fd >= 0);
		CHECK(read(fd, buf, 8) == 1 && (buf[0] == 'a' || buf[0] == 'b'));
		close(fd);
		CHECK(getcwd(cwd, sizeof(cwd)) && (!strcmp(cwd, "/w/a") || !strcmp(cwd, "/w/b")));
	}
	return NULL;
}

static void *changer(void *arg)
{
	(void)arg;
	for (int i = 0; i < 150; i++)
		CHECK_OK(chdir(i % 2 ? "/w/a" : "../b"));
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pthread_t t[4];
	char cwd[64];

	REQUIRE(!mkdir("a", 0755) && !mkdir("b", 0755));
	t_put("a/f", "a");
	t_put("b/f", "b");
	REQUIRE(!chdir("a"));
	for (int i = 0; i < 3; i++)
		t[i] = t_thread(resolver, NULL);
	t[3] = t_thread(changer, NULL);
	t_join(t[3]);
	stop = true;
	for (int i = 0; i < 3; i++)
		t_join(t[i]);
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/a");
	return t_end();
}
