/* SPDX-License-Identifier: Apache-2.0 */
/* Objects below a layer that are held by a descriptor when their name goes: what was renamed is changed where
 * it is now, what was deleted or replaced is changed for who holds it alone, and what took its name never. */
#include "t.h"

static const char *at(int fd, const char *rest)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/self/fd/%d%s", fd, rest);
	return path;
}

static int held(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static mode_t mode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_mode & 07777;
}

/* A file may be called as the kernel calls one that is deleted. */
static void named_as_if_deleted(void)
{
	int fd = held("odd/named (deleted)"), out = open(at(fd, ""), O_WRONLY | O_TRUNC);

	CHECK_EQ(write(out, "new", 3), 3);
	close(out);
	CHECK_OK(chmod(at(fd, ""), 0640));
	CHECK(t_holds("odd/named (deleted)", "new") && t_mode("odd/named (deleted)") == 0640);
	close(fd);
}

static void renamed(void)
{
	struct stat st, by_path;
	int a = held("d/a"), b = held("d/a"), c = held("d/a"), d = open("d/a", O_PATH);
	char path[32];

	CHECK_OK(rename("d/a", "d/sub/a"));
	CHECK_OK(fchmod(a, 0611));
	CHECK_EQ(t_mode("d/sub/a"), 0611);
	CHECK(!fstat(a, &st) && !stat("d/sub/a", &by_path) && st.st_ino == by_path.st_ino);
	REQUIRE(!mkdir("moved", 0755) && !mkdir("moved/in", 0755));
	CHECK_OK(rename("d/sub/a", "moved/in/a"));
	CHECK_OK(rename("moved", "moved2"));
	CHECK_OK(chmod(at(b, ""), 0622));
	CHECK_EQ(t_mode("moved2/in/a"), 0622);
	snprintf(path, sizeof(path), "%s", t_readlink(at(d, "")));
	CHECK_STR(strrchr(path, '2') ? strrchr(path, '2') : path, "2/in/a");
	CHECK_OK(link("moved2/in/a", "linked"));
	CHECK_OK(fchmodat(AT_FDCWD, at(d, ""), 0633, 0));
	CHECK_EQ(t_mode("linked"), 0633);
	/* another one takes the old name, then the new one */
	t_put("d/a", "another");
	CHECK_OK(rename("d/a", "moved2/in/a"));
	CHECK_OK(fchmod(c, 0600));
	CHECK_EQ(t_mode("moved2/in/a"), 0644);
}

static void exchanged(void)
{
	int exe = held("exe"), hard = held("hard2");

	REQUIRE(!syscall(SYS_renameat2, AT_FDCWD, "exe", AT_FDCWD, "hard2", RENAME_EXCHANGE));
	CHECK_OK(fchmod(exe, 0700));
	CHECK_OK(fchmod(hard, 0606));
	CHECK_EQ(t_mode("hard2"), 0700);
	CHECK_EQ(t_mode("exe"), 0606);
	CHECK(t_holds(at(hard, ""), "hard\n"));
}

static void replaced(void)
{
	int deleted = held("f"), other = held("f"), unchanged = held("f"), over = held("d/b"),
	    fifo = open("fifo", O_PATH);
	struct stat st;
	char buf[8];

	REQUIRE(!unlink("f") && !unlink("fifo"));
	t_put("f", "other");
	t_put("fifo", "file");
	t_put("t", "over");
	REQUIRE(!rename("t", "d/b"));
	int f = t_mode("f"), b = t_mode("d/b");
	CHECK_OK(fchmod(deleted, 0600));
	CHECK_OK(fchmod(over, 0600));
	CHECK_OK(fchown(other, getuid(), getgid()));
	CHECK_EQ(mode_of(deleted), 0600);
	CHECK_EQ(read(deleted, buf, sizeof(buf)), 6);
	CHECK(!memcmp(buf, "lower\n", 6));
	CHECK(t_mode("f") == f && t_mode("d/b") == b && t_holds("f", "other") && t_holds("d/b", "over"));
	CHECK(t_holds(at(over, ""), "b\n") && t_holds(at(other, ""), "lower\n"));
	CHECK_ERR(linkat(AT_FDCWD, at(other, ""), AT_FDCWD, "link2", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_ERR(linkat(AT_FDCWD, at(unchanged, ""), AT_FDCWD, "link2", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_ERR(linkat(other, "", AT_FDCWD, "link2", AT_EMPTY_PATH), ENOENT);
	int in = open(at(fifo, ""), O_RDONLY | O_NONBLOCK);
	CHECK(!fstat(in, &st) && S_ISFIFO(st.st_mode));
	/* what nobody else can reach any more may be written to by who changed it */
	int out = open(at(deleted, ""), O_RDWR);
	CHECK(out >= 0 && write(out, "LO", 2) == 2 && pread(deleted, buf, 2, 0) == 2 &&
	      !memcmp(buf, "LO", 2));
	CHECK(t_holds("fifo", "file"));
}

static void directories(void)
{
	struct stat st;
	char buf[1024];
	int fd = open("empty", O_RDONLY | O_DIRECTORY);

	REQUIRE(fd >= 0 && !rmdir("empty") && !mkdir("empty", 0755));
	t_put("empty/x", "x");
	CHECK_ERR(fstatat(fd, "x", &st, 0), ENOENT);
	CHECK_ERR(openat(fd, "y", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERR(open(at(fd, "/x"), O_RDONLY), ENOENT);
	CHECK_ERR(mkdirat(fd, "y", 0755), ENOENT);
	CHECK_ERR(unlinkat(fd, "x", 0), ENOENT);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT);
	CHECK_OK(fstatat(fd, ".", &st, 0));
	CHECK_OK(fchmod(fd, 0700));
	CHECK_EQ(t_mode("empty"), 0755);
	CHECK_EQ(mode_of(fd), 0700);
	/* the working directory is one that is gone */
	REQUIRE(!mkdir("here", 0755) && !chdir("here") && !rmdir("../here"));
	CHECK_OK(chmod(".", 0711));
	CHECK_ERR(link("/proc/self/fd/1", "x"), ENOENT);
	REQUIRE(!chdir("/lower/d/sub/deep") && !unlink("e") && !rmdir("../deep"));
	CHECK_OK(stat(".", &st));
	CHECK_OK(chmod(".", 0711));
	CHECK_ERR(open("y", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERR(open(".", O_WRONLY | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open(".", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!chdir("/lower"));
	named_as_if_deleted();
	renamed();
	exchanged();
	replaced();
	directories();
	return t_end();
}
