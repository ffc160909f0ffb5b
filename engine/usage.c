/* SPDX-License-Identifier: Apache-2.0 */
/* What a process uses, by what /proc tells of it. */
#define _GNU_SOURCE
#include "engine.h"
#include <stdlib.h>
#include <string.h>

static bool read_file(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

uint64_t wr_process_cpu_us(pid_t pid)
{
	char buf[1024];
	unsigned long utime, stime;
	long cutime, cstime;

	/* the command's name may hold anything */
	const char *at = read_file(pid, "stat", buf, sizeof(buf)) ? strrchr(buf, ')') : NULL;
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &utime,
			  &stime, &cutime, &cstime) != 4)
		return 0;
	return (utime + stime + (unsigned long)cutime + (unsigned long)cstime) * 1000000ULL /
	       (unsigned long)sysconf(_SC_CLK_TCK);
}

/* The kibibytes behind a key at the start of a line. */
static uint64_t kib(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

uint64_t wr_process_memory(pid_t pid, bool exact)
{
	char buf[4096];

	if (exact && read_file(pid, "smaps_rollup", buf, sizeof(buf)))
		return kib(buf, "\nPss_Anon:") + kib(buf, "\nPss_Shmem:") + kib(buf, "\nSwapPss:");
	if (!read_file(pid, "status", buf, sizeof(buf)))
		return 0;
	return kib(buf, "\nRssAnon:") + kib(buf, "\nRssShmem:") + kib(buf, "\nVmSwap:");
}
