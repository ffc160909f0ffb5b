/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: a thread that has unshared its filesystem context has a working directory and umask of its own. */
#include "t.h"

static void *worker(void *arg)
{
	char buf[64];

	(void)arg;
	if (unshare(CLONE_FS))
		T_SKIP("no unshare(CLONE_FS)");
	CHECK_OK(chdir("d"));
	umask(077);
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, "/w/d"));
	t_put_mode("here", "1", 0600);
	CHECK_OK(mkdir("sub", 0777));
	CHECK_EQ(t_mode("sub"), 0700);
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];

	REQUIRE(!mkdir("d", 0755));
	t_join(t_thread(worker, NULL));
	CHECK(getcwd(buf, sizeof(buf)) && !strcmp(buf, "/w"));
	CHECK(t_exists("d/here"));
	CHECK_OK(mkdir("sub", 0777));
	CHECK_EQ(t_mode("sub"), 0755);
	return t_end();
}
