/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: without a free fd number an open fails with EMFILE whatever its path names; only the path's
 * own text is looked at before. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct rlimit rl = {16, 64};
	char path[PATH_MAX + 10];

	REQUIRE(!setrlimit(RLIMIT_NOFILE, &rl));
	while (dup(0) >= 0)
		;
	REQUIRE(errno == EMFILE);
	CHECK_ERR(open("missing", O_RDONLY), EMFILE);
	CHECK_ERR(open(".", O_RDWR), EMFILE);
	CHECK_ERR(open("missing/f", O_PATH), EMFILE);
	CHECK_ERR(openat(-1, "f", O_RDONLY), EMFILE);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open((char *)1, O_RDONLY), EFAULT);
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
	close(9);
	CHECK_ERR(open("missing", O_RDONLY), ENOENT);
	CHECK_ERR(openat(-1, "f", O_RDONLY), EBADF);
	/* A lower limit with a free number above it is as full. */
	CHECK_EQ(dup(0), 9);
	close(12);
	rl.rlim_cur = 12;
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &rl));
	CHECK_ERR(open("missing", O_RDONLY), EMFILE);
	return t_end();
}
