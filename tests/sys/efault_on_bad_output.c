/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a guest buffer that cannot be written gives EFAULT, and the guest lives on. */
#include "t.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *bad[] = {(char *)8, ro, (char *)-4096L};

	REQUIRE(ro != MAP_FAILED && end != MAP_FAILED && !mprotect(end + 4096, 4096, PROT_NONE));
	t_put("f", "x");
	REQUIRE(!symlink("abcdefgh", "l"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
#ifdef SYS_stat
		CHECK_ERR(syscall(SYS_stat, "f", bad[i]), EFAULT);
		CHECK_ERR(syscall(SYS_lstat, "l", bad[i]), EFAULT);
		CHECK_ERR(syscall(SYS_readlink, "l", bad[i], 100), EFAULT);
#endif
		CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", bad[i], 0), EFAULT);
		CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, bad[i]), EFAULT);
		CHECK_ERR(syscall(SYS_statfs, "f", bad[i]), EFAULT);
		CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, "l", bad[i], 100), EFAULT);
		CHECK_ERR(syscall(SYS_getcwd, bad[i], 100), EFAULT);
	}
	/* A buffer that begins in one page and ends in a missing one. */
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", end + 4096 - 16, 0), EFAULT);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, "l", end + 4096 - 4, 100), EFAULT);
	/* What fits before the missing page is written, whatever the size said. */
	CHECK_ERRNO_IS(syscall(SYS_readlinkat, AT_FDCWD, "l", end + 4096 - 8, 100), 8);
	CHECK(!memcmp(end + 4096 - 8, "abcdefgh", 8));
	CHECK_ERRNO_IS(syscall(SYS_getcwd, end + 4096 - 3, 100), 3);
	CHECK(!strcmp(end + 4096 - 3, "/w"));
	/* The error of the path comes before that of the buffer. */
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "none", (char *)8, 0), ENOENT);
	CHECK_ERR(syscall(SYS_readlinkat, AT_FDCWD, "none", (char *)8, 100), ENOENT);
	return t_end();
}
