/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: utimensat with NULL path, UTIME_NOW, UTIME_OMIT, nanoseconds, before 1970, by fd. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct timespec ts[2] = {{-5, 1}, {1700000000, 123456789}};
	struct stat st, was;
	int fd;

	t_put("f", "x");
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK(!stat("f", &st) && st.st_atim.tv_sec == -5 && st.st_mtim.tv_nsec == 123456789);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1] = (struct timespec){77, 88};
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK(!stat("f", &st) && st.st_atim.tv_sec == -5 && st.st_mtim.tv_sec == 77 &&
	      st.st_mtim.tv_nsec == 88);
	ts[0].tv_nsec = UTIME_NOW;
	ts[1].tv_nsec = UTIME_OMIT;
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK(!stat("f", &st) && st.st_atim.tv_sec > 1600000000 && st.st_mtim.tv_sec == 77);
	ts[0].tv_nsec = ts[1].tv_nsec = UTIME_OMIT;
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	CHECK(!stat("f", &was) && was.st_mtim.tv_sec == 77);
	ts[0].tv_nsec = 1000000000;
	ts[1].tv_nsec = 0;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	ts[0].tv_nsec = -1;
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0), EINVAL);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	ts[0] = ts[1] = (struct timespec){5, 6};
	/* NULL path: the fd itself. */
	CHECK_OK(syscall(SYS_utimensat, fd, NULL, ts, 0));
	CHECK(!stat("f", &st) && st.st_mtim.tv_sec == 5 && st.st_atim.tv_nsec == 6);
	CHECK_ERR(syscall(SYS_utimensat, fd, NULL, ts, AT_SYMLINK_NOFOLLOW), EINVAL);
	CHECK_ERR(syscall(SYS_utimensat, -1, NULL, ts, 0), EBADF);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, ts, 0), EFAULT);
	CHECK_OK(syscall(SYS_utimensat, fd, NULL, NULL, 0));
	CHECK(!stat("f", &st) && st.st_mtim.tv_sec > 1600000000);
	CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	CHECK_OK(utimensat(fd, "", ts, AT_EMPTY_PATH));
	CHECK(!stat("f", &st) && st.st_mtim.tv_sec == 5);
	CHECK_ERR(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
	if (geteuid()) {
		CHECK_ERR(utimensat(AT_FDCWD, "/etc/marker", ts, 0), EPERM);
		CHECK_ERR(utimensat(AT_FDCWD, "/etc/marker", NULL, 0), EACCES);
	}
	return t_end();
}
