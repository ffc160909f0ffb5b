/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_DIRECTORY, opening directories for writing, and O_CREAT with O_DIRECTORY. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "lf") && !symlink("d", "ld") && !mkfifo("p", 0600));
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("lf", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("p", O_RDONLY | O_DIRECTORY), ENOTDIR); /* and does not block */
	CHECK(open("d", O_RDONLY | O_DIRECTORY) >= 0);
	CHECK(open("ld", O_RDONLY | O_DIRECTORY) >= 0);
	CHECK(open("d", O_RDONLY) >= 0);
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	CHECK_ERR(open("ld", O_RDWR | O_TRUNC), EISDIR);
	CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK(open("new", O_RDONLY | O_CREAT | O_DIRECTORY, 0644) < 0); /* EINVAL since Linux 6.4 */
	CHECK_ERR(open("missing", O_RDONLY | O_DIRECTORY), ENOENT);
	CHECK_ERR(open("missing/x", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(open("f/x", O_RDWR | O_CREAT, 0644), ENOTDIR);
	return t_end();
}
