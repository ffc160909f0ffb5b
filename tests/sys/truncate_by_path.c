/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: truncate is a write by path. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	t_put("f", "0123456789");
	REQUIRE(!symlink("f", "l") && !mkdir("d", 0755));
	CHECK_OK(truncate("l", 4));
	CHECK(t_holds("f", "0123"));
	CHECK_OK(truncate("f", 1L << 32));
	CHECK(!stat("f", &st) && st.st_size == 1L << 32 && st.st_blocks < 1000);
	CHECK_OK(truncate("f", 0));
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("d", 0), EISDIR);
	CHECK_ERR(truncate("missing", 0), ENOENT);
	CHECK_ERR(truncate("f/", 0), ENOTDIR);
	REQUIRE(!mkfifo("p", 0600));
	CHECK_ERR(truncate("p", 0), EINVAL);
	if (geteuid()) {
		CHECK_ERR(truncate("/etc/marker", 0), EACCES);
		REQUIRE(!chmod("f", 0400));
		CHECK_ERR(truncate("f", 0), EACCES);
	}
	CHECK_ERR(truncate("/t/helper-none", 0), ENOENT);
	return t_end();
}
