/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: an open that ends in EMFILE has created, truncated and locked nothing: the kernel takes the
 * fd first. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct rlimit rl = {16, 16};
	int fd;

	t_put("f", "text");
	REQUIRE(!setrlimit(RLIMIT_NOFILE, &rl));
	while ((fd = dup(0)) >= 0)
		;
	REQUIRE(errno == EMFILE);
	CHECK_ERR(open("new", O_RDWR | O_CREAT, 0644), EMFILE);
	CHECK_ERR(open("new2", O_RDWR | O_CREAT | O_EXCL, 0644), EMFILE);
	CHECK_ERR(open("f", O_RDWR | O_TRUNC), EMFILE);
	CHECK_ERR(creat("f", 0644), EMFILE);
	close(15);
	CHECK(!t_exists("new"));
	CHECK(!t_exists("new2"));
	CHECK(t_holds("f", "text"));
	return t_end();
}
