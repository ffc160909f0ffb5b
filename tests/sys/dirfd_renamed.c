/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a dirfd whose directory was renamed still names the directory, and its new place shows. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char link[64], cwd[64];
	int d, f;

	REQUIRE(!mkdir("a", 0755) && !mkdir("other", 0755));
	d = open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t_put("a/f", "x");
	f = open("a/f", O_RDWR | O_CLOEXEC);
	REQUIRE(d >= 0 && f >= 0 && !rename("a", "other/b"));
	CHECK(openat(d, "f", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK(openat(d, "new", O_RDWR | O_CREAT | O_CLOEXEC, 0644) >= 0);
	CHECK(t_exists("other/b/new"));
	/* An impostor at the old place is not it. */
	REQUIRE(!mkdir("a", 0755));
	t_put("a/g", "impostor");
	CHECK_ERR(openat(d, "g", O_RDONLY), ENOENT);
	CHECK_OK(mkdirat(d, "sub", 0755));
	CHECK(t_exists("other/b/sub") && !t_exists("a/sub"));
	CHECK_OK(renameat(d, "f", d, "h"));
	CHECK(t_exists("other/b/h"));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", d);
	CHECK_STR(t_readlink(link), "/w/other/b");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f);
	CHECK_STR(t_readlink(link), "/w/other/b/h");
	CHECK_OK(fchdir(d));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/other/b");
	CHECK(openat(d, "../../a/g", O_RDONLY | O_CLOEXEC) >= 0);
	return t_end();
}
