/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: the working directory or a parent of it renamed: getcwd tells the new place. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char cwd[64];

	REQUIRE(!mkdir("a", 0755) && !mkdir("a/b", 0755) && !mkdir("c", 0755) && !chdir("a/b"));
	t_put("f", "x");
	REQUIRE(!rename("/w/a", "/w/c/moved"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/c/moved/b");
	CHECK_STR(t_readlink("/proc/self/cwd"), "/w/c/moved/b");
	CHECK(t_holds("f", "x"));
	CHECK(t_holds("../../../c/moved/b/f", "x"));
	CHECK_OK(rename("../b", "../../b2"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/c/b2");
	CHECK_OK(chdir("../.."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	return t_end();
}
