/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: rename and link among names that are in the lower directory, in the layer, or in both. A directory
 * of the lower one moves as a whole, or not at all (EXDEV, as overlayfs has it). */
#include "t.h"
#include <sys/xattr.h>

static int rename2(const char *a, const char *b, unsigned flags)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static void files(void)
{
	struct stat st, other;

	CHECK_OK(rename("d/a", "d/b"));
	CHECK(t_holds("d/b", "a\n") && !t_exists("d/a"));
	t_put("new", "new");
	CHECK_OK(rename("new", "d/sub/c"));
	CHECK(t_holds("d/sub/c", "new"));
	CHECK_OK(rename("d/sub/c", "d/a"));
	CHECK(t_holds("d/a", "new") && !t_exists("d/sub/c"));
	CHECK_ERR(rename2("f", "d/a", 1 /* NOREPLACE */), EEXIST);
	CHECK_OK(rename2("f", "d/a", 2 /* EXCHANGE */));
	CHECK(t_holds("f", "new") && t_holds("d/a", "lower\n"));
	CHECK(!stat("d/a", &st) && (st.st_mode & 07777) == 0640 && st.st_mtime == 1580702706);
	CHECK_OK(rename("link", "moved"));
	CHECK_STR(t_readlink("moved"), "f");
	CHECK_OK(rename("fifo", "d/fifo"));
	CHECK(t_type("d/fifo") == S_IFIFO);
	/* both names of one file: nothing happens */
	CHECK_OK(link("exe", "exe2"));
	CHECK_OK(rename("exe", "exe2"));
	CHECK(t_exists("exe") && t_exists("exe2"));
	CHECK(!stat("exe", &st) && !stat("exe2", &other) && st.st_ino == other.st_ino && st.st_nlink == 2);
	CHECK_ERR(link("exe", "d/a"), EEXIST);
	CHECK_ERR(link("d", "d2"), EPERM);
}

static void directories(void)
{
	CHECK_ERR(rename("f", "d"), EISDIR);
	CHECK_ERR(rename("d", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "nowhere/f"), ENOENT);
	CHECK_OK(mkdir("own", 0755));
	CHECK_OK(mkdir("own/in", 0755));
	CHECK_ERR(rename("own", "own/in/x"), EINVAL);
	CHECK_ERR(rename("own", "d"), ENOTEMPTY);
	CHECK_OK(rename("own", "empty"));
	CHECK(t_type("empty/in") == S_IFDIR && !t_exists("own"));
	CHECK_OK(rename("empty", "gone/here"));
	CHECK(t_type("gone/here/in") == S_IFDIR && t_holds("gone/x", "x\n"));
	CHECK_ERR(rename("gone", "gone/sub/gone"), EINVAL);
	/* a whole subtree */
	if (rename("gone", "there") == 0) {
		CHECK(!t_exists("gone") && t_holds("there/x", "x\n") && t_holds("there/sub/y", "y\n"));
		CHECK(t_type("there/here/in") == S_IFDIR);
	} else {
		CHECK_EQ(errno, EXDEV);
		CHECK(!t_exists("there") && t_holds("gone/x", "x\n") && t_holds("gone/sub/y", "y\n"));
	}
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!chdir("/lower"));
	files();
	directories();
	return t_end();
}
