/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: rename: what may replace what, into itself, between hard links, with open fds. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[8];
	int fd;

	t_put("f", "f");
	t_put("g", "g");
	REQUIRE(!mkdir("e", 0755) && !mkdir("full", 0755) && !mkdir("full/sub", 0755) && !link("f", "hard"));
	CHECK_ERR(rename("f", "e"), EISDIR);
	CHECK_ERR(rename("e", "f"), ENOTDIR);
	CHECK_ERR(rename("e", "full"), ENOTEMPTY);
	CHECK_ERR(rename("full", "full/sub/x"), EINVAL);
	CHECK_ERR(rename("full", "full/x"), EINVAL);
	CHECK_ERR(rename("full/sub", "full"), ENOTEMPTY);
	CHECK_ERR(rename("missing", "x"), ENOENT);
	CHECK_ERR(rename("f", "missing/x"), ENOENT);
	CHECK_ERR(rename("f", "g/x"), ENOTDIR);
	/* Two names of one file: nothing happens, both stay. */
	CHECK_OK(rename("f", "hard"));
	CHECK(t_exists("f") && t_exists("hard"));
	CHECK_OK(rename("f", "f"));
	fd = open("g", O_RDONLY);
	CHECK_OK(rename("f", "g"));
	CHECK(t_holds("g", "f") && !t_exists("f"));
	CHECK(read(fd, buf, 8) == 1 && buf[0] == 'g');
	CHECK_OK(rename("full", "e"));
	CHECK(t_exists("e/sub") && !t_exists("full"));
	CHECK_OK(rename("e/sub", "sub"));
	CHECK_OK(rename("sub", "e/back"));
	CHECK_OK(rmdir("e/back"));
	CHECK_OK(rename("hard", "e/hard"));
	CHECK_ERR(rmdir("e"), ENOTEMPTY);
	CHECK_OK(unlink("e/hard"));
	CHECK_OK(rmdir("e"));
	/* The names that are none: first the old one, then the new. */
	REQUIRE(!mkdir("closed", 0644));
	CHECK_ERR(rename("/", "x"), EBUSY);
	CHECK_ERR(rename("g", "/"), EBUSY);
	CHECK_ERR(renameat2(AT_FDCWD, "g", AT_FDCWD, "/", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(renameat2(AT_FDCWD, "/", AT_FDCWD, "/", RENAME_NOREPLACE), EBUSY);
	if (geteuid())
		CHECK_ERR(rename("/", "closed/x"), EACCES);
	return t_end();
}
