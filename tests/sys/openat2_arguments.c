/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: openat2: unknown flags and sizes give the kernel's errors. */
#include "t.h"
#include <linux/openat2.h>

static long o2(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct {
		struct open_how how;
		uint64_t more[4];
	} big = {.how = {.flags = O_RDONLY}};
	static char page[8192];

	t_put("f", "x");
	CHECK(o2("f", O_RDONLY, 0, 0) >= 0);
	CHECK_ERR(o2("f", O_RDONLY, 0644, 0), EINVAL);
	CHECK_ERR(o2("new", O_RDWR | O_CREAT, 010000, 0), EINVAL);
	CHECK_ERR(o2("new", O_RDWR | O_CREAT, 0x100000000ULL | 0644, 0), EINVAL);
	CHECK(!t_exists("new"));
	CHECK(o2("new", O_RDWR | O_CREAT | O_EXCL, 0666, 0) >= 0);
	CHECK_EQ(t_mode("new"), 0644);
	CHECK_ERR(o2("f", O_RDONLY | 0x80000000ULL, 0, 0), EINVAL);
	CHECK_ERR(o2("f", O_RDONLY | 0x100000000ULL, 0, 0), EINVAL);
	CHECK_ERR(o2("f", O_RDONLY, 0, 0x40), EINVAL);
	CHECK_ERR(o2("f", O_RDONLY, 0, 0x100000000ULL), EINVAL);
	CHECK_ERR(o2("f", O_PATH | O_RDWR | O_TRUNC, 0, 0), EINVAL);
	CHECK_ERR(o2(".", O_TMPFILE | O_RDONLY, 0600, 0), EINVAL);
	CHECK_ERR(o2("f", O_CREAT | O_RDWR, 0644, 0x20 /* RESOLVE_CACHED */), EAGAIN);
	/* open and openat ignore what they do not know. */
	CHECK(open("f", O_RDONLY | (int)0x80000000) >= 0);

	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, 0), EINVAL);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, 23), EINVAL);
	CHECK(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof(big)) >= 0);
	CHECK(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof(big.how) + 1) >= 0);
	big.more[3] = 1;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof(big)), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", page, 4097), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", NULL, sizeof(big.how)), EFAULT);
	CHECK_ERR(syscall(SYS_openat2, -1, "f", &big, sizeof(big.how)), EBADF);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "", &big, sizeof(big.how)), ENOENT);

	/* Which root an absolute link leads to is known after an absolute path or a "..". */
	REQUIRE(!mkdir("d", 0755) && !symlink("/w/d", "abs"));
	CHECK_ERR(o2("abs", O_RDONLY, 0, 1 /* RESOLVE_NO_XDEV */), EXDEV);
	CHECK(o2("d/../abs", O_RDONLY, 0, 1) >= 0);
	CHECK_ERR(o2("abs/../f", O_RDONLY, 0, 1), EXDEV);
	/* Magic links are refused before it is seen where they lead. */
	char magic[64];
	snprintf(magic, sizeof(magic), "/proc/self/fd/%d/x",
		 open("gone", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	REQUIRE(!unlink("gone"));
	CHECK_ERR(o2(magic, O_RDONLY, 0, 2 /* RESOLVE_NO_MAGICLINKS */), ELOOP);
	CHECK_ERR(o2(magic, O_RDONLY, 0, 0), ENOTDIR);
	CHECK_ERR(syscall(SYS_openat2, open("f", O_RDONLY), "../d",
			  &(struct open_how){.resolve = 8 /* BENEATH */}, sizeof(struct open_how)),
		  ENOTDIR);
	return t_end();
}
