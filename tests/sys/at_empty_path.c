/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AT_EMPTY_PATH: the fd itself, whatever it is. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st, want;
	struct statx sx;
	int fd, p, d;

	t_put("f", "12345");
	REQUIRE(!mkdir("d", 0700) && !stat("f", &want));
	fd = open("f", O_RDWR | O_CLOEXEC);
	p = open("f", O_PATH | O_CLOEXEC);
	d = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(!fstatat(fd, "", &st, AT_EMPTY_PATH) && st.st_ino == want.st_ino);
	CHECK(!fstatat(p, "", &st, AT_EMPTY_PATH) && st.st_ino == want.st_ino);
	CHECK(!fstatat(d, "", &st, AT_EMPTY_PATH) && S_ISDIR(st.st_mode));
	CHECK(!fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH) && S_ISDIR(st.st_mode));
	CHECK(!fstatat(fd, "/w/d", &st, AT_EMPTY_PATH) && S_ISDIR(st.st_mode));
	CHECK(!statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) && sx.stx_ino == want.st_ino);
	CHECK_ERR(fstatat(fd, "", &st, 0), ENOENT);
	CHECK_ERR(fstatat(900, "", &st, AT_EMPTY_PATH), EBADF);
	CHECK_ERR(fstatat(fd, "", &st, 0x8000), EINVAL);
	CHECK_OK(fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	CHECK_OK(fchownat(p, "", -1, -1, AT_EMPTY_PATH));
	if (!syscall(SYS_fchmodat2, fd, "", 0640, AT_EMPTY_PATH) || errno != ENOSYS) {
		CHECK_EQ(t_mode("f"), 0640);
		CHECK_OK(syscall(SYS_fchmodat2, p, "", 0604, AT_EMPTY_PATH));
		CHECK_EQ(t_mode("f"), 0604);
		CHECK_ERR(fchmodat(fd, "", 0600, 0), ENOENT);
	}
	CHECK_OK(syscall(SYS_faccessat2, d, "", X_OK, AT_EMPTY_PATH));
	/* Things that have no path at all. */
	CHECK(!pipe((int[2]){0}));
	int pipes[2];
	REQUIRE(!pipe2(pipes, O_CLOEXEC));
	CHECK(!fstatat(pipes[0], "", &st, AT_EMPTY_PATH) && S_ISFIFO(st.st_mode));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!fstatat(fd, "", &st, AT_EMPTY_PATH) && S_ISSOCK(st.st_mode));
	return t_end();
}
