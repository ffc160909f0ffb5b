/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: what a process may change of itself and of its children there: comm, oom_score_adj, coredump_filter,
 * clear_refs, timerslack_ns, mem. */
#include "t.h"

static volatile char cell[8] = "before";

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	char path[64], text[64];
	pid_t pid;
	int fd;

	t_begin(argc, argv);
	CHECK_EQ(put("/proc/self/comm", "another"), 0);
	CHECK(t_holds("/proc/self/comm", "another\n"));
	CHECK_EQ(put("/proc/self/oom_score_adj", "500"), 0);
	CHECK(t_holds("/proc/self/oom_score_adj", "500\n"));
	CHECK_EQ(put("/proc/self/oom_score_adj", "5000"), -EINVAL);
	CHECK_EQ(put("/proc/self/coredump_filter", "0x7"), 0);
	CHECK(t_holds("/proc/self/coredump_filter", "00000007\n"));
	CHECK_EQ(put("/proc/self/clear_refs", "1"), 0);
	CHECK_EQ(put("/proc/self/timerslack_ns", "60000"), 0);
	CHECK(t_holds("/proc/self/timerslack_ns", "60000\n"));
	CHECK(put("/proc/self/stat", "x") < 0);
	CHECK(put("/proc/self/status", "x") < 0);

	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, text, 7, (off_t)(uintptr_t)cell), 7);
	CHECK(!memcmp(text, "before", 7));
	CHECK_EQ(pwrite(fd, "after", 6, (off_t)(uintptr_t)cell), 6);
	CHECK(!strcmp((const char *)cell, "after"));
	CHECK(pread(fd, text, 7, 16) < 0 && errno == EIO);

	pid = t_fork();
	if (!pid) {
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	CHECK_EQ(put(path, "600"), 0);
	CHECK(t_holds(path, "600\n"));
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	CHECK(put(path, "600") < 0);
	kill(pid, SIGKILL);
	t_wait(pid);
	CHECK(put(path, "600") == -ENOENT || put(path, "600") == -ESRCH);
	return t_end();
}
