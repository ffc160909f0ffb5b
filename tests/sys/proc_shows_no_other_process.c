/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: no other sandbox's process shows, and the supervisor does not: not listed, not by number, no way
 * through. */
#include "t.h"
#include <sys/uio.h>

static bool is_number(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == 0;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char path[64];
	struct dirent *e;
	struct stat st;
	DIR *dir = opendir("/proc");
	pid_t child = t_fork(), parent = getppid();
	int self = 0, kid = 0, others = 0, n;

	if (!child) {
		for (;;)
			pause();
	}
	REQUIRE(dir);
	while ((e = readdir(dir))) {
		if (!is_number(e->d_name))
			continue;
		n = atoi(e->d_name);
		self += n == getpid();
		kid += n == child;
		others += n != getpid() && n != child;
	}
	CHECK_EQ(others, 0);
	CHECK_EQ(self, 1);
	CHECK_EQ(kid, 1);
	for (int i = 0; i < 3; i++) {
		pid_t other = i == 0 ? 1 : i == 1 ? parent : 2;

		if (!other)
			continue;
		snprintf(path, sizeof(path), "/proc/%d", other);
		CHECK_ERR(stat(path, &st), ENOENT);
		CHECK_ERR(open(path, O_RDONLY | O_DIRECTORY), ENOENT);
		CHECK(chdir(path) < 0);
		snprintf(path, sizeof(path), "/proc/%d/environ", other);
		CHECK_ERR(open(path, O_RDONLY), ENOENT);
		snprintf(path, sizeof(path), "/proc/%d/root/etc", other);
		CHECK_ERR(open(path, O_RDONLY), ENOENT);
		snprintf(path, sizeof(path), "/proc/self/../%d/exe", other);
		CHECK_EQ(t_readlink(path)[0], '(');
		snprintf(path, sizeof(path), "%d/cmdline", other);
		CHECK_ERR(openat(dirfd(dir), path, O_RDONLY), ENOENT);
		CHECK_OK(chdir("/w"));
	}
	kill(child, SIGKILL);
	t_wait(child);
	return t_end();
}
