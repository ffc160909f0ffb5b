/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: what a symbolic link holds is kept byte for byte, and nothing is resolved when it is made. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const texts[] = {"/", "/w/../x",	 "//a//b/", "../../../..",
					    ".", "no such file", "\xff\n",  "/proc/self/exe"};
	struct stat st;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CHECK_OK(symlink(texts[i], "l"));
		CHECK_STR(t_readlink("l"), texts[i]);
		CHECK(!lstat("l", &st) && st.st_size == (off_t)strlen(texts[i]));
		CHECK_OK(unlink("l"));
	}
	t_put("f", "x");
	CHECK_ERR(symlink("a", "f"), EEXIST);
	CHECK_ERR(symlink("a", "f/b"), ENOTDIR);
	CHECK_ERR(symlink("a", "missing/b"), ENOENT);
	CHECK_ERR(symlink("", "l"), ENOENT);
	return t_end();
}
