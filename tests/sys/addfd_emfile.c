/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: a guest at RLIMIT_NOFILE gets EMFILE, for every call that makes an fd, and nothing else
 * breaks. */
#include "t.h"
#include <linux/openat2.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct rlimit rl = {32, 32};
	struct open_how how = {.flags = O_RDONLY};
	struct stat st;
	char buf[16];
	int fds[64], n = 0;

	t_put("f", "text");
	REQUIRE(!mkdir("d", 0755) && !setrlimit(RLIMIT_NOFILE, &rl));
	while (n < 64 && (fds[n] = open("f", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	CHECK_EQ(errno, EMFILE);
	CHECK(n > 0 && fds[n - 1] == 31);
	CHECK_ERR(open("f", O_RDONLY), EMFILE);
	CHECK_ERR(open("f", O_PATH), EMFILE);
	CHECK_ERR(open("d", O_RDONLY | O_DIRECTORY), EMFILE);
	CHECK_ERR(open(".", O_TMPFILE | O_RDWR, 0600), EMFILE);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)), EMFILE);
	CHECK_ERR(open("/dev/null", O_RDWR), EMFILE);
	CHECK_ERR(open("/proc/self/status", O_RDONLY), EMFILE);
	/* Calls that need no fd of the guest's go on. */
	CHECK_OK(stat("f", &st));
	CHECK_OK(mkdir("d2", 0755));
	CHECK_OK(rename("d2", "d3"));
	CHECK_OK(chdir("d3"));
	CHECK_OK(chdir(".."));
	close(fds[3]);
	CHECK_EQ(open("f", O_RDONLY | O_CLOEXEC), fds[3]);
	CHECK_EQ(read(fds[3], buf, sizeof(buf)), 4);
	/* All of them still are what they were. */
	for (int i = 0; i < n; i++)
		CHECK(!fstat(fds[i], &st) && st.st_size == 4);
	return t_end();
}
