/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: linkat with AT_SYMLINK_FOLLOW and AT_EMPTY_PATH, and what cannot be linked. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd, r;

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "l") && !symlink("none", "dangling") &&
		!mkfifo("p", 0600));
	CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "link_of_link", 0));
	CHECK_EQ(t_type("link_of_link"), S_IFLNK);
	CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "link_of_file", AT_SYMLINK_FOLLOW));
	CHECK_EQ(t_type("link_of_file"), S_IFREG);
	CHECK(!stat("f", &st) && st.st_nlink == 2);
	CHECK_ERR(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_OK(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", 0));
	CHECK_OK(link("p", "p2"));
	CHECK_ERR(link("d", "d2"), EPERM);
	CHECK_ERR(link("f", "l"), EEXIST);
	CHECK_ERR(link("f", "f"), EEXIST);
	CHECK_ERR(link("missing", "y"), ENOENT);
	CHECK_ERR(link("f", "missing/y"), ENOENT);
	CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "y", 0x8000), EINVAL);
	CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "y", AT_SYMLINK_NOFOLLOW), EINVAL);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	r = linkat(fd, "", AT_FDCWD, "by_fd", AT_EMPTY_PATH);
	CHECK(!r || errno == ENOENT); /* before Linux 6.10 it takes a capability */
	if (!r)
		CHECK_EQ(t_ino("by_fd"), t_ino("f"));
	CHECK_ERR(linkat(fd, "", AT_FDCWD, "z", 0), ENOENT);
	/* A file that has lost its last name cannot get another. */
	t_put("gone", "x");
	fd = open("gone", O_RDONLY | O_CLOEXEC);
	REQUIRE(!unlink("gone"));
	CHECK_ERR(linkat(fd, "", AT_FDCWD, "z", AT_EMPTY_PATH), ENOENT);
	CHECK(!t_exists("y") && !t_exists("z"));
	return t_end();
}
