/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: the *at calls, relative to a dirfd that is not the working directory. */
#include "t.h"
#include <sys/statfs.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	struct statx sx;
	struct timespec ts[2] = {{1, 2}, {3, 4}};
	char buf[16];
	int d, e;

	REQUIRE(!mkdir("d", 0755) && !mkdir("e", 0755) && !mkdir("elsewhere", 0755));
	d = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e = open("e", O_PATH | O_DIRECTORY | O_CLOEXEC);
	REQUIRE(d >= 0 && e >= 0 && !chdir("elsewhere"));
	CHECK(openat(d, "f", O_RDWR | O_CREAT, 0600) >= 0);
	CHECK(openat(e, "../d/f", O_RDONLY) >= 0);
	CHECK_OK(fstatat(d, "f", &st, 0));
	CHECK_OK(statx(d, "f", 0, STATX_BASIC_STATS, &sx));
	CHECK_EQ(sx.stx_ino, st.st_ino);
	CHECK_OK(mkdirat(e, "sub", 0700));
	CHECK_OK(linkat(d, "f", e, "sub/hard", 0));
	CHECK_OK(symlinkat("sub/hard", e, "soft"));
	CHECK_EQ(readlinkat(e, "soft", buf, 16), 8);
	CHECK(!fstatat(e, "soft", &st, 0) && st.st_nlink == 2);
	CHECK_OK(fchmodat(e, "soft", 0640, 0));
	CHECK_OK(fchownat(e, "soft", -1, -1, 0));
	CHECK_OK(faccessat(e, "soft", R_OK, 0));
	CHECK_OK(utimensat(e, "soft", ts, 0));
	CHECK(!fstatat(d, "f", &st, 0) && st.st_mtim.tv_sec == 3 && st.st_mtim.tv_nsec == 4);
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_OK(mknodat(d, "fifo", S_IFIFO | 0600, 0));
	CHECK_OK(renameat(d, "fifo", e, "fifo2"));
	CHECK_OK(syscall(SYS_renameat2, e, "fifo2", d, "fifo3", 0));
#ifdef SYS_renameat
	CHECK_OK(syscall(SYS_renameat, d, "fifo3", d, "fifo4"));
#endif
	CHECK_OK(unlinkat(d, "fifo4", 0));
	CHECK_OK(unlinkat(e, "sub/hard", 0));
	CHECK_ERR(unlinkat(e, "sub", 0), EISDIR);
	CHECK_OK(unlinkat(e, "sub", AT_REMOVEDIR));
	CHECK_ERR(unlinkat(d, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR(unlinkat(d, "f", 1), EINVAL);
	CHECK_OK(chdir("/w"));
	CHECK(t_exists("d/f") && t_exists("e/soft") && !t_exists("e/sub"));
	return t_end();
}
