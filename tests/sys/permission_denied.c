/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: an ordinary user's guest has an ordinary user's rights: search, read, write, own. */
#include "t.h"
#include <sys/inotify.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char buf[16];

	if (!geteuid())
		T_SKIP("needs a guest that is not root");
	t_put_mode("unreadable", "x", 0200);
	t_put_mode("unwritable", "x", 0400);
	REQUIRE(!mkdir("nosearch", 0700) && !mkdir("nowrite", 0700));
	t_put("nosearch/f", "x");
	t_put("nowrite/f", "x");
	REQUIRE(!symlink("nosearch/f", "through") && !chmod("nosearch", 0600) && !chmod("nowrite", 0500));
	CHECK_ERR(open("unreadable", O_RDONLY), EACCES);
	CHECK_ERR(open("unwritable", O_WRONLY), EACCES);
	CHECK_ERR(open("unwritable", O_WRONLY | O_APPEND), EACCES);
	CHECK_ERR(open("nosearch/f", O_RDONLY), EACCES);
	CHECK_ERR(open("through", O_RDONLY), EACCES);
	CHECK_ERR(stat("nosearch/f", &st), EACCES);
	CHECK_ERR(lstat("nosearch/none", &st), EACCES);
	CHECK_ERR(stat("nosearch/..", &st), EACCES);
	CHECK_ERR(access("nosearch/f", F_OK), EACCES);
	CHECK_ERR(readlink("nosearch/f", buf, 16), EACCES);
	CHECK_ERR(chdir("nosearch"), EACCES);
	CHECK_ERR(chmod("nosearch/f", 0644), EACCES);
	CHECK_ERR(rename("nosearch/f", "x"), EACCES);
	CHECK_ERR(link("nosearch/f", "x"), EACCES);
	CHECK_ERR(unlink("nowrite/f"), EACCES);
	CHECK_ERR(rename("nowrite/f", "x"), EACCES);
	CHECK_ERR(rename("unreadable", "nowrite/x"), EACCES);
	CHECK_ERR(link("unreadable", "nowrite/x"), EACCES);
	CHECK_ERR(mkdir("nowrite/d", 0755), EACCES);
	CHECK_ERR(symlink("x", "nowrite/s"), EACCES);
	CHECK_ERR(mknod("nowrite/p", S_IFIFO | 0600, 0), EACCES);
	CHECK_ERR(open("nowrite/new", O_RDWR | O_CREAT, 0644), EACCES);
	CHECK(open("nowrite/f", O_RDWR) >= 0);
	CHECK_ERR(mknod("dev", S_IFCHR | 0600, makedev(1, 3)), EPERM);
	CHECK_ERR(chmod("/etc/marker", 0666), EPERM);
	CHECK_ERR(chown("/etc/marker", geteuid(), -1), EPERM);
	CHECK_ERR(chown("unwritable", 0, -1), EPERM);
	CHECK_ERR(mkdir("/etc/d", 0755), EACCES);
	CHECK_ERR(rename("unwritable", "/etc/x"), EACCES);
	CHECK(opendir("nosearch") != NULL);
	REQUIRE(!chmod("nosearch", 0300));
	CHECK(opendir("nosearch") == NULL && errno == EACCES);
	CHECK(open("nosearch/f", O_RDONLY) >= 0);
	CHECK(open("nosearch", O_PATH | O_DIRECTORY) >= 0);
	return t_end();
}
