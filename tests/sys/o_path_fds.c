/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_PATH fds: they name, they do not open. ADDFD refuses them, so they take another way. */
#include "t.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat lst;
	char self[32];
	struct stat st, want;
	char link[64], buf[8];
	int p, d, fd;

	t_put_mode("f", "text", 0600);
	REQUIRE(!mkdir("d", 0755) && !mkfifo("fifo", 0600) && !symlink("f", "l"));
	t_put("d/g", "g");
	p = open("f", O_PATH | O_CLOEXEC);
	d = open("d", O_PATH | O_CLOEXEC);
	CHECK(p >= 0 && d >= 0);
	CHECK_EQ(fcntl(p, F_GETFL), O_PATH);
	CHECK_EQ(fcntl(d, F_GETFL), O_PATH);
	CHECK_ERR(read(p, buf, 8), EBADF);
	CHECK_ERR(write(p, buf, 8), EBADF);
	CHECK_ERR(fchmod(p, 0644), EBADF);
	CHECK_ERR(fchown(p, -1, -1), EBADF);
	CHECK_ERR(ftruncate(p, 0), EBADF);
	CHECK_ERR(fgetxattr(p, "user.a", buf, 8), EBADF);
	CHECK_ERR((long)(intptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, p, 0), EBADF);
	CHECK_ERR(syscall(SYS_getdents64, d, buf, 8), EBADF);
	CHECK(!stat("f", &want) && !fstat(p, &st) && st.st_ino == want.st_ino);
	CHECK(openat(d, "g", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK_OK(fchdir(d));
	CHECK(t_holds("g", "g"));
	CHECK_OK(chdir("/w"));
	/* It is opened by its /proc name, with the rights of that moment. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", p);
	CHECK_STR(t_readlink(link), "/w/f");
	fd = open(link, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, buf, 8), 4);
	/* It sticks to the object when the name goes. */
	CHECK_OK(rename("f", "moved"));
	CHECK(!fstat(p, &st) && st.st_ino == want.st_ino);
	CHECK_OK(unlink("moved"));
	CHECK(!fstat(p, &st) && st.st_nlink == 0);
	/* Nothing blocks, nothing is created, other flags are ignored. */
	fd = open("fifo", O_PATH | O_CLOEXEC);
	CHECK(fd >= 0 && !fstat(fd, &st) && S_ISFIFO(st.st_mode));
	CHECK_ERR(open("missing", O_PATH | O_CREAT, 0644), ENOENT);
	CHECK_ERR(open("d/g", O_PATH | O_DIRECTORY), ENOTDIR);
	fd = open("d/g", O_PATH | O_RDWR | O_TRUNC | O_APPEND);
	CHECK(fd >= 0);
	CHECK(t_holds("d/g", "g"));
	CHECK(dup(fd) >= 0);
	/* An fd of a symlink is the symlink by its name in /proc, too. */
	REQUIRE(!symlink("f", "link"));
	fd = open("link", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	CHECK(!stat(self, &lst) && S_ISLNK(lst.st_mode));
	CHECK_ERR(open(self, O_RDONLY), ELOOP);
	CHECK_ERR(truncate(self, 0), EINVAL);
	close(fd);
	/* One may have an O_PATH fd of what one may not read. */
	t_put_mode("closed", "x", 0000);
	CHECK(open("closed", O_PATH) >= 0);
	if (geteuid())
		CHECK_ERR(open("closed", O_RDONLY), EACCES);
	/* the access mode 3 is open for nothing either, but it is an open file */
	int none = open("none", O_CREAT | O_RDWR, 0600);
	CHECK(none >= 0);
	close(none);
	none = open("none", 3);
	CHECK(none >= 0);
	CHECK_OK(fchmod(none, 0640));
	CHECK_OK(fchown(none, (uid_t)-1, (gid_t)-1));
	int way = open(".", O_RDONLY | O_DIRECTORY);
	struct stat tmp;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", way);
	int nameless = open(link, O_TMPFILE | O_WRONLY, 0640);
	CHECK(nameless >= 0);
	CHECK_OK(fstat(nameless, &tmp));
	CHECK_EQ(tmp.st_mode & 07777, 0640);
	return t_end();
}
