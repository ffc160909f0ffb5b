/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: an fd that comes from open is the lowest free one, as POSIX has it; shells depend on it. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int a, b, c;

	t_put("f", "x");
	a = open("f", O_RDONLY);
	b = open("f", O_RDONLY);
	c = open(".", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(a, 3);
	CHECK_EQ(b, 4);
	CHECK_EQ(c, 5);
	close(b);
	CHECK_EQ(open("f", O_RDWR), b);
	close(0);
	CHECK_EQ(open("f", O_RDONLY), 0);
	close(0);
	close(a);
	CHECK_EQ(open("/dev/null", O_RDONLY), 0);
	CHECK_EQ(open("/proc/self/stat", O_RDONLY), a);
	return t_end();
}
