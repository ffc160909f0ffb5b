/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: empty path: ENOENT from every call. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	struct statfs sf;
	char buf[8];

	t_put("f", "x");
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_ERR(lstat("", &st), ENOENT);
	CHECK_ERR(access("", F_OK), ENOENT);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(rmdir(""), ENOENT);
	CHECK_ERR(unlink(""), ENOENT);
	CHECK_ERR(rename("", "x"), ENOENT);
	CHECK_ERR(rename("f", ""), ENOENT);
	CHECK_ERR(link("", "x"), ENOENT);
	CHECK_ERR(link("f", ""), ENOENT);
	CHECK_ERR(symlink("", "x"), ENOENT);
	CHECK_ERR(symlink("f", ""), ENOENT);
	CHECK_ERR(readlink("", buf, 8), ENOENT);
	CHECK_ERR(chmod("", 0644), ENOENT);
	CHECK_ERR(chown("", -1, -1), ENOENT);
	CHECK_ERR(truncate("", 0), ENOENT);
	CHECK_ERR(statfs("", &sf), ENOENT);
	CHECK_ERR(chdir(""), ENOENT);
	CHECK_ERR(mknod("", S_IFREG, 0), ENOENT);
	CHECK_ERR(utimensat(AT_FDCWD, "", NULL, 0), ENOENT);
	CHECK_EQ(t_exec_errno("", (char *[]){"x", NULL}, NULL, NULL), ENOENT);
	CHECK(t_exists("f") && !t_exists("x"));
	return t_end();
}
