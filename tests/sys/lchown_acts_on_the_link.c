/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the no-follow family acts on the link: lchown, fchownat with AT_SYMLINK_NOFOLLOW. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!symlink("nowhere", "l"));
	t_put("f", "x");
	REQUIRE(!symlink("f", "lf"));
	CHECK_OK(lchown("l", geteuid(), getegid()));
	CHECK_ERR(chown("l", geteuid(), getegid()), ENOENT);
	CHECK_OK(fchownat(AT_FDCWD, "l", geteuid(), getegid(), AT_SYMLINK_NOFOLLOW));
	CHECK_ERR(fchownat(AT_FDCWD, "l", geteuid(), getegid(), 0), ENOENT);
	CHECK_ERR(fchownat(AT_FDCWD, "f", -1, -1, 0x4000), EINVAL);
	CHECK_OK(chown("lf", -1, -1));
	/* chown of a file by an ordinary user clears set-user-ID; on the link it must not reach the target.
	 */
	REQUIRE(!chmod("f", 04755));
	CHECK_OK(lchown("lf", geteuid(), getegid()));
	CHECK_EQ(t_mode("f"), 04755);
	if (geteuid()) {
		CHECK_OK(chown("lf", geteuid(), getegid()));
		CHECK_EQ(t_mode("f"), 0755);
		CHECK_ERR(chown("f", 0, 0), EPERM);
		CHECK_ERR(lchown("l", 0, 0), EPERM);
	}
	return t_end();
}
