/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: openat2: the guest's own RESOLVE_* flags are honoured relative to its own dirfd. */
#include "t.h"
#include <linux/openat2.h>

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

static int o2(int dirfd, const char *path, uint64_t resolve)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

/* As O_CREAT | O_EXCL: what is wrong on the way comes first. */
static int o2_new(int dirfd, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, .mode = 0600, .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static bool reads(int fd, const char *text)
{
	char buf[64];

	if (fd < 0)
		return false;
	t_slurp(fd, buf, sizeof(buf));
	close(fd);
	return !strcmp(buf, text);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int d;

	REQUIRE(!mkdir("jail", 0755) && !mkdir("jail/sub", 0755) && !mkdir("jail/etc", 0755));
	t_put("outside", "outside");
	t_put("jail/inside", "inside");
	t_put("jail/etc/marker", "of the jail");
	REQUIRE(!symlink("/etc/marker", "jail/abs") && !symlink("../outside", "jail/up") &&
		!symlink("../inside", "jail/sub/ok") && !symlink("sub", "jail/dirlink"));
	d = open("jail", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(reads(o2(d, "inside", 0), "inside"));
	CHECK(reads(o2(d, "../outside", 0), "outside"));
	CHECK(reads(o2(d, "abs", 0), "the root of the guest\n"));

	CHECK(reads(o2(d, "sub/../inside", RESOLVE_BENEATH), "inside"));
	CHECK(reads(o2(d, "sub/ok", RESOLVE_BENEATH), "inside"));
	CHECK_ERR(o2(d, "../outside", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2(d, "..", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2(d, "up", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2(d, "abs", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2(d, "/w/jail/inside", RESOLVE_BENEATH), EXDEV);

	CHECK_ERR(o2_new(d, "abs/../sub/new", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2_new(d, "sub/../abs/../new", RESOLVE_BENEATH), EXDEV);
	CHECK_ERR(o2_new(d, "sub/../abs", RESOLVE_BENEATH), EEXIST);

	CHECK(reads(o2(d, "/inside", RESOLVE_IN_ROOT), "inside"));
	CHECK(reads(o2(d, "../../../inside", RESOLVE_IN_ROOT), "inside"));
	CHECK(reads(o2(d, "abs", RESOLVE_IN_ROOT), "of the jail"));
	CHECK_ERR(o2(d, "up", RESOLVE_IN_ROOT), ENOENT);
	CHECK_ERR(o2(d, "/w", RESOLVE_IN_ROOT), ENOENT);
	CHECK_ERR(o2(d, "/proc/self/status", RESOLVE_IN_ROOT), ENOENT);
	CHECK_ERR(o2(d, "inside", RESOLVE_IN_ROOT | RESOLVE_BENEATH), EINVAL);
	CHECK_ERR(o2_new(d, "//", RESOLVE_IN_ROOT), EEXIST);

	CHECK(reads(o2(d, "inside", RESOLVE_NO_SYMLINKS), "inside"));
	CHECK_ERR(o2(d, "sub/ok", RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_ERR(o2(d, "dirlink/ok", RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_ERR(o2(AT_FDCWD, "jail/abs", RESOLVE_NO_SYMLINKS), ELOOP);

	CHECK(reads(o2(d, "sub/ok", RESOLVE_NO_MAGICLINKS), "inside"));
	CHECK_ERR(o2(AT_FDCWD, "/proc/self/exe", RESOLVE_NO_MAGICLINKS), ELOOP);
	CHECK_ERR(o2(AT_FDCWD, "/proc/self/fd/0", RESOLVE_NO_MAGICLINKS), ELOOP);
	CHECK(o2(AT_FDCWD, "/proc/self/status", RESOLVE_NO_MAGICLINKS) >= 0);
	CHECK_ERR(o2(AT_FDCWD, "/proc/self/status", RESOLVE_NO_XDEV), EXDEV);
	CHECK(o2(d, "sub/ok", RESOLVE_NO_XDEV) >= 0);
	/* Cached or not is a matter of luck; another error is not. */
	CHECK(o2(d, "inside", RESOLVE_CACHED) >= 0 || errno == EAGAIN);
	return t_end();
}
