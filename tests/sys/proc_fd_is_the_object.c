/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: /proc/self/fd/N and /proc/self/cwd lead to the object, whatever has its name and whoever may search
 * the way there; the directory of the own fds may be written to, which does nothing. */
#include "t.h"
#include <sys/xattr.h>

static const char *at(int fd, const char *rest)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/self/fd/%d%s", fd, rest);
	return path;
}

static void unsearchable(void)
{
	char buf[8];
	int file, dir;

	REQUIRE(!mkdir("way", 0755) && !mkdir("way/d", 0755));
	t_put("way/f", "file");
	t_put("way/d/g", "in d");
	file = open("way/f", O_RDONLY | O_CLOEXEC);
	dir = open("way/d", O_PATH | O_CLOEXEC);
	REQUIRE(file >= 0 && dir >= 0 && !chdir("way/d") && !chmod("/w/way", 0));
	CHECK(open(at(file, ""), O_PATH | O_CLOEXEC) >= 0);
	CHECK(t_holds(at(file, ""), "file"));
	CHECK(t_holds(at(dir, "/g"), "in d"));
	CHECK(t_holds("/proc/self/cwd/g", "in d"));
	CHECK_OK(access(at(dir, "/."), X_OK));
	CHECK_OK(truncate(at(file, ""), 2));
	CHECK_EQ(pread(file, buf, 8, 0), 2);
	/* What ".." leads to need not be searched. */
	CHECK_EQ(t_mode(".."), 0);
	CHECK_OK(chmod("..", 0700));
	REQUIRE(!chdir("/w"));
}

static void renamed(void)
{
	int file = open("way/f", O_RDONLY | O_CLOEXEC), dir;

	REQUIRE(file >= 0 && !rename("way/f", "moved"));
	t_put("way/f", "another");
	CHECK(t_holds(at(file, ""), "fi"));
	CHECK_STR(t_readlink(at(file, "")), "/w/moved");
	REQUIRE(!mkdir("gone", 0755));
	dir = open("gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	REQUIRE(!rmdir("gone"));
	CHECK_ERR(open(at(dir, "/x"), O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERR(rename(at(dir, "/x"), "y"), ENOENT);
	CHECK_ERR(rename("moved", at(dir, "/x")), ENOENT);
	CHECK(t_holds(at(dir, "/../moved"), "fi"));
	close(dir);
	dir = open("way/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_ERR(open(at(dir, ""), O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open(at(file, "/"), O_RDONLY), ENOTDIR);
	CHECK_ERR(open(at(file, "/.."), O_RDONLY), ENOTDIR);
}

static void own_fds(void)
{
	char self[64];
	int fd;

	snprintf(self, sizeof(self), "/proc/self/fd");
	CHECK_OK(access(self, W_OK));
	CHECK_ERR(unlink("/proc/self/fd/0"), EPERM);
	CHECK_ERR(rmdir("/proc/self/fd/0"), ENOTDIR);
	CHECK_ERR(rename("/proc/self/fd/0", "/proc/self/fd/1"), EPERM);
	CHECK_ERR(setxattr(self, "user.a", "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR(removexattr(self, "user.a"), EOPNOTSUPP);
	CHECK_ERR(open(self, O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
	CHECK_ERR(open(self, O_RDONLY | O_CREAT, 0644), EISDIR);
	fd = open("/proc/self/fd/.", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && !(fcntl(fd, F_GETFL) & O_DIRECTORY));
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/proc/self/fd"};
	CHECK_ERR(connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (void *)&a, sizeof(a)),
		  ECONNREFUSED);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	unsearchable();
	renamed();
	own_fds();
	return t_end();
}
