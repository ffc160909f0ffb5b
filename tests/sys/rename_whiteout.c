/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: renameat2 WHITEOUT: a 0:0 device is left behind, or the call is refused; never half of it. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	long r;

	t_put("a", "a");
	r = syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 4);
	if (r) {
		CHECK(errno == EPERM || errno == EINVAL || errno == EOPNOTSUPP);
		CHECK(t_holds("a", "a") && !t_exists("b"));
	} else {
		CHECK(t_holds("b", "a"));
		CHECK(lstat("a", &st) ? errno == ENOENT : S_ISCHR(st.st_mode) && st.st_rdev == 0);
	}
	return t_end();
}
