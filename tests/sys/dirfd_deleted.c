/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a dirfd whose directory was deleted: nothing can be made or found in it, and fstat still works. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char link[64];
	int d, p;

	REQUIRE(!mkdir("a", 0755));
	d = open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p = open("a", O_PATH | O_CLOEXEC);
	REQUIRE(!rmdir("a") && !mkdir("a", 0755));
	t_put("a/f", "impostor");
	for (int i = 0; i < 2; i++) {
		int fd = i ? p : d;

		CHECK_ERR(openat(fd, "f", O_RDONLY), ENOENT);
		CHECK_ERR(openat(fd, "new", O_RDWR | O_CREAT, 0644), ENOENT);
		CHECK_ERR(mkdirat(fd, "new", 0755), ENOENT);
		CHECK_ERR(symlinkat("x", fd, "new"), ENOENT);
		CHECK_ERR(linkat(AT_FDCWD, "a/f", fd, "new", 0), ENOENT);
		CHECK_ERR(renameat(AT_FDCWD, "a/f", fd, "new"), ENOENT);
		CHECK_ERR(fstatat(fd, "f", &st, 0), ENOENT);
		CHECK_ERR(unlinkat(fd, "f", 0), ENOENT);
		CHECK(!fstat(fd, &st) && st.st_nlink == 0);
		CHECK(!fstatat(fd, ".", &st, 0) && st.st_nlink == 0);
		CHECK_OK(fstatat(fd, "..", &st, 0));
		CHECK_EQ(st.st_ino, t_ino("/w"));
		CHECK_OK(fstatat(fd, "/w/a", &st, 0));
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		CHECK_STR(t_readlink(link), "/w/a (deleted)");
	}
	CHECK(t_holds("a/f", "impostor"));
	return t_end();
}
