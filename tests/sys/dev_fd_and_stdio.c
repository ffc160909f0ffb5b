/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N, and /proc/self/fd/N in their place. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64], link[64];
	int p[2], fd;

	REQUIRE(!pipe2(p, 0));
	CHECK_EQ(dup2(p[0], 0), 0);
	CHECK_EQ(write(p[1], "input\n", 6), 6);
	fd = open("/dev/stdin", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 6);
	CHECK_EQ(write(p[1], "again\n", 6), 6);
	fd = open("/dev/fd/0", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 6);
	snprintf(link, sizeof(link), "/dev/fd/%d", p[1]);
	fd = open(link, O_WRONLY | O_CLOEXEC);
	CHECK_EQ(write(fd, "third\n", 6), 6);
	CHECK_EQ(read(0, buf, sizeof(buf)), 6);
	CHECK_STR(t_readlink("/dev/fd"), "/proc/self/fd");
	CHECK_STR(t_readlink("/dev/stdin"), "/proc/self/fd/0");
	CHECK_EQ(system("echo out > /dev/stdout | cat > copy; cat /dev/stdin < /etc/marker > copy2"), 0);
	CHECK_EQ(system("echo out | cat /dev/stdin > copy; (echo err | cat > /dev/stderr) 2>&1 | cat > err"),
		 0);
	CHECK(t_holds("err", "err\n") && t_holds("copy", "out\n") &&
	      t_holds("copy2", "the root of the guest\n"));
	return t_end();
}
