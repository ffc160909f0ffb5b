/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: renameat2 flags: NOREPLACE, EXCHANGE, and combinations that are none. */
#include "t.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#define RENAME_WHITEOUT	 4
#endif

static long r2(const char *a, const char *b, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	t_put("a", "a");
	t_put("b", "b");
	REQUIRE(!mkdir("d", 0755) && !symlink("a", "l") && !symlink("none", "dangling"));
	t_put("d/in", "in");
	CHECK_ERR(r2("a", "b", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(r2("a", "dangling", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(r2("a", "d", RENAME_NOREPLACE), EEXIST);
	CHECK_ERR(r2("a", "a", RENAME_NOREPLACE), EEXIST);
	CHECK_OK(r2("a", "new", RENAME_NOREPLACE));
	CHECK_OK(r2("new", "a", RENAME_NOREPLACE));
	CHECK(t_holds("a", "a") && t_holds("b", "b"));

	CHECK_OK(r2("a", "b", RENAME_EXCHANGE));
	CHECK(t_holds("a", "b") && t_holds("b", "a"));
	CHECK_OK(r2("a", "d", RENAME_EXCHANGE));
	CHECK(t_type("a") == S_IFDIR && t_holds("a/in", "in") && t_holds("d", "b"));
	CHECK_OK(r2("l", "d", RENAME_EXCHANGE));
	CHECK(t_type("d") == S_IFLNK && t_holds("l", "b"));
	CHECK_ERR(r2("b", "missing", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR(r2("missing", "b", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR(r2("a", "a/in", RENAME_EXCHANGE), EINVAL);
	CHECK_ERR(r2("a/in", "a", RENAME_EXCHANGE), EINVAL);
	/* a slash wants a directory, and does not follow */
	REQUIRE(!symlink("a", "to-a"));
	CHECK_ERR(r2("a", "to-a/", RENAME_EXCHANGE), ENOTDIR);
	CHECK_ERR(r2("to-a/", "a", RENAME_EXCHANGE), ENOTDIR);
	CHECK(t_type("a") == S_IFDIR && t_type("to-a") == S_IFLNK);
	CHECK_ERR(r2("missing", "a", RENAME_WHITEOUT), ENOENT);
	CHECK_ERR(r2("b", "missing/x", RENAME_WHITEOUT), ENOENT);

	CHECK_ERR(r2("a", "b", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
	CHECK_ERR(r2("a", "b", RENAME_WHITEOUT | RENAME_EXCHANGE), EINVAL);
	CHECK_ERR(r2("a", "b", 8), EINVAL);
	CHECK_ERR(r2("a", "b", 0x80000000), EINVAL);
	return t_end();
}
