/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: chdir("/") from a string literal, from a buffer that is just long enough: the guest's memory stays as
 * it is. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char literal[] = "/";
	char cwd[64], *buf = malloc(2);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(buf && page != MAP_FAILED && !mkdir("d", 0755));
	CHECK_OK(chdir("/"));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/");
	CHECK_OK(chdir(literal));
	CHECK_STR(literal, "/");
	strcpy(buf, "w");
	CHECK_OK(chdir(buf));
	CHECK_STR(buf, "w");
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	/* The last two bytes before the end of a read-only page. */
	memset(page, '#', 4096);
	page[4094] = 'd';
	page[4095] = 0;
	REQUIRE(!mprotect(page, 4096, PROT_READ));
	CHECK_OK(chdir(page + 4094));
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w/d");
	for (int i = 0; i < 4094; i++)
		if (page[i] != '#') {
			t_fail(__FILE__, __LINE__, "byte %d of the page changed", i);
			break;
		}
	return t_end();
}
