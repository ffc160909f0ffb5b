/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: sticky bit: in such a directory an ordinary user removes and renames only what is theirs. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	if (!geteuid())
		T_SKIP("root may");
	CHECK_ERR(unlink("/sticky/file"), EPERM);
	CHECK_ERR(rename("/sticky/file", "/sticky/other"), EPERM);
	CHECK_ERR(rename("/sticky/file", "/w/stolen"), EPERM);
	t_put("/sticky/mine", "x");
	CHECK_ERR(rename("/sticky/mine", "/sticky/file"), EPERM);
	CHECK_OK(rename("/sticky/mine", "/sticky/mine2"));
	CHECK_OK(unlink("/sticky/mine2"));
	CHECK_ERR(open("/sticky/file", O_RDWR), EACCES);
	CHECK(t_holds("/sticky/file", "of root\n"));
	CHECK_ERR(unlink("/etc/marker"), EACCES);
	CHECK_ERR(rename("/etc/marker", "/w/marker"), EACCES);
	return t_end();
}
