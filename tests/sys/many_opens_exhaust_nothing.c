/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: fds are closed on every path, of success and of failure; 6,000 calls leave nothing behind.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;

	t_put("f", "x");
	REQUIRE(!mkdir("d", 0755));
	for (int i = 0; i < 1200; i++) {
		int fd = open("f", O_RDONLY);

		if (fd != 3) {
			CHECK_EQ(fd, 3);
			break;
		}
		close(fd);
		CHECK_ERR(open("f", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
		CHECK_ERR(open("d", O_WRONLY), EISDIR);
		CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
		CHECK_OK(stat("d/../f", &st));
		if (t_failures)
			break;
	}
	return t_end();
}
