/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of rewritten executables. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../engine/base/cleanup.h"
#include "../../engine/runtime_dir.h"
#include "../../handlers/elf.h"
#include "../../handlers/exec_cache.h"

struct fixture {
	char base[PATH_MAX]; /* runtime directory */
	char dir[PATH_MAX + 8];
	char src[PATH_MAX + 8]; /* programs */
	char loader[PATH_MAX];	/* of /bin/sh */
	struct wr_exec_cache *cache;
};

static void copy_file(const char *from, const char *to)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
}

/* Until the file is no longer so young that its copies are not shared. */
static void let_it_age(void)
{
	usleep(80 * 1000);
}

static int count_entries(const char *path)
{
	_cleanup_closedir_ DIR *d = opendir(path);
	int n = -2;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

struct got {
	int fd;
	dev_t dev;
	ino_t ino;
	char path[PATH_MAX];
};

static int get(struct fixture *f, const char *src, const char *guest, const char *interp, struct got *ret)
{
	struct statx stx;
	char link[64];
	_cleanup_close_ int fd = open(src, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0);
	ret->fd = -1;
	int r = wr_exec_cache_get(f->cache, fd, &stx, guest, NULL, interp, &ret->fd, &ret->dev, &ret->ino);
	if (r < 0) {
		assert_int_equal(ret->fd, -1);
		return r;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", ret->fd);
	ssize_t n = readlink(link, ret->path, sizeof(ret->path) - 1);
	assert_true(n > 0);
	ret->path[n] = '\0';
	return 0;
}

static void assert_maps_to(struct fixture *f, const char *host, const char *guest)
{
	char buf[PATH_MAX];
	int r = wr_exec_cache_guest_path(f->cache, host, buf, sizeof(buf));
	assert_int_equal(r, strlen(guest));
	assert_string_equal(buf, guest);
}

#define LIMIT(f, ...) wr_exec_cache_set_limits((f)->cache, &(struct wr_exec_cache_limits){__VA_ARGS__})

static struct wr_exec_cache_stats stats_of(struct fixture *f)
{
	struct wr_exec_cache_stats s;
	wr_exec_cache_stats(f->cache, &s);
	return s;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct wr_image image;
	_cleanup_close_ int sh = open("/bin/sh", O_RDONLY | O_CLOEXEC);

	if (!f || wr_runtime_dir_new(f->base, sizeof(f->base)) < 0 || wr_image_read(sh, &image) < 0)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/exec", f->base);
	snprintf(f->src, sizeof(f->src), "%s/src", f->base);
	if (mkdir(f->dir, 0700) < 0 || mkdir(f->src, 0700) < 0 || wr_exec_cache_new(f->dir, &f->cache) < 0)
		return -1;
	strcpy(f->loader, image.interp);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	wr_exec_cache_free(f->cache);
	int left = count_entries(f->dir);
	int r = wr_runtime_dir_remove(f->base);
	free(f);
	return left == 0 && r == 0 ? 0 : -1;
}

static void make_program(struct fixture *f, const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", f->src, name);
	copy_file("/bin/sh", ret);
}

/* ---- one thread ---- */

static void test_same_key_one_copy(void **state)
{
	struct fixture *f = *state;
	struct got a, b, c, d;
	struct stat st;

	assert_int_equal(get(f, "/bin/sh", "/bin/sh", f->loader, &a), 0);
	assert_int_equal(get(f, "/bin/sh", "/bin/sh", f->loader, &b), 0);
	assert_string_equal(a.path, b.path);
	assert_int_equal(get(f, "/bin/sh", "/usr/bin/dash", f->loader, &c), 0);
	assert_string_not_equal(a.path, c.path);
	assert_int_equal(a.ino, c.ino); /* a hard link */
	assert_int_equal(a.dev, c.dev);
	assert_int_equal(get(f, "/bin/sh", "/bin/sh", "/other/ld.so", &d), 0);
	assert_int_not_equal(a.ino, d.ino);

	assert_string_equal(strrchr(a.path, '/'), "/sh");
	assert_string_equal(strrchr(c.path, '/'), "/dash");
	assert_int_equal(fstat(a.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(st.st_ino, a.ino);
	assert_int_equal(fcntl(a.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(a.fd, F_GETFD), FD_CLOEXEC);

	struct wr_exec_cache_stats s = stats_of(f);
	assert_int_equal(s.made, 2);
	assert_int_equal(s.hits, 2);
	assert_int_equal(s.names, 3);
	assert_maps_to(f, a.path, "/bin/sh");
	assert_maps_to(f, c.path, "/usr/bin/dash");
	assert_maps_to(f, d.path, "/bin/sh");
	close(a.fd), close(b.fd), close(c.fd), close(d.fd);
}

static void test_it_runs_and_maps_back(void **state)
{
	struct fixture *f = *state;
	struct got g;
	char link[64], exe[PATH_MAX];
	int in[2], status;

	assert_int_equal(get(f, "/bin/cat", "/guest/bin/cat", f->loader, &g), 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		fexecve(g.fd, (char *[]){"cat", NULL}, (char *[]){NULL});
		_exit(errno);
	}
	close(in[0]);
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	ssize_t n = 0;
	for (int i = 0; i < 2000; i++) {
		n = readlink(link, exe, sizeof(exe) - 1);
		exe[n > 0 ? n : 0] = '\0';
		if (strcmp(exe, g.path) == 0)
			break;
		usleep(1000);
	}
	assert_string_equal(exe, g.path);
	assert_maps_to(f, exe, "/guest/bin/cat");
	assert_int_equal(unlink(g.path), 0);
	n = readlink(link, exe, sizeof(exe) - 1);
	exe[n] = '\0';
	assert_non_null(strstr(exe, " (deleted)"));
	assert_maps_to(f, exe, "/guest/bin/cat");
	close(in[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(g.fd);
}

static void test_guest_path_inputs(void **state)
{
	struct fixture *f = *state;
	struct got g;
	char buf[PATH_MAX], path[PATH_MAX * 2];
	static const char *const bad[] = {"",	    "/",      "/0",	"/0/",
					  "/x/sh",  "/-1/sh", "/+0/sh", "/c0/sh",
					  "/ 0/sh", "0/sh",   "/7/sh",	"/99999999999999999999/sh"};

	assert_int_equal(get(f, "/bin/sh", "/bin/sh", f->loader, &g), 0);
	snprintf(path, sizeof(path), "%s/0/sh", f->dir);
	assert_string_equal(path, g.path);
	for (size_t i = 0; i < WR_ARRAY_SIZE(bad); i++) {
		snprintf(path, sizeof(path), "%s%s", f->dir, bad[i]);
		assert_int_equal(wr_exec_cache_guest_path(f->cache, path, buf, sizeof(buf)), -ENOENT);
	}
	assert_int_equal(wr_exec_cache_guest_path(f->cache, "/bin/sh", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(wr_exec_cache_guest_path(f->cache, g.path, buf, 7), -ERANGE);
	assert_int_equal(wr_exec_cache_guest_path(f->cache, g.path, buf, 8), 7);
	assert_int_equal(wr_exec_cache_guest_path(f->cache, g.path, buf, 0), -ERANGE);
	close(g.fd);
}

static void test_errors_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct got g;
	char path[PATH_MAX + 32], long_path[PATH_MAX + 1];

	snprintf(path, sizeof(path), "%s/script", f->src);
	FILE *s = fopen(path, "w");
	fputs("#!/bin/sh\n", s);
	fclose(s);
	assert_int_equal(get(f, path, "/s", f->loader, &g), -ENOEXEC);
	let_it_age();
	assert_int_equal(get(f, path, "/s", f->loader, &g), -ENOEXEC);
	assert_int_equal(get(f, "/bin/sh", "/s", "", &g), -EINVAL);
	assert_int_equal(get(f, "/bin/sh", "", f->loader, &g), -EINVAL);
	memset(long_path, 'a', PATH_MAX);
	long_path[PATH_MAX] = '\0';
	assert_int_equal(get(f, "/bin/sh", long_path, f->loader, &g), -ENAMETOOLONG);
	assert_int_equal(get(f, "/bin/sh", "/s", long_path, &g), -ENAMETOOLONG);

	wr_exec_cache_set_limits(f->cache,
				 &(struct wr_exec_cache_limits){.max_bytes = 1000, .max_name_bytes = 1000});
	assert_int_equal(get(f, "/bin/sh", "/s", f->loader, &g), -ENOSPC);
	assert_int_equal(count_entries(f->dir), 0);
	assert_int_equal(stats_of(f).bytes, 0);
}

/* A file that was just written may be written again within the same tick: its copies are not shared. */
static void test_fresh_files_are_not_shared(void **state)
{
	struct fixture *f = *state;
	struct got a, b, c, d;
	char path[PATH_MAX + 32];

	make_program(f, "fresh", path, sizeof(path));
	assert_int_equal(get(f, path, "/fresh", f->loader, &a), 0);
	assert_int_equal(get(f, path, "/fresh", f->loader, &b), 0);
	assert_int_not_equal(a.ino, b.ino);
	assert_maps_to(f, a.path, "/fresh");
	assert_maps_to(f, b.path, "/fresh");
	let_it_age();
	assert_int_equal(get(f, path, "/fresh", f->loader, &c), 0);
	assert_int_equal(get(f, path, "/fresh", f->loader, &d), 0);
	assert_int_equal(c.ino, d.ino);
	close(a.fd), close(b.fd), close(c.fd), close(d.fd);
}

static void test_changed_content_is_another_key(void **state)
{
	struct fixture *f = *state;
	struct got a, b;
	char path[PATH_MAX + 32];

	make_program(f, "changing", path, sizeof(path));
	let_it_age();
	assert_int_equal(get(f, path, "/changing", f->loader, &a), 0);
	make_program(f, "changing", path, sizeof(path)); /* same inode, size and content */
	let_it_age();
	assert_int_equal(get(f, path, "/changing", f->loader, &b), 0);
	assert_int_not_equal(a.ino, b.ino);
	close(a.fd), close(b.fd);
}

/* The caller's statx is older than the file: the copy is right and is not found under the old key. */
static void test_stale_statx(void **state)
{
	struct fixture *f = *state;
	struct statx stx;
	char path[PATH_MAX + 32];
	int a, b;
	dev_t dev;
	ino_t ino_a, ino_b;

	make_program(f, "stale", path, sizeof(path));
	let_it_age();
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx), 0);
	assert_int_equal(chmod(path, 0700), 0); /* another ctime */
	let_it_age();
	assert_int_equal(wr_exec_cache_get(f->cache, fd, &stx, "/stale", NULL, f->loader, &a, &dev, &ino_a),
			 0);
	assert_int_equal(wr_exec_cache_get(f->cache, fd, &stx, "/stale", NULL, f->loader, &b, &dev, &ino_b),
			 0);
	assert_int_not_equal(ino_a, ino_b);
	close(a), close(b);
}

static void test_odd_guest_paths(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = {
		"/", "/a/", "/..", "/a/.", "relative", "/sp ace (deleted)", "/new\nline"};
	struct got g[WR_ARRAY_SIZE(paths)];

	for (size_t i = 0; i < WR_ARRAY_SIZE(paths); i++) {
		assert_int_equal(get(f, "/bin/sh", paths[i], f->loader, &g[i]), 0);
		assert_maps_to(f, g[i].path, paths[i]);
		close(g[i].fd);
	}
	char name[300] = "/d/";
	memset(name + 3, 'n', 255);
	assert_int_equal(get(f, "/bin/sh", name, f->loader, &g[0]), 0);
	assert_string_equal(strrchr(g[0].path, '/'), name + 2);
	close(g[0].fd);
}

/* tmpfiles cleaners and the like */
static void test_files_removed_by_others(void **state)
{
	struct fixture *f = *state;
	struct got a, b, c;
	char path[PATH_MAX * 2];

	assert_int_equal(get(f, "/bin/sh", "/bin/sh", f->loader, &a), 0);
	assert_int_equal(unlink(a.path), 0);
	assert_int_equal(get(f, "/bin/sh", "/bin/sh", f->loader, &b), 0);
	assert_int_not_equal(a.ino, b.ino);
	snprintf(path, sizeof(path), "%s/c1", f->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(get(f, "/bin/sh", "/bin/other", f->loader, &c), 0);
	assert_maps_to(f, a.path, "/bin/sh");
	assert_maps_to(f, c.path, "/bin/other");
	close(a.fd), close(b.fd), close(c.fd);
}

/* ---- limits ---- */

static void test_eviction(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	struct got g[8];
	char path[8][PATH_MAX + 32], guest[32];

	assert_int_equal(stat("/bin/sh", &st), 0);
	wr_exec_cache_set_limits(
		f->cache, &(struct wr_exec_cache_limits){.max_bytes = 3 * ((uint64_t)st.st_size + PATH_MAX),
							 .max_name_bytes = 1 << 20});
	for (int i = 0; i < 8; i++) {
		snprintf(guest, sizeof(guest), "p%d", i);
		make_program(f, guest, path[i], sizeof(path[i]));
	}
	let_it_age();
	for (int i = 0; i < 8; i++) {
		snprintf(guest, sizeof(guest), "/p%d", i);
		if (i == 4) { /* p1 is the oldest now, unless it is asked for */
			assert_int_equal(get(f, path[1], "/p1", f->loader, &g[1]), 0);
			close(g[1].fd);
		}
		assert_int_equal(get(f, path[i], guest, f->loader, &g[i]), 0);
		close(g[i].fd);
		assert_true(stats_of(f).copies <= 3);
	}
	struct wr_exec_cache_stats s = stats_of(f);
	assert_int_equal(s.copies, 3);
	assert_int_equal(s.evicted, 5);
	assert_int_equal(s.made, 8);
	assert_int_equal(s.hits, 1);
	assert_int_equal(count_entries(f->dir), 6); /* a file and a directory each */
	for (int i = 0; i < 8; i++) {
		snprintf(guest, sizeof(guest), "/p%d", i);
		assert_int_equal(access(g[i].path, F_OK), i < 5 ? -1 : 0);
		assert_maps_to(f, g[i].path, guest); /* evicted ones too */
	}
}

/* What runs is not evicted: that would free nothing. Then the cache says that it is full. */
static void test_in_use_is_not_evicted(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	struct got a, b;
	char first[PATH_MAX + 32], second[PATH_MAX + 32];
	int in[2], status;

	assert_int_equal(stat("/bin/sh", &st), 0);
	make_program(f, "first", first, sizeof(first));
	make_program(f, "second", second, sizeof(second));
	let_it_age();
	wr_exec_cache_set_limits(f->cache,
				 &(struct wr_exec_cache_limits){.max_bytes = (uint64_t)st.st_size + PATH_MAX,
								.max_name_bytes = 1 << 20});
	assert_int_equal(get(f, first, "/first", f->loader, &a), 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		execl(a.path, "sh", NULL);
		_exit(127);
	}
	close(in[0]);
	close(a.fd);
	usleep(200 * 1000);
	assert_int_equal(get(f, second, "/second", f->loader, &b), -ENOSPC);
	assert_int_equal(access(a.path, F_OK), 0);

	close(in[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	usleep(20 * 1000);
	assert_int_equal(get(f, second, "/second", f->loader, &b), 0);
	assert_int_equal(access(a.path, F_OK), -1);
	close(b.fd);

	/* Asked for a moment ago: not evicted either. */
	wr_exec_cache_set_limits(f->cache,
				 &(struct wr_exec_cache_limits){.max_bytes = (uint64_t)st.st_size + PATH_MAX,
								.max_name_bytes = 1 << 20,
								.idle_ms = 60000});
	assert_int_equal(get(f, first, "/first", f->loader, &a), -ENOSPC);
}

static void test_names_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct got g, first;
	char guest[32], buf[64];

	wr_exec_cache_set_limits(
		f->cache, &(struct wr_exec_cache_limits){.max_bytes = 1 << 30, .max_name_bytes = 64 << 10});
	assert_int_equal(get(f, "/bin/sh", "/first", f->loader, &first), 0);
	for (int i = 0; i < 2000; i++) {
		snprintf(guest, sizeof(guest), "/n%d", i);
		assert_int_equal(get(f, "/bin/sh", guest, f->loader, &g), 0);
		close(g.fd);
	}
	assert_true(stats_of(f).names < 400);
	assert_true(count_entries(f->dir) < 400);
	assert_int_equal(stats_of(f).made, 1);
	assert_int_equal(wr_exec_cache_guest_path(f->cache, first.path, buf, sizeof(buf)), -ENOENT);
	assert_maps_to(f, g.path, guest);
	close(first.fd);
}

/* ---- the text file is not busy ---- */

static int hold_write_fd(void *arg)
{
	(void)arg;
	usleep(150 * 1000);
	return 0;
}

static atomic_bool stop;
static void *forker(void *arg)
{
	(void)arg;
	static char stack[8][65536] __attribute__((aligned(16)));
	for (unsigned i = 0; !atomic_load(&stop); i++) {
		/* A child with its own table of fds that does not exec for a while. */
		pid_t pid = clone(hold_write_fd, stack[i % 8] + sizeof(stack[0]), SIGCHLD, NULL);
		usleep(500);
		if (i % 8 == 7 || pid < 0)
			while (waitpid(-1, NULL, 0) > 0)
				;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	return NULL;
}

static void test_never_text_busy(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX + 32], interp[64];
	pthread_t t;

	make_program(f, "busy", path, sizeof(path));
	let_it_age();
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, forker, NULL), 0);
	for (int i = 0; i < 40; i++) {
		struct got g;
		snprintf(interp, sizeof(interp), "/nowhere/%d", i);
		assert_int_equal(get(f, path, "/busy", interp, &g), 0);
		/* ENOENT, the loader's, is what remains when the file itself could be executed. */
		assert_int_equal(execl(g.path, "busy", NULL), -1);
		assert_int_equal(errno, ENOENT);
		close(g.fd);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
}

/* ---- threads ---- */

enum { THREADS = 8, ROUNDS = 300, PROGRAMS = 5 };
struct worker {
	struct fixture *f;
	pthread_barrier_t *start;
	char (*paths)[PATH_MAX + 32];
	unsigned seed;
	int failures, full, forgotten;
	ino_t inos[PROGRAMS];
};

static int get_quietly(struct fixture *f, const char *src, const char *guest, ino_t *ret_ino)
{
	struct statx stx;
	char host[PATH_MAX], link[64], back[PATH_MAX];
	dev_t dev;
	_cleanup_close_ int got = -1;
	_cleanup_close_ int fd = open(src, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return -errno;
	int r = wr_exec_cache_get(f->cache, fd, &stx, guest, NULL, f->loader, &got, &dev, ret_ino);
	if (r < 0)
		return r;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", got);
	ssize_t n = readlink(link, host, sizeof(host) - 1);
	host[n > 0 ? n : 0] = '\0';
	r = wr_exec_cache_guest_path(f->cache, host, back, sizeof(back));
	if (r < 0)
		return r; /* -ENOENT: forgotten already */
	return strcmp(back, guest) == 0 ? 0 : -EIO;
}

static void *same_key(void *arg)
{
	struct worker *w = arg;
	pthread_barrier_wait(w->start);
	for (int i = 0; i < PROGRAMS; i++)
		w->failures += get_quietly(w->f, w->paths[i], "/bin/prog", &w->inos[i]) != 0;
	return NULL;
}

static void *many_keys(void *arg)
{
	struct worker *w = arg;
	char guest[32];
	ino_t ino;

	pthread_barrier_wait(w->start);
	for (int i = 0; i < ROUNDS; i++) {
		w->seed = w->seed * 1664525 + 1013904223;
		snprintf(guest, sizeof(guest), "/d%u/prog", (w->seed >> 8) % 3);
		int r = get_quietly(w->f, w->paths[(w->seed >> 16) % PROGRAMS], guest, &ino);
		if (r == -ENOSPC)
			w->full++;
		else if (r == -ENOENT)
			w->forgotten++;
		else
			w->failures += r != 0;
	}
	return NULL;
}

static void run_threads(struct fixture *f, void *(*body)(void *), struct worker w[static THREADS],
			char (*paths)[PATH_MAX + 32])
{
	pthread_t t[THREADS];
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.f = f, .start = &start, .paths = paths, .seed = (unsigned)i + 1};
		assert_int_equal(pthread_create(&t[i], NULL, body, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&start);
}

static void make_programs(struct fixture *f, char (*paths)[PATH_MAX + 32])
{
	for (int i = 0; i < PROGRAMS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		make_program(f, name, paths[i], sizeof(paths[i]));
	}
	let_it_age();
}

static void test_threads_same_key(void **state)
{
	struct fixture *f = *state;
	char paths[PROGRAMS][PATH_MAX + 32];
	struct worker w[THREADS];

	make_programs(f, paths);
	run_threads(f, same_key, w, paths);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(w[i].failures, 0);
		assert_memory_equal(w[i].inos, w[0].inos, sizeof(w[0].inos));
	}
	struct wr_exec_cache_stats s = stats_of(f);
	assert_int_equal(s.made, PROGRAMS);
	assert_int_equal(s.names, PROGRAMS);
	assert_int_equal(s.hits, PROGRAMS * (THREADS - 1));
}

static void test_threads_many_keys(void **state)
{
	struct fixture *f = *state;
	char paths[PROGRAMS][PATH_MAX + 32];
	struct worker w[THREADS];

	make_programs(f, paths);
	run_threads(f, many_keys, w, paths);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(w[i].failures, 0);
		assert_int_equal(w[i].full + w[i].forgotten, 0);
	}
	assert_int_equal(stats_of(f).made, PROGRAMS);
	assert_int_equal(stats_of(f).names, PROGRAMS * 3);
}

/* Room for two copies of five, and few names: everything is evicted all the time under everybody's feet. */
static void test_threads_evicting(void **state)
{
	struct fixture *f = *state;
	char paths[PROGRAMS][PATH_MAX + 32];
	struct worker w[THREADS];
	struct stat st;

	make_programs(f, paths);
	assert_int_equal(stat("/bin/sh", &st), 0);
	wr_exec_cache_set_limits(
		f->cache, &(struct wr_exec_cache_limits){.max_bytes = 2 * ((uint64_t)st.st_size + PATH_MAX),
							 .max_name_bytes = 4096});
	run_threads(f, many_keys, w, paths);
	int full = 0;
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(w[i].failures, 0);
		full += w[i].full;
	}
	print_message("%d of %d found the cache full of copies in use\n", full, THREADS * ROUNDS);
	struct wr_exec_cache_stats s = stats_of(f);
	assert_true(s.evicted > 10);
	assert_true(s.bytes <= 2 * ((uint64_t)st.st_size + PATH_MAX));
}

/* chmod of the original all the time: never an error, never a wrong answer. */
static void *chmod_it(void *arg)
{
	while (!atomic_load(&stop)) {
		chmod(arg, 0755);
		usleep(200);
	}
	return NULL;
}

static void test_threads_while_ctime_changes(void **state)
{
	struct fixture *f = *state;
	char paths[PROGRAMS][PATH_MAX + 32];
	struct worker w[THREADS];
	pthread_t t;

	make_programs(f, paths);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, chmod_it, paths[0]), 0);
	run_threads(f, many_keys, w, paths);
	atomic_store(&stop, true);
	pthread_join(t, NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(w[i].failures, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_key_one_copy),
		TEST(test_it_runs_and_maps_back),
		TEST(test_guest_path_inputs),
		TEST(test_errors_leave_nothing),
		TEST(test_fresh_files_are_not_shared),
		TEST(test_changed_content_is_another_key),
		TEST(test_stale_statx),
		TEST(test_odd_guest_paths),
		TEST(test_files_removed_by_others),
		TEST(test_eviction),
		TEST(test_in_use_is_not_evicted),
		TEST(test_names_are_bounded),
		TEST(test_never_text_busy),
		TEST(test_threads_same_key),
		TEST(test_threads_many_keys),
		TEST(test_threads_evicting),
		TEST(test_threads_while_ctime_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
