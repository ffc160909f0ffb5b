/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the no-follow family acts on the link: lstat, fstatat and statx with AT_SYMLINK_NOFOLLOW. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	struct statx sx;

	t_put("file", "12345");
	REQUIRE(!symlink("file", "link") && !symlink("nowhere", "dangling") && !symlink("/w", "dirlink"));
	CHECK(!lstat("link", &st) && S_ISLNK(st.st_mode) && st.st_size == 4);
	CHECK(!stat("link", &st) && S_ISREG(st.st_mode) && st.st_size == 5);
	CHECK(!lstat("dangling", &st) && S_ISLNK(st.st_mode) && st.st_size == 7);
	CHECK_ERR(stat("dangling", &st), ENOENT);
	CHECK(!lstat("dirlink", &st) && S_ISLNK(st.st_mode) && st.st_size == 2);
	CHECK(!lstat("dirlink/", &st) && S_ISDIR(st.st_mode));
	CHECK(!lstat("dirlink/file", &st) && S_ISREG(st.st_mode));
	CHECK(!lstat("dirlink/.", &st) && S_ISDIR(st.st_mode));
	CHECK(!fstatat(AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode));
	CHECK(!fstatat(AT_FDCWD, "link", &st, 0) && S_ISREG(st.st_mode));
	CHECK(!statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx) && S_ISLNK(sx.stx_mode));
	CHECK(!statx(AT_FDCWD, "link", 0, STATX_BASIC_STATS, &sx) && S_ISREG(sx.stx_mode));
	return t_end();
}
