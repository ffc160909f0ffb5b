/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: statfs; stat buffers: what the path gives is what the fd gives. */
#include "t.h"
#include <sys/statvfs.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct statfs a, b;
	struct statvfs v;
	int fd;

	t_put("f", "x");
	REQUIRE(!symlink("f", "l") && !symlink("none", "dangling"));
	fd = open("f", O_RDONLY | O_CLOEXEC);
	memset(&a, 0x55, sizeof(a));
	memset(&b, 0x55, sizeof(b));
	CHECK_OK(statfs("l", &a));
	CHECK_OK(fstatfs(fd, &b));
	CHECK_EQ(a.f_type, b.f_type);
	CHECK_EQ(a.f_bsize, b.f_bsize);
	CHECK_EQ(a.f_blocks, b.f_blocks);
	CHECK_EQ(a.f_files, b.f_files);
	CHECK_EQ(a.f_namelen, b.f_namelen);
	CHECK_EQ(a.f_frsize, b.f_frsize);
	CHECK(!memcmp(&a.f_fsid, &b.f_fsid, sizeof(a.f_fsid)));
	CHECK_ERR(statfs("dangling", &a), ENOENT);
	CHECK_ERR(statfs("f/x", &a), ENOTDIR);
	CHECK_ERR(fstatfs(-1, &a), EBADF);
	CHECK_OK(statfs("/", &a));
	CHECK_OK(statfs("/proc", &a));
	CHECK_EQ(a.f_type, 0x9fa0);
	CHECK_OK(statvfs(".", &v));
	return t_end();
}
