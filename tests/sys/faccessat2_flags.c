/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: faccessat2 with its flags; access checks with real ids and AT_EACCESS. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int fd, exec_ok;

	t_put_mode("f", "x", 0600);
	t_put_mode("x", "x", 0700);
	t_put_mode("none", "x", 0000);
	REQUIRE(!mkdir("d", 0700));
	CHECK_OK(access("f", F_OK));
	CHECK_OK(access("f", R_OK | W_OK));
	CHECK_ERR(access("f", X_OK), EACCES); /* nobody may, not even root */
	CHECK_OK(access("x", R_OK | W_OK | X_OK));
	CHECK_OK(access("d", R_OK | W_OK | X_OK));
	CHECK_ERR(access("missing", F_OK), ENOENT);
	CHECK_ERR(access("f/x", F_OK), ENOTDIR);
	CHECK_ERR(access("f", 8), EINVAL);
	CHECK_ERR(access("f", -1), EINVAL);
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x8000), EINVAL);
	CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", X_OK, AT_EACCESS), EACCES);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_OK(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	CHECK_ERR(syscall(SYS_faccessat2, fd, "", R_OK, 0), ENOENT);
	if (geteuid()) {
		CHECK_ERR(access("none", R_OK), EACCES);
		CHECK_ERR(access("none", W_OK), EACCES);
		CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "none", R_OK, AT_EACCESS), EACCES);
		CHECK_ERR(access("/etc/marker", W_OK), EACCES);
		CHECK_OK(access("/etc/marker", R_OK));
		CHECK_ERR(access("/", W_OK), EACCES);
	}
	/* What access says is what open does. */
	exec_ok = !access("none", R_OK);
	fd = open("none", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(exec_ok, fd >= 0);
	return t_end();
}
