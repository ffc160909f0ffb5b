/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: a file of the lower directory that is changed keeps all that is not: mode, owner, times, holes. A
 * sparse file of 10 GiB costs none, a FIFO blocks nobody. */
#include "t.h"

static void attributes(void)
{
	struct stat a, b;
	struct timespec times[2] = {{0, UTIME_OMIT}, {1000, 5}};

	REQUIRE(!stat("f", &a));
	CHECK_OK(chmod("f", 0600));
	REQUIRE(!stat("f", &b));
	CHECK(b.st_mode == (S_IFREG | 0600) && b.st_uid == a.st_uid && b.st_gid == a.st_gid &&
	      b.st_size == a.st_size);
	CHECK(b.st_mtim.tv_sec == a.st_mtim.tv_sec && b.st_mtim.tv_nsec == a.st_mtim.tv_nsec);
	CHECK(t_holds("f", "lower\n"));
	CHECK_OK(utimensat(AT_FDCWD, "hard1", times, 0));
	CHECK(!stat("hard1", &b) && b.st_mtime == 1000 && t_holds("hard1", "hard\n"));
	REQUIRE(!stat("d/sub", &a));
	t_put("d/sub/c", "changed");
	CHECK(!stat("d/sub", &b) && a.st_mode == b.st_mode && a.st_mtime == b.st_mtime);
	CHECK_OK(chmod("d/sub", 0711));
	CHECK(t_holds("d/sub/deep/e", "e\n"));
}

static void contents(void)
{
	char buf[32] = "";
	int fd = open("d/a", O_WRONLY | O_APPEND);

	CHECK_EQ(write(fd, "more\n", 5), 5);
	close(fd);
	CHECK(t_holds("d/a", "a\nmore\n"));
	fd = open("d/b", O_RDWR);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 2);
	CHECK(!memcmp(buf, "b\n", 2));
	CHECK_EQ(write(fd, "c\n", 2), 2);
	CHECK(t_holds("d/b", "b\nc\n"));
	/* shared memory is the file */
	char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(map != MAP_FAILED);
	map[0] = 'B';
	CHECK(t_holds("d/b", "B\nc\n"));
	CHECK_EQ(pwrite(fd, "C", 1, 2), 1);
	CHECK_EQ(map[2], 'C');
	close(fd);
	fd = open("gone/x", O_RDWR | O_TRUNC);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	close(fd);
	CHECK(t_holds("gone/x", ""));
	CHECK_OK(truncate("gone/sub/y", 1));
	CHECK(t_holds("gone/sub/y", "y"));
}

static void holes(void)
{
	struct stat st;
	int fd = open("sparse", O_RDWR);

	CHECK_EQ(pwrite(fd, "x", 1, 5LL << 30), 1);
	CHECK(!fstat(fd, &st) && st.st_size == 10LL << 30 && st.st_blocks < 2048);
	close(fd);
	fd = open("holes", O_RDWR);
	CHECK_EQ(pwrite(fd, "x", 1, 3 << 20), 1);
	CHECK(!fstat(fd, &st) && st.st_size == 4 << 20 && st.st_blocks * 512 < 1 << 20);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 1 << 20);
	close(fd);
}

static void fifo(void)
{
	char c = 0;

	/* one end is open before the other, and before the copy is made */
	int in = open("many/fifo", O_RDONLY | O_NONBLOCK), out = open("many/fifo", O_WRONLY | O_NONBLOCK);
	CHECK_EQ(write(out, "y", 1), 1);
	CHECK(read(in, &c, 1) == 1 && c == 'y');
	CHECK_OK(chmod("fifo", 0640));
	CHECK_OK(rename("fifo", "pipe"));
	CHECK(t_type("pipe") == S_IFIFO && t_mode("pipe") == 0640);
	int fd = open("pipe", O_RDWR | O_NONBLOCK);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK(read(fd, &c, 1) == 1 && c == 'x');
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!chdir("/lower"));
	attributes();
	contents();
	holes();
	fifo();
	return t_end();
}
