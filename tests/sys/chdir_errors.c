/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: chdir and fchdir: errors, links, an O_PATH directory, and nothing moves on an error. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !mkdir("d/e", 0755) && !symlink("d/e", "l") && !symlink("/w/d", "abs"));
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(chdir("missing"), ENOENT);
	CHECK_ERR(chdir("f/x"), ENOTDIR);
	CHECK_ERR(chdir(""), ENOENT);
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	CHECK_OK(chdir("l"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d/e");
	CHECK_OK(chdir(".."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
	CHECK_OK(chdir("../abs/./e/../../l/"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d/e");
	CHECK_OK(chdir("/w//d///e/."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d/e");
	int fd = open("/w/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC), p = open("/w", O_PATH | O_CLOEXEC);
	CHECK_OK(fchdir(fd));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
	CHECK_OK(fchdir(p));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	CHECK_ERR(fchdir(0), ENOTDIR);
	CHECK_ERR(fchdir(900), EBADF);
	CHECK_OK(chdir("/proc"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/proc");
	CHECK(t_exists("self"));
	CHECK_OK(chdir("/dev"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/dev");
	CHECK(t_exists("null"));
	CHECK_OK(chdir("../w"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	return t_end();
}
