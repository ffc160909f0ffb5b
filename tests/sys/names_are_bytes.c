/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: guest paths are bytes, not UTF-8: every byte but NUL and the slash. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[256], all[255], link[64];
	struct stat st;
	DIR *dir;
	int n = 0, fd;

	for (int c = 1; c < 256; c++)
		if (c != '/')
			all[n++] = (char)c;
	all[n] = 0;
	t_put(all, "all");
	CHECK(t_holds(all, "all"));
	CHECK_EQ(t_readlink(all)[0], '(');
	fd = open(all, O_RDONLY | O_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	snprintf(name, sizeof(name), "%s", all);
	CHECK(!strcmp(strrchr(t_readlink(link), '/') + 1, name));
	dir = opendir(".");
	n = 0;
	for (struct dirent *e; (e = readdir(dir));)
		n += !strcmp(e->d_name, all);
	CHECK_EQ(n, 1);
	closedir(dir);
	static const char *const odd[] = {" ",	       "\n",	      "-rf",	  "\xff\xfe", "a\tb",
					  "...",       ".hidden",     "\"",	  "\\",	      "*",
					  "(deleted)", "x (deleted)", "\xe2\x82", "%s%n"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		REQUIRE(!mkdir(odd[i], 0755) && !chdir(odd[i]));
		CHECK(getcwd(name, sizeof(name)) && !strncmp(name, "/w/", 3) && !strcmp(name + 3, odd[i]));
		t_put("in", odd[i]);
		CHECK_OK(chdir(".."));
		snprintf(name, sizeof(name), "%s/in", odd[i]);
		CHECK(t_holds(name, odd[i]));
		CHECK_OK(unlink(name));
		CHECK_OK(stat(odd[i], &st));
		CHECK_OK(rmdir(odd[i]));
	}
	return t_end();
}
