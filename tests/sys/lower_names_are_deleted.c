/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: what is deleted is gone for every call, with what was below it; made again it is new, and a
 * directory empty. rmdir of a directory that has names, in whichever part, is ENOTEMPTY. */
#include "t.h"
#include <sys/inotify.h>
#include <sys/xattr.h>

/* All the ways of naming it. */
static void gone(const char *path)
{
	char buf[64], below[300];
	char *argv[] = {(char *)(uintptr_t)path, NULL}, *envp[] = {NULL};
	struct stat st;
	struct statx stx;
	struct statfs fs;
	int status;

	CHECK_ERR(open(path, O_RDONLY), ENOENT);
	CHECK_ERR(open(path, O_RDWR), ENOENT);
	CHECK_ERR(open(path, O_PATH), ENOENT);
	CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), ENOENT);
	CHECK_ERR(stat(path, &st), ENOENT);
	CHECK_ERR(lstat(path, &st), ENOENT);
	CHECK_ERR(statx(AT_FDCWD, path, 0, STATX_ALL, &stx), ENOENT);
	CHECK_ERR(statfs(path, &fs), ENOENT);
	CHECK_ERR(access(path, F_OK), ENOENT);
	CHECK_ERR(readlink(path, buf, sizeof(buf)), ENOENT);
	CHECK_ERR(getxattr(path, "user.x", buf, sizeof(buf)), ENOENT);
	CHECK_ERR(listxattr(path, buf, sizeof(buf)), ENOENT);
	CHECK_ERR(setxattr(path, "user.x", "", 0, 0), ENOENT);
	CHECK_ERR(chdir(path), ENOENT);
	CHECK_ERR(chmod(path, 0600), ENOENT);
	CHECK_ERR(chown(path, geteuid(), getegid()), ENOENT);
	CHECK_ERR(utimensat(AT_FDCWD, path, NULL, 0), ENOENT);
	CHECK_ERR(truncate(path, 0), ENOENT);
	CHECK_ERR(unlink(path), ENOENT);
	CHECK_ERR(rmdir(path), ENOENT);
	CHECK_ERR(rename(path, "other"), ENOENT);
	CHECK_ERR(link(path, "other"), ENOENT);
	CHECK_ERR(inotify_add_watch(inotify_init1(IN_CLOEXEC), path, IN_MODIFY), ENOENT);
	CHECK_EQ(t_exec_errno(path, argv, envp, &status), ENOENT);
	snprintf(below, sizeof(below), "%s/x", path);
	CHECK_ERR(open(below, O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(mkdir(below, 0755), ENOENT);
	CHECK_ERR(stat(below, &st), ENOENT);
	snprintf(below, sizeof(below), "%s/../f2", path);
	CHECK_ERR(stat(below, &st), ENOENT);
}

static int names_in(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	REQUIRE(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void remake(void)
{
	CHECK_OK(mkdir("gone", 0755));
	CHECK_EQ(names_in("gone"), 0);
	CHECK_ERR(open("gone/x", O_RDONLY), ENOENT);
	CHECK_OK(mkdir("gone/sub", 0755));
	CHECK_EQ(names_in("gone/sub"), 0);
	CHECK_ERR(access("gone/sub/y", F_OK), ENOENT);
	t_put("gone/sub/y", "new");
	CHECK(t_holds("gone/sub/y", "new"));
	CHECK_ERR(rmdir("gone"), ENOTEMPTY);
	/* another type each */
	CHECK_OK(mkdir("f", 0755));
	CHECK_ERR(access("f/x", F_OK), ENOENT);
	CHECK_OK(symlink("gone/sub", "exe"));
	CHECK(t_holds("exe/y", "new"));
	CHECK_OK(mkfifo("link", 0600));
	CHECK(t_type("link") == S_IFIFO);
	CHECK_OK(unlink("link"));
	CHECK_EQ(open("link", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0, 0);
	CHECK_OK(unlink("link"));
	CHECK_OK(rename("hard1", "link"));
	CHECK(t_holds("link", "hard\n"));
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!chdir("/lower"));
	int before = names_in("."), sub = open("gone/sub", O_RDONLY | O_DIRECTORY);

	CHECK_OK(unlink("f"));
	gone("f");
	CHECK_OK(unlink("exe"));
	gone("exe");
	CHECK_OK(unlink("link"));
	gone("link");
	CHECK_ERR(rmdir("gone"), ENOTEMPTY);
	CHECK_OK(unlink("gone/x"));
	gone("gone/x");
	CHECK_ERR(rmdir("gone"), ENOTEMPTY);
	CHECK_OK(unlink("gone/sub/y"));
	CHECK_ERR(openat(sub, "y", O_RDONLY), ENOENT);
	CHECK_OK(rmdir("gone/sub"));
	CHECK_OK(rmdir("gone"));
	gone("gone");
	gone("gone/sub");
	CHECK_ERR(openat(sub, "z", O_WRONLY | O_CREAT, 0600), ENOENT);
	CHECK_OK(rmdir("empty"));
	CHECK_EQ(names_in("."), before - 5);
	remake();
	return t_end();
}
