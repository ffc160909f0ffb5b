/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: O_TRUNC and O_CREAT are writes whatever the access mode says. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	int fd;

	t_put_mode("f", "text", 0644);
	fd = open("f", O_RDONLY | O_TRUNC);
	CHECK(fd >= 0);
	CHECK(t_holds("f", ""));
	t_put_mode("ro", "text", 0444);
	if (!geteuid())
		return t_end();
	CHECK_ERR(open("ro", O_RDONLY | O_TRUNC), EACCES);
	CHECK_ERR(open("ro", O_RDWR), EACCES);
	CHECK_ERR(open("ro", 3), EACCES);
	CHECK_ERR(creat("ro", 0666), EACCES);
	CHECK_ERR(open("/etc/marker", O_RDONLY | O_TRUNC), EACCES);
	CHECK_ERR(open("/etc/new", O_RDONLY | O_CREAT, 0644), EACCES);
	CHECK_ERR(open("/etc", O_TMPFILE | O_RDWR, 0600), EACCES);
	CHECK(t_holds("ro", "text") && t_holds("/etc/marker", "the root of the guest\n"));
	/* O_CREAT of what exists already is no write. */
	CHECK(open("/etc/marker", O_RDONLY | O_CREAT, 0644) >= 0);
	return t_end();
}
