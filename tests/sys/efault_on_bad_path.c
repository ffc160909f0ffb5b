/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a guest pointer that cannot be read gives EFAULT, for every spelling and each path argument.
 */
#include "t.h"
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <linux/openat2.h>

#define BAD ((char *)8)

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	struct statfs sf;
	struct statx sx;
	struct open_how how = {.flags = O_RDONLY};
	char buf[64];
	int in = inotify_init1(IN_CLOEXEC);

	t_put("f", "x");
	REQUIRE(!symlink("f", "l") && !mkdir("d", 0755));
#ifdef SYS_open
	CHECK_ERR(syscall(SYS_open, BAD, O_RDONLY), EFAULT);
	CHECK_ERR(syscall(SYS_creat, BAD, 0644), EFAULT);
	CHECK_ERR(syscall(SYS_stat, BAD, &st), EFAULT);
	CHECK_ERR(syscall(SYS_lstat, BAD, &st), EFAULT);
	CHECK_ERR(syscall(SYS_access, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mkdir, BAD, 0755), EFAULT);
	CHECK_ERR(syscall(SYS_rmdir, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_unlink, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_rename, BAD, "x"), EFAULT);
	CHECK_ERR(syscall(SYS_rename, "f", BAD), EFAULT);
	CHECK_ERR(syscall(SYS_link, BAD, "x"), EFAULT);
	CHECK_ERR(syscall(SYS_link, "f", BAD), EFAULT);
	CHECK_ERR(syscall(SYS_symlink, BAD, "x"), EFAULT);
	CHECK_ERR(syscall(SYS_symlink, "f", BAD), EFAULT);
	CHECK_ERR(syscall(SYS_readlink, BAD, buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_chmod, BAD, 0644), EFAULT);
	CHECK_ERR(syscall(SYS_chown, BAD, -1, -1), EFAULT);
	CHECK_ERR(syscall(SYS_lchown, BAD, -1, -1), EFAULT);
	CHECK_ERR(syscall(SYS_mknod, BAD, S_IFREG | 0644, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utime, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_utimes, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_futimesat, AT_FDCWD, BAD, NULL), EFAULT);
#endif
	CHECK_ERR(syscall(SYS_openat, AT_FDCWD, BAD, O_RDONLY), EFAULT);
	CHECK_ERR(syscall(SYS_openat, AT_FDCWD, BAD, O_CREAT | O_RDWR, 0644), EFAULT);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, BAD, &how, sizeof(how)), EFAULT);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", BAD, sizeof(how)), EFAULT);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, BAD, &st, 0), EFAULT);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, BAD, 0, STATX_BASIC_STATS, &sx), EFAULT);
	CHECK_ERR(syscall(SYS_faccessat, AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, BAD, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mkdirat, AT_FDCWD, BAD, 0755), EFAULT);
	CHECK_ERR(syscall(SYS_unlinkat, AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_unlinkat, AT_FDCWD, BAD, AT_REMOVEDIR), EFAULT);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, BAD, AT_FDCWD, "x", 0), EFAULT);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_symlinkat, BAD, AT_FDCWD, "x"), EFAULT);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, BAD, buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_fchmodat, AT_FDCWD, BAD, 0644), EFAULT);
	CHECK_ERR(syscall(SYS_fchownat, AT_FDCWD, BAD, -1, -1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mknodat, AT_FDCWD, BAD, S_IFREG | 0644, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, BAD, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_truncate, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_statfs, BAD, &sf), EFAULT);
	CHECK_ERR(syscall(SYS_chdir, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_execve, BAD, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_execveat, AT_FDCWD, BAD, NULL, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_getxattr, BAD, "user.a", buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_getxattr, "f", BAD, buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_lgetxattr, BAD, "user.a", buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_setxattr, BAD, "user.a", "v", 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_setxattr, "f", "user.a", BAD, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_listxattr, BAD, buf, sizeof(buf)), EFAULT);
	CHECK_ERR(syscall(SYS_removexattr, BAD, "user.a"), EFAULT);
	CHECK(syscall(SYS_inotify_add_watch, in, BAD, IN_CREATE) < 0 && (errno == EFAULT || errno == ENOSYS));
	CHECK(!t_exists("x"));
	return t_end();
}
