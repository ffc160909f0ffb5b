/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_NOFOLLOW in all its combinations; only the last component counts. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "l") && !symlink("d", "ld") &&
		!symlink("none", "dangling"));
	t_put("d/g", "y");
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("l", O_RDWR | O_TRUNC | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("ld", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_NOFOLLOW, 0644), ELOOP);
	CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK(!t_exists("none"));
	CHECK(open("f", O_RDONLY | O_NOFOLLOW) >= 0);
	CHECK(open("new", O_RDWR | O_CREAT | O_NOFOLLOW, 0644) >= 0);
	CHECK(open("ld/g", O_RDONLY | O_NOFOLLOW) >= 0);
	CHECK(open("ld/", O_RDONLY | O_NOFOLLOW | O_DIRECTORY) >= 0);
	fd = open("l", O_PATH | O_NOFOLLOW);
	CHECK(fd >= 0 && !fstat(fd, &st) && S_ISLNK(st.st_mode));
	fd = open("l", O_PATH);
	CHECK(fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode));
	/* Without it a dangling link is created through. */
	CHECK(open("dangling", O_RDWR | O_CREAT, 0644) >= 0);
	CHECK(t_type("none") == S_IFREG);
	CHECK(t_holds("f", "x"));
	return t_end();
}
