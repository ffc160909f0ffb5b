/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: fchmod, fchown, futimens, fsetxattr through a read-only fd show by that fd and its duplicates,
 * which stay what they are: position, close-on-exec, sharing with a child. No xattrs but the program's own
 * are there. */
#include "t.h"
#include <sys/xattr.h>

/* All in one description: what is done by one shows by the other. */
static void file(const char *path)
{
	struct stat st, by_path;
	struct timespec times[2] = {{1000, 0}, {2000, 0}};
	char buf[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC), copy = dup(fd), other = open(path, O_RDONLY);

	REQUIRE(fd >= 0 && copy >= 0 && other >= 0);
	CHECK_EQ(read(fd, buf, 10), 10);
	CHECK_OK(fchmod(fd, 0711));
	CHECK(!fstat(fd, &st) && (st.st_mode & 07777) == 0711);
	CHECK(!fstat(copy, &st) && (st.st_mode & 07777) == 0711);
	CHECK(!stat(path, &by_path) && by_path.st_ino == st.st_ino && by_path.st_dev == st.st_dev);
	CHECK_EQ(lseek(copy, 0, SEEK_CUR), 10);
	CHECK_EQ(read(copy, buf, 5), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 15);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(copy, F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_OK(futimens(fd, times));
	CHECK(!fstat(copy, &st) && st.st_mtime == 2000);
	if (fsetxattr(fd, "user.t", "v", 1, 0) == 0) {
		CHECK_EQ(fgetxattr(copy, "user.t", buf, sizeof(buf)), 1);
		CHECK_EQ(fremovexattr(copy, "user.t"), 0);
	}
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
	CHECK_EQ(read(other, buf, 4), 4);
	CHECK(!memcmp(buf, "\177ELF", 4));
}

/* A description that a child has, too, is still that of both. */
static void shared(const char *path)
{
	struct stat st;
	char buf[8];
	int fd = open(path, O_RDONLY | O_CLOEXEC), ready[2], status;

	REQUIRE(fd >= 0 && !fstat(fd, &st) && !pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		read(ready[0], buf, 1);
		_exit(read(fd, buf, 5) != 5);
	}
	CHECK_OK(fchmod(fd, st.st_mode & 07777));
	CHECK_EQ(write(ready[1], "x", 1), 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
}

static void directory(void)
{
	struct stat st;
	struct dirent *e;
	unsigned seen = 0, n = 0;
	DIR *d = opendir(".");

	REQUIRE(d != NULL);
	for (int i = 0; i < 3; i++) { /* ".", ".." and one more, or three files */
		e = readdir(d);
		seen |= e->d_name[0] == 'n' ? 1U << (e->d_name[1] - 'a') : 0;
	}
	CHECK_OK(fchmod(dirfd(d), 0750));
	CHECK(!fstat(dirfd(d), &st) && (st.st_mode & 07777) == 0750);
	while ((e = readdir(d)))
		if (e->d_name[0] == 'n') {
			CHECK(!(seen & 1U << (e->d_name[1] - 'a')));
			seen |= 1U << (e->d_name[1] - 'a');
		}
	for (; seen; seen >>= 1)
		n += seen & 1;
	CHECK_EQ(n, 8);
	closedir(d);
}

static void no_marks(void)
{
	char list[4096] = "", value[16];
	int fd;

	REQUIRE(!rmdir("na") && !mkdir("na", 0755));
	fd = open("na", O_RDONLY | O_DIRECTORY);
	ssize_t n = flistxattr(fd, list, sizeof(list));
	CHECK_EQ(flistxattr(fd, NULL, 0), n);
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1)
		CHECK(strncmp(list + i, "user.", 5));
	CHECK(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) == -1 &&
	      (errno == ENODATA || errno == EOPNOTSUPP));
	CHECK_ERR(fgetxattr(-1, "user.overlay.opaque", value, sizeof(value)), EBADF);
	CHECK_ERR(flistxattr(-1, list, sizeof(list)), EBADF);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[3] = "na";

	for (; name[1] < 'i'; name[1]++)
		REQUIRE(!mkdir(name, 0755));
	if (geteuid() == 0) {
		file(t_self);
		shared("/t/helper");
	}
	directory();
	no_marks();
	return t_end();
}
