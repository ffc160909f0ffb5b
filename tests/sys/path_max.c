/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a path of exactly PATH_MAX with its NUL is right, one more is ENAMETOOLONG; names of 255 and 256. */
#include "t.h"

static char path[PATH_MAX + 8], name[300];

static void fill(size_t len)
{
	/* "/././././f", the name at the end. */
	for (size_t i = 0; i < len; i++)
		path[i] = i % 2 ? '.' : '/';
	path[len - 2] = '/';
	path[len - 1] = 'f';
	path[0] = '.';
	path[1] = '/';
	path[len] = 0;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	int fd;

	t_put("f", "x");
	fill(PATH_MAX - 1);
	CHECK_OK(stat(path, &st));
	CHECK_OK(access(path, R_OK));
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK_OK(rename(path, "g"));
	CHECK_OK(rename("g", path));
	CHECK_OK(truncate(path, 0));
	path[PATH_MAX - 2] = '.'; /* the directory itself */
	CHECK_OK(chdir(path));

	fill(PATH_MAX);
	CHECK_ERR(stat(path, &st), ENAMETOOLONG);
	CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
	CHECK_ERR(open(path, O_RDWR | O_CREAT, 0644), ENAMETOOLONG);
	CHECK_ERR(mkdir(path, 0755), ENAMETOOLONG);
	CHECK_ERR(unlink(path), ENAMETOOLONG);
	CHECK_ERR(rename(path, "g"), ENAMETOOLONG);
	CHECK_ERR(rename("f", path), ENAMETOOLONG);
	CHECK_ERR(symlink(path, "s"), ENAMETOOLONG);
	CHECK_ERR(chdir(path), ENAMETOOLONG);
	CHECK_EQ(t_exec_errno(path, (char *[]){"x", NULL}, NULL, NULL), ENAMETOOLONG);

	memset(name, 'n', 255);
	t_put(name, "long");
	CHECK(t_holds(name, "long"));
	CHECK_OK(unlink(name));
	name[255] = 'n';
	CHECK_ERR(open(name, O_RDWR | O_CREAT, 0644), ENAMETOOLONG);
	CHECK_ERR(stat(name, &st), ENAMETOOLONG);
	CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
	/* A symbolic link may hold as much as a path may. */
	fill(PATH_MAX - 1);
	CHECK_OK(symlink(path, "s"));
	CHECK_STR(t_readlink("s"), path);
	CHECK_OK(stat("s", &st));
	return t_end();
}
