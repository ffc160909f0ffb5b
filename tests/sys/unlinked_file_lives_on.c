/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: an unlinked file lives on in its fds: fstat, read and write, /proc/self/fd, and it can be reopened.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char link[64], buf[16];
	int fd, again;

	t_put("f", "text");
	fd = open("f", O_RDWR | O_CLOEXEC);
	REQUIRE(!unlink("f"));
	CHECK(!fstat(fd, &st) && st.st_nlink == 0 && st.st_size == 4);
	CHECK_EQ(write(fd, "TE", 2), 2);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_STR(t_readlink(link), "/w/f (deleted)");
	again = open(link, O_RDONLY | O_CLOEXEC);
	CHECK(again >= 0);
	CHECK_EQ(read(again, buf, 16), 4);
	CHECK(!memcmp(buf, "TExt", 4));
	CHECK(!stat(link, &st) && st.st_nlink == 0);
	CHECK_OK(fchmod(fd, 0600));
	CHECK_OK(ftruncate(fd, 2));
	/* Another file of the same name is another file. */
	t_put("f", "other");
	CHECK(!stat(link, &st) && st.st_size == 2);
	CHECK_OK(truncate(link, 1));
	CHECK(t_holds("f", "other"));
	return t_end();
}
