/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: the working directory deleted: getcwd is ENOENT, nothing can be made in it, `..` and absolute paths
 * work. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];
	struct stat st;

	REQUIRE(!mkdir("d", 0755) && !chdir("d") && !rmdir("../d"));
	CHECK_ERR(syscall(SYS_getcwd, cwd, sizeof(cwd)), ENOENT);
	CHECK_ERR(open("f", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(mkdir("x", 0755), ENOENT);
	CHECK_ERR(stat("f", &st), ENOENT);
	CHECK(!stat(".", &st) && st.st_nlink == 0);
	CHECK(open(".", O_RDONLY | O_DIRECTORY) >= 0);
	CHECK_OK(stat("/etc/marker", &st));
	CHECK_STR(t_readlink("/proc/self/cwd"), "/w/d (deleted)");
	/* The same name again is not the same directory. */
	REQUIRE(!mkdir("/w/d", 0755));
	CHECK_ERR(open("f", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(syscall(SYS_getcwd, cwd, sizeof(cwd)), ENOENT);
	CHECK_EQ(t_exec_errno("/t/helper", (char *[]){"h", "exit", "0", NULL}, NULL, NULL), 0);
	CHECK_EQ(t_exec_errno("helper", (char *[]){"h", NULL}, NULL, NULL), ENOENT);
	CHECK_OK(chdir(".."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	return t_end();
}
