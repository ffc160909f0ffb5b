/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AT_SYMLINK_NOFOLLOW in utimensat, faccessat2, fchmodat2, name_to_handle_at, and unknown flags. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct timespec ts[2] = {{1000, 111}, {2000, 222}};
	struct stat st;
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + 128];
	} a, b;
	int id;

	t_put_mode("f", "x", 0600);
	REQUIRE(!symlink("f", "l") && !symlink("none", "dangling"));
	CHECK_OK(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW));
	CHECK(!lstat("l", &st) && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 222);
	CHECK(!stat("f", &st) && st.st_mtim.tv_sec != 2000);
	CHECK_OK(utimensat(AT_FDCWD, "dangling", ts, AT_SYMLINK_NOFOLLOW));
	CHECK_ERR(utimensat(AT_FDCWD, "dangling", ts, 0), ENOENT);
	CHECK_ERR(utimensat(AT_FDCWD, "f", ts, 0x8000), EINVAL);
	CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, 0), ENOENT);
	if (syscall(SYS_fchmodat2, AT_FDCWD, "l", 0644, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOSYS) {
		CHECK_ERR(syscall(SYS_fchmodat2, AT_FDCWD, "l", 0644, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
		CHECK_EQ(t_mode("f"), 0600);
		CHECK_OK(syscall(SYS_fchmodat2, AT_FDCWD, "l", 0640, 0));
		CHECK_EQ(t_mode("f"), 0640);
		CHECK_OK(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0604, AT_SYMLINK_NOFOLLOW));
		CHECK_EQ(t_mode("f"), 0604);
		CHECK_ERR(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0604, 0x8000), EINVAL);
	}
	a.h.handle_bytes = b.h.handle_bytes = 128;
	if (!name_to_handle_at(AT_FDCWD, "l", &a.h, &id, 0)) {
		CHECK_OK(name_to_handle_at(AT_FDCWD, "l", &b.h, &id, AT_SYMLINK_FOLLOW));
		CHECK(a.h.handle_bytes != b.h.handle_bytes ||
		      memcmp(a.h.f_handle, b.h.f_handle, a.h.handle_bytes));
	} else {
		CHECK(errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM);
	}
	return t_end();
}
