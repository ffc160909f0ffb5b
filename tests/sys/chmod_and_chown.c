/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: mode and owner by path and fd, the set-user-ID bit, and what a chown clears. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "l"));
	CHECK_OK(chmod("l", 06755));
	CHECK_EQ(t_mode("f"), 06755);
	CHECK_OK(chmod("f", 0));
	CHECK_EQ(t_mode("f"), 0);
	CHECK_OK(chmod("f", 0170644)); /* only the permission bits count */
	CHECK_EQ(t_mode("f"), 0644);
	CHECK_EQ(t_type("f"), S_IFREG);
	CHECK_OK(chmod("d", 03771));
	CHECK_EQ(t_mode("d"), 03771);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_OK(fchmod(fd, 0600));
	CHECK_EQ(t_mode("f"), 0600);
	CHECK_OK(fchown(fd, geteuid(), getegid()));
	CHECK_OK(chown("f", geteuid(), getegid()));
	CHECK_OK(chown("f", -1, -1));
	CHECK(!stat("f", &st) && st.st_uid == geteuid() && st.st_gid == getegid());
	CHECK_ERR(fchmod(-1, 0600), EBADF);
	CHECK_ERR(chmod("missing", 0600), ENOENT);
	CHECK_ERR(fchmodat(AT_FDCWD, "f/x", 0600, 0), ENOTDIR);
	REQUIRE(!chmod("f", 04755));
	fd = open("f", O_RDWR | O_CLOEXEC);
	CHECK_EQ(write(fd, "y", 1), 1);
	if (geteuid())
		CHECK_EQ(t_mode("f"), 0755);
	return t_end();
}
