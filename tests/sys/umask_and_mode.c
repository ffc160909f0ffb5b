/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: mode argument and umask, of the process and of that moment; high bits of the mode. */
#include "t.h"

static int opened(const char *name, int flags, mode_t mode)
{
	int fd = open(name, flags | O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode), m;
	struct stat st;

	if (fd < 0)
		return -errno;
	fstat(fd, &st);
	m = st.st_mode & 07777;
	close(fd);
	return m;
}

static void *other_thread(void *arg)
{
	umask(077);
	return arg;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	umask(022);
	CHECK_EQ(opened("a", 0, 0666), 0644);
	CHECK_EQ(opened("b", 0, 0777), 0755);
	CHECK_EQ(opened("c", 0, 0), 0);
	CHECK_EQ(opened("d", 0, 04755), 04755);
	CHECK_EQ(opened("e", 0, 0400), 0400);
	umask(077);
	CHECK_EQ(opened("f", 0, 0666), 0600);
	CHECK_OK(mkdir("dir1", 0777));
	CHECK_EQ(t_mode("dir1"), 0700);
	umask(0);
	CHECK_EQ(opened("g", 0, 0666), 0666);
	CHECK_OK(mkdir("dir2", 0777));
	CHECK_EQ(t_mode("dir2"), 0777);
	CHECK_OK(mkdir("dir3", 01777));
	CHECK_EQ(t_mode("dir3"), 01777);
	CHECK_OK(mkfifo("fifo1", 0666));
	CHECK_EQ(t_mode("fifo1"), 0666);
	umask(027);
	CHECK_OK(mkfifo("fifo2", 0666));
	CHECK_EQ(t_mode("fifo2"), 0640);
	CHECK_OK(mknod("reg", 0666, 0));
	CHECK_EQ(t_mode("reg"), 0640);
	CHECK_EQ(t_type("reg"), S_IFREG);
	fd = creat("creat", 0777);
	CHECK(fd >= 0);
	CHECK_EQ(t_mode("creat"), 0750);
	fd = open(".", O_TMPFILE | O_RDWR, 0666);
	CHECK(fd >= 0 && !fstat(fd, &st));
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_OK(symlink("x", "s"));
	CHECK_EQ(t_mode("s"), 0777);
	/* chmod knows no umask. */
	CHECK_OK(chmod("reg", 0666));
	CHECK_EQ(t_mode("reg"), 0666);
	/* An existing file keeps its mode; the mode argument does not limit the fd that made the file. */
	fd = open("reg", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(t_mode("reg"), 0666);
	fd = open("readonly", O_RDWR | O_CREAT, 0400);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	/* Threads share the umask. */
	t_join(t_thread(other_thread, NULL));
	CHECK_EQ(opened("h", 0, 0666), 0600);
	/* A mode with what looks like a file type is a mode. */
	CHECK_EQ(opened("i", 0, S_IFDIR | 0644), 0600);
	return t_end();
}
