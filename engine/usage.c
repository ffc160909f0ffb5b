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

/* ---- files without a name ---- */

struct unlinked {
	dev_t dev;
	struct seen { /* each counts once, however many have it open */
		ino_t ino;
		uint64_t bytes;
	} * v;
	size_t n;
};

static void add_unlinked(struct unlinked *u, const struct stat *st)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].ino == st->st_ino)
			return;
	struct seen *v = realloc(u->v, (u->n + 1) * sizeof(*v));
	if (!v)
		return;
	u->v = v;
	v[u->n++] = (struct seen){st->st_ino, (uint64_t)st->st_blocks * 512};
}

static void unlinked_of(void *user, pid_t pid, uint64_t tag)
{
	struct unlinked *u = user;
	char path[32];
	struct stat st;

	(void)tag;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	_cleanup_closedir_ DIR *d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		if (fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0 &&
		    st.st_dev == u->dev)
			add_unlinked(u, &st);
}

uint64_t wr_unlinked_bytes(uint64_t tag, dev_t dev)
{
	struct unlinked u = {.dev = dev};
	uint64_t sum = 0;

	wr_tag_each(tag, UINT64_MAX, unlinked_of, &u);
	for (size_t i = 0; i < u.n; i++)
		sum += u.v[i].bytes;
	free(u.v);
	return sum;
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
