/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: RLIMIT_FSIZE and SIGXFSZ of a truncate done on behalf are the guest's, not the supervisor's. */
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
	struct stat st;
	pid_t pid;
	int fd;

	t_put("f", "x");
	REQUIRE(!setrlimit(RLIMIT_FSIZE, &rl));
	signal(SIGXFSZ, hit);
	CHECK_OK(truncate("f", 1000));
	CHECK_ERR(truncate("f", 1001), EFBIG);
	CHECK_EQ(hits, 1);
	CHECK(!stat("f", &st) && st.st_size == 1000);
	fd = open("f", O_RDWR);
	CHECK_ERR(ftruncate(fd, 1001), EFBIG);
	CHECK_EQ(hits, 2);
	CHECK_EQ(lseek(fd, 1000, SEEK_SET), 1000);
	CHECK_ERR(write(fd, "y", 1), EFBIG);
	CHECK_EQ(hits, 3);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_ERR(truncate("f", 2000), EFBIG);
	signal(SIGXFSZ, SIG_DFL);
	/* Making it shorter, or longer within the limit, is no matter of the limit. */
	CHECK_OK(truncate("f", 10));
	pid = t_fork();
	if (!pid) {
		truncate("f", 5000);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 128 + SIGXFSZ);
	/* Others are served as before, and the supervisor is alive. */
	CHECK(!stat("f", &st) && st.st_size == 10);
	return t_end();
}
