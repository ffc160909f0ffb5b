/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: truncate beyond RLIMIT_FSIZE of what is no file, or may not be written, has its own error and sends
 * no SIGXFSZ. */
#include "t.h"

static atomic_int hits;

static void hit(int sig)
{
	(void)sig;
	hits++;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct rlimit rl = {1000, 1000};

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755) && !mkfifo("p", 0644));
	REQUIRE(!setrlimit(RLIMIT_FSIZE, &rl));
	signal(SIGXFSZ, hit);
	CHECK_ERR(truncate("d", 1001), EISDIR);
	CHECK_ERR(truncate("d", 0), EISDIR);
	CHECK_ERR(truncate("p", 1001), EINVAL);
	CHECK_ERR(truncate("p", 0), EINVAL);
	CHECK_ERR(truncate("missing", 1001), ENOENT);
	CHECK_ERR(truncate("f", -1), EINVAL);
	if (geteuid() != 0) {
		REQUIRE(!chmod("f", 0444));
		CHECK_ERR(truncate("f", 1001), EACCES);
	}
	CHECK_EQ(hits, 0);
	return t_end();
}
