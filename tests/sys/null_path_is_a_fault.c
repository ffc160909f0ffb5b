/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: NULL path: EFAULT; with AT_EMPTY_PATH newer kernels take it for the empty path. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	struct statx sx;
	char path[64];
	int fd, r;

	t_put("f", "x");
	fd = open("f", O_RDONLY);
	CHECK_ERR(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY), EFAULT);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, NULL, &st, 0), EFAULT);
	CHECK_ERR(syscall(SYS_mkdirat, AT_FDCWD, NULL, 0755), EFAULT);
	CHECK_ERR(syscall(SYS_unlinkat, AT_FDCWD, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_chdir, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_execve, NULL, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_truncate, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, NULL, path, sizeof(path)), EFAULT);
	CHECK_ERR(syscall(SYS_faccessat2, fd, NULL, F_OK, AT_EMPTY_PATH), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, AT_EMPTY_PATH), EFAULT);
	r = (int)syscall(SYS_newfstatat, fd, NULL, &st, AT_EMPTY_PATH);
	CHECK((!r && st.st_size == 1) || (r == -1 && errno == EFAULT));
	r = (int)syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, STATX_SIZE, &sx);
	CHECK((!r && sx.stx_size == 1) || (r == -1 && errno == EFAULT));
	return t_end();
}
