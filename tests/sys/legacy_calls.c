/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: the calls without "at", as raw system calls. */
#include "t.h"
#include <utime.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
#ifdef SYS_open
	struct stat st;
	struct utimbuf ut = {11, 22};
	struct timeval tv[2] = {{33, 5}, {44, 6}};
	char buf[16];

	CHECK_EQ(syscall(SYS_creat, "f", 0640), 3);
	CHECK_EQ(write(3, "abc", 3), 3);
	CHECK_EQ(syscall(SYS_open, "f", O_RDONLY), 4);
	CHECK_EQ(read(4, buf, 16), 3);
	CHECK_OK(syscall(SYS_stat, "f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_OK(syscall(SYS_mkdir, "d", 0750));
	CHECK_EQ(t_mode("d"), 0750);
	CHECK_OK(syscall(SYS_link, "f", "d/hard"));
	CHECK(t_ino("f") == t_ino("d/hard"));
	CHECK_OK(syscall(SYS_symlink, "hard", "d/soft"));
	CHECK_OK(syscall(SYS_lstat, "d/soft", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(syscall(SYS_readlink, "d/soft", buf, 16), 4);
	CHECK_OK(syscall(SYS_chmod, "d/soft", 0604));
	CHECK_EQ(t_mode("f"), 0604);
	CHECK_OK(syscall(SYS_chown, "d/soft", -1, -1));
	CHECK_OK(syscall(SYS_lchown, "d/soft", -1, -1));
	CHECK_OK(syscall(SYS_access, "d/soft", R_OK | W_OK));
	CHECK_OK(syscall(SYS_truncate, "f", 1));
	CHECK(t_holds("d/hard", "a"));
	CHECK_OK(syscall(SYS_utime, "f", &ut));
	CHECK(!stat("f", &st) && st.st_atime == 11 && st.st_mtime == 22);
	CHECK_OK(syscall(SYS_utimes, "d/soft", tv));
	CHECK(!stat("f", &st) && st.st_atime == 33 && st.st_mtim.tv_sec == 44 && st.st_mtim.tv_nsec == 6000);
	tv[1].tv_usec = 1000000;
	CHECK_ERR(syscall(SYS_utimes, "f", tv), EINVAL);
	tv[1].tv_usec = 7;
	CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", tv));
	CHECK(!stat("f", &st) && st.st_mtim.tv_nsec == 7000);
	CHECK_OK(syscall(SYS_utime, "f", NULL));
	CHECK(!stat("f", &st) && st.st_mtime > 1000000);
	CHECK_OK(syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
	CHECK(t_type("fifo") == S_IFIFO);
	CHECK_OK(syscall(SYS_rename, "d/soft", "soft"));
	CHECK(!t_exists("d/soft") && t_exists("soft"));
	CHECK_OK(syscall(SYS_unlink, "d/hard"));
	CHECK_OK(syscall(SYS_rmdir, "d"));
	CHECK(!t_exists("d") && t_exists("f"));
	CHECK_OK(syscall(SYS_chdir, "/tmp"));
	CHECK_EQ(syscall(SYS_getcwd, buf, 16), 5);
	CHECK_STR(buf, "/tmp");
#else
	T_SKIP("this architecture has only the *at calls");
#endif
	return t_end();
}
