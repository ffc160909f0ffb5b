/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: setgid directories: directories inherit the bit, files the group. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	REQUIRE(!mkdir("d", 0755));
	if (!geteuid() && chown("d", -1, 1))
		T_SKIP("chown to another group is not possible");
	REQUIRE(!chmod("d", 02755));
	CHECK_EQ(t_mode("d"), 02755);
	CHECK_OK(mkdir("d/sub", 0755));
	CHECK_EQ(t_mode("d/sub"), 02755);
	fd = open("d/f", O_RDWR | O_CREAT, 0755);
	CHECK(fd >= 0);
	CHECK_EQ(t_mode("d/f"), 0755);
	CHECK_OK(mkfifo("d/p", 0644));
	if (!geteuid()) {
		CHECK(!stat("d/sub", &st) && st.st_gid == 1);
		CHECK(!stat("d/f", &st) && st.st_gid == 1);
		CHECK(!stat("d/p", &st) && st.st_gid == 1);
	}
	CHECK_OK(mkdir("plain", 0755));
	CHECK_EQ(t_mode("plain"), 0755);
	CHECK(!stat("plain", &st) && st.st_gid == getegid());
	return t_end();
}
