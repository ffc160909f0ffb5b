/* SPDX-License-Identifier: Apache-2.0 */
/* fds: an O_PATH open takes the last number that RLIMIT_NOFILE leaves, and is EMFILE without one. The limit
 * stays what it was. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct rlimit old, low, now;
	int first, last, fd;

	t_put("f", "x");
	first = open("f", O_RDONLY | O_CLOEXEC);
	REQUIRE(first >= 0 && !getrlimit(RLIMIT_NOFILE, &old) && old.rlim_max > 20);
	/* One number is left, and others above the limit are in use. */
	REQUIRE(dup3(first, first + 2, O_CLOEXEC) >= 0 && dup3(first, first + 4, O_CLOEXEC) >= 0);
	low = (struct rlimit){(rlim_t)first + 2, old.rlim_max};
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &low));
	last = open("f", O_PATH | O_CLOEXEC);
	CHECK_EQ(last, first + 1);
	CHECK_EQ(fcntl(last, F_GETFL) & O_PATH, O_PATH);
	CHECK_EQ(fcntl(last, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(open("f", O_PATH), EMFILE);
	CHECK(!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur == low.rlim_cur &&
	      now.rlim_max == low.rlim_max);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(fcntl(i + first, F_GETFD) >= 0, i == 0 || i == 1 || i == 2 || i == 4);
	close(last);
	fd = open(".", O_PATH | O_DIRECTORY);
	CHECK_EQ(fd, last);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	return t_end();
}
