/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: getcwd exactly fitting, and ERANGE; the result is the length with its NUL. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];

	REQUIRE(!mkdir("abc", 0755) && !chdir("abc"));
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(syscall(SYS_getcwd, buf, 7), 7);
	CHECK(!memcmp(buf, "/w/abc\0#", 8));
	memset(buf, '#', sizeof(buf));
	CHECK_ERR(syscall(SYS_getcwd, buf, 6), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, buf, 1), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, buf, 0), ERANGE);
	CHECK_EQ(buf[6], '#');
	CHECK_ERR(syscall(SYS_getcwd, NULL, 100), EFAULT);
	CHECK_ERR(syscall(SYS_getcwd, NULL, 6), ERANGE);
	CHECK_EQ(syscall(SYS_getcwd, buf, sizeof(buf)), 7);
	CHECK_OK(chdir("/"));
	CHECK_EQ(syscall(SYS_getcwd, buf, 2), 2);
	CHECK_STR(buf, "/");
	CHECK_ERR(syscall(SYS_getcwd, buf, 1), ERANGE);
	return t_end();
}
