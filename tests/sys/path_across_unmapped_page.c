/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a path that ends right before an unmapped page is whole; one that runs into it is EFAULT. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char *map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *hole, *p;
	struct stat st;

	REQUIRE(map != MAP_FAILED && !munmap(map + 8192, 4096));
	hole = map + 8192;
	t_put("file", "x");

	p = hole - sizeof("file");
	memcpy(p, "file", sizeof("file"));
	CHECK_OK(stat(p, &st));
	CHECK_OK(access(p, R_OK));
	CHECK(open(p, O_RDONLY | O_CLOEXEC) >= 0);

	p = hole - strlen("file");
	memcpy(p, "file", strlen("file"));
	CHECK_ERR(stat(p, &st), EFAULT);
	CHECK_ERR(open(p, O_RDONLY | O_CREAT | O_CLOEXEC, 0644), EFAULT);
	CHECK_ERR(unlink(p), EFAULT);

	/* Across a boundary between two mapped pages. */
	p = map + 4096 - 2;
	memcpy(p, "file", sizeof("file"));
	CHECK_OK(stat(p, &st));
	p = map + 4096 - 3;
	memcpy(p, "./../w/new", sizeof("./../w/new"));
	CHECK_OK(mkdir(p, 0755));
	CHECK(t_type("new") == S_IFDIR);
	CHECK(t_exists("file"));
	return t_end();
}
