/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: `..` above the root is the root, from everywhere and in every spelling. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat root, st;
	char cwd[64];
	int fd;

	REQUIRE(!stat("/", &root));
	CHECK(!stat("/..", &st) && st.st_ino == root.st_ino && st.st_dev == root.st_dev);
	CHECK(!lstat("/../../../..", &st) && st.st_ino == root.st_ino);
	CHECK(!stat("../../../../..", &st) && st.st_ino == root.st_ino);
	CHECK(!stat("/proc/../..", &st) && st.st_ino == root.st_ino);
	CHECK(!stat("/dev/../../etc/..", &st) && st.st_ino == root.st_ino);
	CHECK(t_holds("/../etc/marker", "the root of the guest\n"));
	CHECK(t_holds("../../../../etc/marker", "the root of the guest\n"));
	fd = open("/", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK(!fstatat(fd, "..", &st, 0) && st.st_ino == root.st_ino);
	CHECK(!fstatat(fd, "../..", &st, 0) && st.st_ino == root.st_ino);
	fd = openat(fd, "..", O_RDONLY | O_DIRECTORY);
	CHECK(!fstat(fd, &st) && st.st_ino == root.st_ino);
	CHECK_OK(fchdir(fd));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK_OK(chdir(".."));
	CHECK_OK(chdir("../../.."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK(t_exists("etc/marker"));
	CHECK_OK(chdir("/.."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK_OK(chdir("/../w/../.."));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK_ERR(mkdir("..", 0755), EEXIST);
	CHECK(rmdir("/..") < 0);
	CHECK_ERR(rename("/..", "/w/x"), EBUSY);
	return t_end();
}
