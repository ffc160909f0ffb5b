/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a tree deeper than PATH_MAX: relative steps work, getcwd says ENAMETOOLONG or ERANGE, and it can be
 * removed. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[101], cwd[8192], *big;
	struct stat st;
	long n;

	memset(name, 'd', 100);
	name[100] = 0;
	for (int i = 0; i < 45; i++) {
		if (mkdir(name, 0755) || chdir(name)) {
			t_fail(__FILE__, __LINE__, "level %d: errno %d", i, errno);
			return 1;
		}
	}
	n = syscall(SYS_getcwd, cwd, sizeof(cwd));
	CHECK(n == -1 && errno == ENAMETOOLONG);
	t_put("f", "deep");
	CHECK(t_holds("f", "deep"));
	CHECK(t_holds("../../f", "") == false);
	CHECK_OK(stat(".", &st));
	CHECK_OK(unlink("f"));
	big = get_current_dir_name();
	free(big);
	for (int i = 0; i < 45; i++) {
		CHECK_OK(chdir(".."));
		CHECK_OK(rmdir(name));
	}
	CHECK_STR(getcwd(cwd, sizeof(cwd)), "/w");
	return t_end();
}
