/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: /proc/self, /proc/thread-self, and what is in them: exe, cwd, root, fd, comm, status. */
#include "t.h"

static void *thread(void *arg)
{
	char want[64], text[64];

	(void)arg;
	snprintf(want, sizeof(want), "%d/task/%d", getpid(), gettid());
	CHECK_STR(t_readlink("/proc/thread-self"), want);
	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(t_readlink("/proc/self"), want);
	CHECK_OK(prctl(PR_SET_NAME, "worker"));
	CHECK(t_get("/proc/thread-self/comm", text, sizeof(text)) > 0 && !strcmp(text, "worker\n"));
	CHECK_STR(t_readlink("/proc/thread-self/cwd"), "/w");
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char want[64], text[65536];
	struct stat a, b;
	int fd;

	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(t_readlink("/proc/self"), want);
	CHECK_STR(t_readlink("/proc/self/exe"), t_self);
	CHECK_STR(t_readlink("/proc/self/cwd"), "/w");
	CHECK_STR(t_readlink("/proc/self/root"), "/");
	CHECK(!stat("/proc/self/root/etc/marker", &a) && !stat("/etc/marker", &b) && a.st_ino == b.st_ino);
	CHECK(!stat("/proc/self/root/", &a) && !stat("/", &b) && a.st_ino == b.st_ino);
	CHECK(!stat("/proc/self/root/../..", &a) && a.st_ino == b.st_ino);
	CHECK(!stat("/proc/self/cwd/.", &a) && a.st_ino == t_ino("/w"));
	CHECK(!stat("/proc/self/exe", &a) && !stat(t_self, &b) && a.st_ino == b.st_ino);
	CHECK(lstat("/proc/self/exe", &a) == 0 && S_ISLNK(a.st_mode));
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, text, 4) == 4 && !memcmp(text, "\177ELF", 4));
	t_put("f", "x");
	fd = open("f", O_RDONLY | O_CLOEXEC);
	snprintf(want, sizeof(want), "/proc/self/fd/%d", fd);
	CHECK_STR(t_readlink(want), "/w/f");
	snprintf(want, sizeof(want), "/proc/%d/fd/%d", getpid(), fd);
	CHECK_STR(t_readlink(want), "/w/f");
	snprintf(want, sizeof(want), "/proc/self/fdinfo/%d", fd);
	CHECK(t_get(want, text, sizeof(text)) > 0 && strstr(text, "flags:"));
	CHECK(t_get("/proc/self/cmdline", text, sizeof(text)) > 0 && !strcmp(text, t_self));
	CHECK(t_get("/proc/self/status", text, sizeof(text)) > 0 && strstr(text, "Pid:"));
	CHECK(t_get("/proc/self/maps", text, sizeof(text)) > 0 && strstr(text, t_self));
	CHECK(t_get("/proc/self/comm", text, sizeof(text)) > 0 && !strncmp(text, "proc_self", 9));
	CHECK(t_get("/proc/meminfo", text, sizeof(text)) > 0);
	CHECK(t_get("/proc/self/none", text, sizeof(text)) < 0 && errno == ENOENT);
	t_join(t_thread(thread, NULL));
	/* Relative steps through it. */
	REQUIRE(!chdir("/proc/self"));
	CHECK_STR(t_readlink("exe"), t_self);
	REQUIRE(!chdir("fd"));
	snprintf(want, sizeof(want), "%d", fd);
	CHECK_STR(t_readlink(want), "/w/f");
	REQUIRE(!chdir("/proc/self/cwd/.."));
	fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY);
	snprintf(want, sizeof(want), "%d/exe", getpid());
	CHECK(readlinkat(fd, want, text, sizeof(text)) == (ssize_t)strlen(t_self));
	return t_end();
}
