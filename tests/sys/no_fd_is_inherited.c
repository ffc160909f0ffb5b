/* SPDX-License-Identifier: Apache-2.0 */
/* exec: no fd of the supervisor is inherited: a guest starts with 0, 1 and 2 and nothing else. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct dirent *e;
	DIR *dir;

	for (int i = 0; i < 4096; i++) {
		int r = fcntl(i, F_GETFD);

		if ((r >= 0) != (i < 3))
			t_fail(__FILE__, __LINE__, "fd %d is %s", i, r < 0 ? "closed" : "open");
		else if (i < 3 && r != 0)
			t_fail(__FILE__, __LINE__, "fd %d is close-on-exec", i);
	}
	dir = opendir("/proc/self/fd");
	REQUIRE(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			CHECK(atoi(e->d_name) <= dirfd(dir));
	CHECK_EQ(dirfd(dir), 3);
	return t_end();
}
