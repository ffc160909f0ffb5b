/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: mknod of each type; devices are not for a guest that is not root. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	CHECK_OK(mknod("reg", S_IFREG | 0640, 0));
	CHECK_EQ(t_type("reg"), S_IFREG);
	CHECK_OK(mknod("zero", 0600, 0));
	CHECK_EQ(t_type("zero"), S_IFREG);
	CHECK_OK(mknod("fifo", S_IFIFO | 0600, 0));
	CHECK_EQ(t_type("fifo"), S_IFIFO);
	CHECK_OK(mknod("sock", S_IFSOCK | 0600, 0));
	CHECK_EQ(t_type("sock"), S_IFSOCK);
	CHECK_ERR(mknod("dir", S_IFDIR | 0755, 0), EPERM);
	CHECK_ERR(mknod("lnk", S_IFLNK | 0755, 0), EINVAL);
	CHECK_ERR(mknod("reg", S_IFREG | 0644, 0), EEXIST);
	CHECK_ERR(mknod("missing/x", S_IFREG | 0644, 0), ENOENT);
	CHECK_ERR(open("sock", O_RDWR), ENXIO);
	/* overlayfs's mark for a deleted name is no device, and anybody's to make */
	CHECK_OK(mknod("mark", S_IFCHR | 0600, 0));
	CHECK_EQ(t_type("mark"), S_IFCHR);
	CHECK(open("mark", O_RDONLY) < 0 && (errno == ENXIO || errno == EACCES));
	if (geteuid()) {
		CHECK_ERR(mknod("reg", S_IFCHR | 0600, makedev(1, 3)), EEXIST);
		CHECK_ERR(mknod("slash/", S_IFCHR | 0600, makedev(1, 3)), ENOENT);
		CHECK_ERR(mknod("missing/x", S_IFBLK | 0600, makedev(7, 0)), ENOENT);
		REQUIRE(!mkdir("closed", 0555));
		CHECK_ERR(mknod("closed/x", S_IFBLK | 0600, makedev(7, 0)), EACCES);
		CHECK_ERR(mknod("chr", S_IFCHR | 0600, makedev(1, 3)), EPERM);
		CHECK_ERR(mknod("blk", S_IFBLK | 0600, makedev(7, 0)), EPERM);
		CHECK_ERR(mknod("/proc/self/fd/900", S_IFCHR | 0600, makedev(1, 3)), ENOENT);
		REQUIRE(!mkdir("gone", 0755) && !chdir("gone") && !rmdir("/w/gone"));
		CHECK_ERR(mknod("chr", S_IFCHR | 0600, makedev(1, 3)), ENOENT);
	}
	return t_end();
}
