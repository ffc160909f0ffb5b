/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the no-follow family acts on the link: unlink, rename (either side) and link leave the target alone.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	t_put("file", "x");
	REQUIRE(!mkdir("dir", 0755) && !symlink("file", "l1") && !symlink("dir", "l2") &&
		!symlink("none", "l3"));
	CHECK_OK(rename("l1", "m1"));
	CHECK(t_type("m1") == S_IFLNK && !t_exists("l1") && t_holds("file", "x"));
	CHECK_OK(rename("l2", "m2"));
	CHECK(t_type("m2") == S_IFLNK && t_type("dir") == S_IFDIR);
	t_put("other", "y");
	/* A rename onto a link replaces the link. */
	CHECK_OK(rename("other", "m1"));
	CHECK(t_type("m1") == S_IFREG && t_holds("file", "x") && t_holds("m1", "y"));
	CHECK_ERR(rename("dir", "m2"), ENOTDIR);
	CHECK_ERR(rmdir("m2"), ENOTDIR);
	CHECK_OK(unlink("m2"));
	CHECK_OK(unlink("l3"));
	CHECK(t_type("dir") == S_IFDIR && t_exists("file"));
	REQUIRE(!symlink("file", "s"));
	CHECK_OK(link("s", "hard"));
	CHECK(t_type("hard") == S_IFLNK && t_ino("hard") == t_ino("s"));
	CHECK_ERR(mkdir("s", 0755), EEXIST);
	CHECK_ERR(symlink("a", "s"), EEXIST);
	CHECK_ERR(mknod("s", S_IFREG | 0644, 0), EEXIST);
	return t_end();
}
