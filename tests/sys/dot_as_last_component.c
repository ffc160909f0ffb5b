/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: `.` and `..` as the last component of the calls that make or remove names. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	REQUIRE(!mkdir("d", 0755) && !mkdir("d/sub", 0755));
	t_put("f", "x");
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_ERR(rmdir("."), EINVAL);
	CHECK_ERR(rmdir("d/sub/.."), ENOTEMPTY);
	CHECK_ERR(unlink("d/."), EISDIR);
	CHECK_ERR(unlink(".."), EISDIR);
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_ERR(mkdir("d/..", 0755), EEXIST);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(rename("d/.", "x"), EBUSY);
	CHECK_ERR(rename("d", "d/.."), EBUSY);
	CHECK_ERR(rename("/", "x"), EBUSY);
	CHECK_ERR(rename("f", "/"), EBUSY);
	CHECK_ERR(rmdir("/"), EBUSY);
	CHECK_ERR(unlink("/"), EISDIR);
	CHECK_ERR(symlink("a", "."), EEXIST);
	CHECK_ERR(link("f", "d/."), EEXIST);
	CHECK_ERR(open(".", O_RDWR), EISDIR);
	CHECK_ERR(open("..", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open("/", O_WRONLY), EISDIR);
	CHECK(!stat("d/./sub/../.", &st) && S_ISDIR(st.st_mode));
	CHECK(!stat("//w//d", &st) && S_ISDIR(st.st_mode));
	CHECK(open(".", O_RDONLY) >= 0);
	CHECK_ERR(stat("f/.", &st), ENOTDIR);
	CHECK_ERR(stat("f/..", &st), ENOTDIR);
	CHECK_ERR(stat("missing/..", &st), ENOENT);
	return t_end();
}
