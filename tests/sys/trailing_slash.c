/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a trailing slash on a file, on a link, on what is to be created. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !symlink("f", "lf") && !symlink("d", "ld") &&
		!symlink("none", "dangling"));
	CHECK_ERR(stat("f/", &st), ENOTDIR);
	CHECK_ERR(lstat("f/", &st), ENOTDIR);
	CHECK_ERR(stat("lf/", &st), ENOTDIR);
	CHECK_ERR(lstat("lf/", &st), ENOTDIR);
	CHECK_ERR(stat("f/.", &st), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(access("f/", F_OK), ENOTDIR);
	CHECK(!stat("d/", &st) && S_ISDIR(st.st_mode));
	CHECK(!stat("d///", &st) && S_ISDIR(st.st_mode));
	CHECK(!lstat("ld/", &st) && S_ISDIR(st.st_mode));
	CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open("f/", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_ERR(creat("d/", 0644), EISDIR);
	CHECK_ERR(creat("/proc/self/", 0644), EISDIR);
	CHECK_ERR(creat("/proc/self/status/", 0644), EISDIR);
	CHECK_ERR(creat("/proc/self/fd/none/", 0644), EISDIR);
	CHECK_ERR(creat("/proc/self/none/none/", 0644), ENOENT);
	CHECK_ERR(creat("/proc/self/status/none/", 0644), ENOTDIR);
	CHECK_ERR(open("/proc/self/cwd/", O_RDWR | O_CREAT | O_EXCL, 0644), EISDIR);
	CHECK_ERR(creat("/dev/null/", 0644), EISDIR);
	CHECK_ERR(mknod("new/", S_IFREG | 0644, 0), ENOENT);
	CHECK_ERR(symlink("f", "new/"), ENOENT);
	CHECK_ERR(link("f", "new/"), ENOENT);
	CHECK_OK(mkdir("made/", 0755));
	CHECK_ERR(mkdir("f/", 0755), EEXIST);
	CHECK_ERR(mkdir("dangling/", 0755), EEXIST);
	CHECK_ERR(unlink("f/"), ENOTDIR);
	CHECK_ERR(unlink("lf/"), ENOTDIR);
	CHECK_ERR(unlink("ld/"), ENOTDIR);
	CHECK_ERR(unlink("d/"), EISDIR);
	CHECK_ERR(rmdir("ld/"), ENOTDIR);
	CHECK_ERR(rmdir("f/"), ENOTDIR);
	CHECK_ERR(rename("f/", "g"), ENOTDIR);
	CHECK_ERR(rename("f", "g/"), ENOTDIR);
	CHECK_ERR(rename("ld/", "g"), ENOTDIR);
	CHECK_OK(rename("made/", "moved/"));
	CHECK_ERR(readlink("lf/", (char *)&st, 8), ENOTDIR);
	CHECK_ERR(readlink("ld/", (char *)&st, 8), EINVAL);
	CHECK_ERR(truncate("f/", 0), ENOTDIR);
	CHECK_ERR(chmod("f/", 0600), ENOTDIR);
	CHECK_OK(chmod("ld/", 0700));
	CHECK_EQ(t_mode("d"), 0700);
	CHECK_OK(rmdir("moved/"));
	CHECK_ERR(chdir("f/"), ENOTDIR);
	CHECK_OK(chdir("ld/"));
	return t_end();
}
