/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: statx: the mask, the fields against stat, sync flags, and the errors of flags and mask. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct statx x;
	struct stat st;

	t_put("f", "12345");
	REQUIRE(!symlink("f", "l") && !stat("f", &st));
	memset(&x, 0x5a, sizeof(x));
	CHECK_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &x));
	CHECK((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK(x.stx_ino == st.st_ino && x.stx_mode == st.st_mode && x.stx_size == 5 && x.stx_nlink == 1);
	CHECK(x.stx_dev_major == major(st.st_dev) && x.stx_dev_minor == minor(st.st_dev));
	CHECK(x.stx_uid == st.st_uid && x.stx_gid == st.st_gid && x.stx_blksize == (uint32_t)st.st_blksize);
	CHECK(x.stx_mtime.tv_sec == st.st_mtim.tv_sec && x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
	CHECK(x.stx_blocks == (uint64_t)st.st_blocks);
	if (x.stx_mask & STATX_BTIME)
		CHECK(x.stx_btime.tv_sec > 1600000000 && x.stx_btime.tv_sec <= st.st_ctim.tv_sec);
	CHECK(!statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x) && S_ISLNK(x.stx_mode));
	CHECK_OK(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC, 0, &x));
	CHECK_OK(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_ALL, &x));
	CHECK_OK(statx(AT_FDCWD, "f", AT_NO_AUTOMOUNT, STATX_ALL, &x));
	CHECK_ERR(statx(AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_ALL, &x), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "f", 0x20000, STATX_ALL, &x), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "f", 0, 0x80000000U, &x), EINVAL);
	CHECK_ERR(statx(AT_FDCWD, "missing", 0, STATX_ALL, &x), ENOENT);
	CHECK_ERR(statx(AT_FDCWD, "", 0, STATX_ALL, &x), ENOENT);
	return t_end();
}
