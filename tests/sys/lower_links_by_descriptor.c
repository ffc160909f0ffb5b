/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that lie below a layer and are reached through descriptors, symlinks themselves among them: what is
 * changed is the layer's, errors are the kernel's whatever took the place of a name meanwhile. */
#include "t.h"
#include <sys/sysmacros.h>

static const char *at(int fd, const char *rest)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/self/fd/%d%s", fd, rest);
	return path;
}

static time_t modified(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -1 : st.st_mtim.tv_sec;
}

static void symlinks(void)
{
	const struct timespec then[2] = {{1000, 0}, {2000, 0}};
	struct stat st;
	int fd = open("/lower/link", O_PATH | O_NOFOLLOW | O_CLOEXEC);

	REQUIRE(fd >= 0);
	CHECK_OK(utimensat(AT_FDCWD, at(fd, ""), then, 0));
	CHECK_EQ(modified("/lower/link"), 2000);
	CHECK(modified("/lower/f") > 2000);
	CHECK_OK(chown(at(fd, ""), getuid(), getgid()));
	CHECK_STR(t_readlink("/lower/link"), "f");
	CHECK_ERR(open("/lower/dlink", O_PATH | O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
	CHECK_ERR(open("/lower/dlink", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
	fd = open("/lower/dlink", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	REQUIRE(fd >= 0 && !rename("/lower/dlink", "/lower/d/moved"));
	CHECK_ERR(fstatat(fd, "a", &st, 0), ENOTDIR);
	CHECK_ERR(mkdirat(fd, "../new", 0755), ENOTDIR);
}

static void replaced(void)
{
	int fd = open("/lower/fifo", O_PATH | O_CLOEXEC);

	REQUIRE(fd >= 0 && !rename("/lower/fifo", "/lower/pipe") && !symlink("d", "/lower/fifo"));
	CHECK_ERR(unlink(at(fd, "/a")), ENOTDIR);
	CHECK_ERR(open(at(fd, "/a"), O_RDONLY), ENOTDIR);
	CHECK(t_holds("/lower/d/a", "a\n"));
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!chdir("/lower"));
	symlinks();
	replaced();
	/* a file that is cut off has changed now, not when it did last */
	CHECK_EQ(modified("/lower/f"), 1580702706);
	CHECK_OK(truncate("/lower/f", 0));
	CHECK(modified("/lower/f") > 1600000000);
	CHECK_ERR(open("/lower/none/.", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(open("/lower/f/.", O_RDWR | O_CREAT, 0644), ENOTDIR);
	CHECK_ERR(open("/lower/d/.", O_RDWR | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open("/lower/d/.", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_ERR(mknod("/lower/exe", S_IFBLK | 0600, makedev(1, 3)), EEXIST);
	CHECK_ERR(mknod("/lower/link/", S_IFBLK | 0600, makedev(1, 3)), EEXIST);
	CHECK_ERR(link("/lower/exe", "/proc/self/fd/1"), EEXIST);
	CHECK_ERR(link("/lower/exe", "/proc/self/fd/999"), ENOENT);
	return t_end();
}
