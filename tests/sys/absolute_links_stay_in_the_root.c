/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a symbolic link with an absolute target or many `..` is resolved in the root of the guest. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];

	REQUIRE(!mkdir("d", 0755) && !symlink("/etc/marker", "abs") &&
		!symlink("/../../../etc/marker", "up") &&
		!symlink("../../../../../../../../etc/marker", "d/rel") && !symlink("/", "slash") &&
		!symlink("/w/d/rel", "chain") && !symlink("/w/made", "make"));
	CHECK(t_holds("abs", "the root of the guest\n"));
	CHECK(t_holds("up", "the root of the guest\n"));
	CHECK(t_holds("d/rel", "the root of the guest\n"));
	CHECK(t_holds("slash/etc/marker", "the root of the guest\n"));
	CHECK(t_holds("slash/../../etc/marker", "the root of the guest\n"));
	CHECK(t_holds("chain", "the root of the guest\n"));
	/* The text of a link is what was written, not where it leads on the host. */
	CHECK_STR(t_readlink("abs"), "/etc/marker");
	CHECK_STR(t_readlink("slash"), "/");
	t_put("make", "through");
	CHECK(t_holds("/w/made", "through") && t_type("make") == S_IFLNK);
	CHECK_OK(chdir("slash"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK_OK(chdir("/w/slash/w/d"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
	return t_end();
}
