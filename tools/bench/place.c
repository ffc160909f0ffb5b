/* SPDX-License-Identifier: Apache-2.0 */
/* The files: one temporary directory, which is also the foreign root.
 *
 *   bench-guest       static, the program that every guest is
 *   t/b/c/f, l, x     a file, a symlink to it, a file to be executed: three directories down
 *   t/s               a symlink to b
 *   t/d10, ...        directories of so many entries
 *   t/w               where things are made and taken away
 * and what the dynamic program needs, below the names that it has on the host. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* From the directory of the warren program: installed, and as the build tree has them. */
static const char *const places[] = {WARREN_LIBEXEC, "../bench", "."};

static void find(const struct bench *b, const char *name, char ret[static PATH_MAX])
{
	char path[PATH_MAX + 64];
	const char *slash = strrchr(b->warren, '/');

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%.*s/%s/%s", (int)(slash - b->warren), b->warren, places[i],
			 name);
		if (access(path, X_OK) == 0 && realpath(path, ret))
			return;
	}
	ret[0] = '\0';
}

int place_find_programs(struct bench *b)
{
	ssize_t n = readlink("/proc/self/exe", b->warren, sizeof(b->warren) - 1);

	if (n < 0)
		return -errno;
	b->warren[n] = '\0';
	find(b, "bench-guest", b->guest);
	find(b, "warren-floor", b->floor);
	find(b, "workloads.sh", b->script);
	return *b->guest ? 0 : -ENOENT;
}

static int copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755), r = 0;
	ssize_t n = 1;

	while (in >= 0 && out >= 0 && n > 0)
		n = sendfile(out, in, NULL, 1 << 20);
	if (in < 0 || out < 0 || n < 0)
		r = -errno;
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) < 0)
		r = -errno;
	return r;
}

/* Below the directory, under the name that it has on the host, with the directories on the way. */
static int copy_as_named(const char *dir, const char *path)
{
	char to[PATH_MAX + 64];

	snprintf(to, sizeof(to), "%s%s", dir, path);
	for (char *s = to + strlen(dir) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		if (mkdir(to, 0755) < 0 && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	return copy(path, to);
}

/* The C library and its loader, which are ours as well. */
static int copy_library(struct dl_phdr_info *info, size_t size, void *dir)
{
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	if (!base || (strncmp(base, "/libc.so", 8) && strncmp(base, "/ld-linux", 9)))
		return 0;
	return copy_as_named(dir, info->dlpi_name);
}

/* A file that is a script, run by bench-guest below that directory. */
static int make_script(const struct bench *b, const char *name, const char *interpreter_dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/t/b/c/%s", b->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return -errno;
	int r = dprintf(fd, "#!%s/bench-guest exit\n", interpreter_dir) < 0 ? -errno : 0;
	return close(fd) < 0 ? -errno : r;
}

int place_fill(const char *dir, const char *prefix, unsigned n)
{
	char path[PATH_MAX];

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s%06u", dir, prefix, i);
		if (mknod(path, S_IFREG | 0644, 0) < 0)
			return -errno;
	}
	return 0;
}

static int fill_directory(const struct bench *b, unsigned n)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/t/d%u", b->dir, n);
	return place_fill(dir, "entry-", n);
}

static int fill(struct bench *b)
{
	static const char *const dirs[] = {"t", "t/b", "t/b/c", "t/w"};
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", b->dir, dirs[i]);
		if (mkdir(path, 0755) < 0)
			return -errno;
	}
	snprintf(path, sizeof(path), "%s/t/s", b->dir);
	if (symlink("b", path) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/t/b/c/l", b->dir);
	if (symlink("f", path) < 0)
		return -errno;
	r = make_script(b, "f", ""); /* any contents will do */
	snprintf(path, sizeof(path), "%s/bench-guest", b->dir);
	if (r == 0)
		r = copy(b->guest, path);
	snprintf(path, sizeof(path), "%s/t/b/c/static", b->dir);
	if (r == 0)
		r = copy(b->guest, path);
	snprintf(path, sizeof(path), "%s/t/b/c/dynamic", b->dir);
	if (r == 0)
		r = copy("/bin/true", path);
	if (r == 0)
		r = dl_iterate_phdr(copy_library, b->dir);
	if (r == 0)
		r = make_script(b, "script", b->dir);
	if (r == 0)
		r = make_script(b, "script-foreign", "");
	if (r == 0)
		r = fill_directory(b, 10);
	if (r == 0)
		r = fill_directory(b, 1000);
	if (r == 0 && !b->quick && bench_wants(b->only, "getdents-100000"))
		r = fill_directory(b, 100000);
	return r;
}

int place_make(struct bench *b)
{
	const char *tmp = getenv("TMPDIR");

	if (snprintf(b->dir, sizeof(b->dir), "%s/warren-bench-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp") >=
	    (int)sizeof(b->dir))
		return -ENAMETOOLONG;
	if (!mkdtemp(b->dir)) {
		b->dir[0] = '\0';
		return -errno;
	}
	return chmod(b->dir, 0755) < 0 ? -errno : fill(b);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP || type == FTW_DNR) /* overlayfs's own, which nobody may read, is empty */
		rmdir(path);
	else
		unlink(path);
	return 0;
}

void place_remove(struct bench *b)
{
	if (b->dir[0])
		nftw(b->dir, remove_one, 20, FTW_DEPTH | FTW_PHYS);
	b->dir[0] = '\0';
}
