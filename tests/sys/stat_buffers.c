/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: stat buffers: every field by path is the field by fd; nanoseconds, sizes, blocks, links, devices. */
#include "t.h"

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
	       a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_rdev == b->st_rdev && a->st_size == b->st_size && a->st_blksize == b->st_blksize &&
	       a->st_blocks == b->st_blocks && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec && a->st_atim.tv_nsec == b->st_atim.tv_nsec;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const paths[] = {"f", "d", ".", "/", "/etc/marker", "/t/helper", "/dev/null"};
	struct timespec ts[2] = {{1234567890, 987654321}, {1700000001, 123456789}};
	struct {
		char before[16];
		struct stat st;
		char after[16];
	} g;
	struct stat b;
	int fd;

	t_put("f", "12345");
	REQUIRE(!mkdir("d", 0755) && !link("f", "f2") && !truncate("f", 100000) &&
		!utimensat(AT_FDCWD, "f", ts, 0));
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		CHECK(fd >= 0);
		memset(&g, 0x5a, sizeof(g));
		memset(&b, 0xa5, sizeof(b));
		CHECK_OK(stat(paths[i], &g.st));
		CHECK_OK(fstat(fd, &b));
		if (!same(&g.st, &b))
			t_fail(__FILE__, __LINE__, "%s: stat and fstat differ (dev %lx %lx ino %lu %lu)",
			       paths[i], (long)g.st.st_dev, (long)b.st_dev, (long)g.st.st_ino,
			       (long)b.st_ino);
		CHECK(g.before[15] == 0x5a && g.after[0] == 0x5a);
		CHECK_OK(lstat(paths[i], &g.st));
		CHECK(same(&g.st, &b));
		close(fd);
	}
	CHECK(!stat("f", &b) && b.st_nlink == 2 && b.st_size == 100000 && b.st_mtim.tv_nsec == 123456789 &&
	      b.st_atim.tv_nsec == 987654321 && b.st_uid == geteuid() && b.st_gid == getegid());
	CHECK(!stat("/dev/null", &b) && S_ISCHR(b.st_mode) && b.st_rdev == makedev(1, 3));
	CHECK(!stat("/proc", &b) && S_ISDIR(b.st_mode));
	return t_end();
}
