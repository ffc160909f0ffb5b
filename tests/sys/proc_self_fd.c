/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: /proc/self/fd/N: files, directories, pipes, sockets; listing; reopening makes a new description. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char link[64], buf[16];
	struct stat st;
	struct dirent *e;
	DIR *dir;
	int fd, again, p[2], s, n = 0;

	t_put("f", "text");
	REQUIRE(!mkdir("d", 0755) && !pipe2(p, O_CLOEXEC));
	t_put("d/g", "g");
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(read(fd, buf, 2), 2);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, O_RDWR | O_CLOEXEC);
	CHECK(again >= 0);
	CHECK_EQ(read(again, buf, 16), 4);
	CHECK_EQ(read(fd, buf, 16), 2);
	CHECK(!lstat(link, &st) && S_ISLNK(st.st_mode));
	CHECK(!stat(link, &st) && st.st_size == 4);
	CHECK_ERR(open(link, O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_OK(truncate(link, 1));
	CHECK(t_holds("f", "t"));
	CHECK_OK(chmod(link, 0600));
	CHECK_EQ(t_mode("f"), 0600);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", p[0]);
	CHECK(!strncmp(t_readlink(link), "pipe:[", 6));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", p[1]);
	again = open(link, O_WRONLY | O_CLOEXEC);
	CHECK(again >= 0);
	CHECK_EQ(write(again, "via", 3), 3);
	CHECK_EQ(read(p[0], buf, 16), 3);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", s);
	CHECK(!strncmp(t_readlink(link), "socket:[", 8));
	CHECK_ERR(open(link, O_RDWR), ENXIO);

	fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d/g", fd);
	CHECK(t_holds(link, "g"));
	snprintf(link, sizeof(link), "/proc/self/fd/%d/../f", fd);
	CHECK(t_holds(link, "t"));
	snprintf(link, sizeof(link), "/proc/self/fd/%d/new", fd);
	t_put(link, "new");
	CHECK(t_holds("d/new", "new"));
	CHECK_ERR(open("/proc/self/fd/900", O_RDONLY), ENOENT);
	CHECK_OK(rename("/proc/self/fd/0", "/proc/self/fd/0"));
	CHECK_ERR(rename("/proc/self/fd/0", "/proc/self/fd/1"), EPERM);
	CHECK_ERR(rename("/proc/self/fd/900", "/proc/self/fd/900"), ENOENT);
	CHECK_ERR(open("/proc/self/fd/x", O_RDONLY), ENOENT);

	dir = opendir("/proc/self/fd");
	REQUIRE(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.') {
			CHECK(fcntl(atoi(e->d_name), F_GETFD) >= 0);
			n++;
		}
	for (int i = 0; i < 256; i++)
		n -= fcntl(i, F_GETFD) >= 0;
	CHECK_EQ(n, 0);
	return t_end();
}
