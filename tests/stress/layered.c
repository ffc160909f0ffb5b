/* SPDX-License-Identifier: Apache-2.0 */
#include "layered.h"
#include "../../cow/set.h"
#include "held.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 600000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the scene ---- */

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		fail("%s: %s", path, strerror(errno));
}

void scene_make(struct scene *s)
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX + 8];

	*s = (struct scene){0};
	snprintf(s->dir, sizeof(s->dir), "%s/warren-stress-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(s->dir))
		fail("%s: %s", s->dir, strerror(errno));
	snprintf(s->layers, sizeof(s->layers), "%s/layers", s->dir);
	make_dir(s->layers);
	/* a place of its own for whatever warren makes, so that what is left can be seen */
	snprintf(path, sizeof(path), "%s/tmp", s->dir);
	make_dir(path);
	setenv("TMPDIR", path, 1);
	snprintf(path, sizeof(path), "%s/run", s->dir);
	if (mkdir(path, 0700) < 0)
		fail("%s: %s", path, strerror(errno));
	setenv("XDG_RUNTIME_DIR", path, 1);

	ssize_t n = readlink("/proc/self/exe", s->guest, sizeof(s->guest) - 20);
	if (n < 0 || pipe2(s->go, O_CLOEXEC) < 0 || pipe2(s->said, O_CLOEXEC) < 0 ||
	    pipe2(s->end, O_CLOEXEC) < 0)
		fail("the scene: %s", strerror(errno));
	s->guest[n] = '\0';
	strcpy(strrchr(s->guest, '/') + 1, "layer_guest");
}

static uint64_t sum;

static void add(const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ p[i]) * 0x100000001b3u;
}

/* In the order of the directories, which nobody changes; a write shows in size, mtime or ctime. */
static int add_object(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const uint64_t v[] = {st->st_ino,
			      st->st_mode,
			      st->st_nlink,
			      (uint64_t)st->st_size * (type == FTW_F),
			      (uint64_t)st->st_mtim.tv_sec,
			      (uint64_t)st->st_mtim.tv_nsec,
			      (uint64_t)st->st_ctim.tv_sec,
			      (uint64_t)st->st_ctim.tv_nsec};

	(void)at;
	add(path, strlen(path));
	add(v, sizeof(v));
	return 0;
}

static uint64_t sum_of(const char *dir)
{
	sum = 0xcbf29ce484222325u;
	if (nftw(dir, add_object, 20, FTW_PHYS) < 0)
		fail("%s: %s", dir, strerror(errno));
	return sum;
}

void scene_add_lower(struct scene *s, const char *name, unsigned files, struct lower *ret)
{
	char path[PATH_MAX + 64];

	ret->each = files / DIRECTORIES;
	if (snprintf(ret->path, sizeof(ret->path), "%s/%s", s->dir, name) >= (int)sizeof(ret->path))
		fail("%s: the name is too long", s->dir);
	make_dir(ret->path);
	for (unsigned i = 0; i < DIRECTORIES; i++) {
		snprintf(path, sizeof(path), "%s/d%02u", ret->path, i);
		make_dir(path);
		for (unsigned j = 0; j < ret->each; j++) {
			snprintf(path, sizeof(path), "%s/d%02u/f%u", ret->path, i, j);
			int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
			if (fd < 0 || write(fd, "lower\n", 6) != 6 || close(fd) < 0)
				fail("%s: %s", path, strerror(errno));
		}
	}
	ret->sum = sum_of(ret->path);
}

void scene_open_engine(struct scene *s, const struct lower *const *lowers, unsigned n)
{
	int r = warren_engine_new(NULL, &s->engine);

	if (r == 0)
		r = warren_policy_new(&s->base);
	if (r == 0)
		r = warren_policy_add_rule(s->base, WARREN_READ, "/");
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = warren_policy_add_rule(s->base, WARREN_WRITE, lowers[i]->path);
	if (r < 0)
		fail("no engine: %s", s->base ? warren_policy_error(s->base) : strerror(-r));
}

void scene_close_engine(struct scene *s)
{
	warren_engine_free(s->engine);
	warren_policy_unref(s->base);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return (type == FTW_DP ? rmdir(path) : unlink(path)) < 0 ? -1 : 0;
}

void scene_end(struct scene *s, const struct lower *const *lowers, unsigned n)
{
	char path[PATH_MAX + 8];

	if (entries(s->layers) != 2)
		fail("%u layers are left in %s", entries(s->layers) - 2, s->layers);
	snprintf(path, sizeof(path), "%s/tmp", s->dir);
	if (entries(path) != 2)
		fail("something is left in %s", path);
	for (unsigned i = 0; i < n; i++)
		if (sum_of(lowers[i]->path) != lowers[i]->sum)
			fail("%s was changed", lowers[i]->path);
	if (nftw(s->dir, remove_one, 20, FTW_DEPTH | FTW_PHYS) < 0)
		fail("%s cannot be removed: %s", s->dir, strerror(errno));
}

/* ---- a sandbox ---- */

static char *text_of(unsigned v, char buf[static 16])
{
	snprintf(buf, 16, "%u", v);
	return buf;
}

/* No process to be had is the machine's affair, of other tests that run beside this one: that passes. */
static int start(struct scene *s, struct warren_policy *policy, const struct warren_command *cmd,
		 struct warren_sandbox **ret)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	int r = warren_sandbox_start(s->engine, policy, cmd, ret);

	for (int i = 0; r == -EAGAIN && i < 600; i++) {
		nanosleep(&pause, NULL);
		r = warren_sandbox_start(s->engine, policy, cmd, ret);
	}
	return r;
}

void layered_start(struct scene *s, const struct lower *lower, unsigned id, unsigned files,
		   struct layered *ret)
{
	char number[3][16], dir[PATH_MAX];
	char *const argv[] = {s->guest,
			      strcpy(dir, lower->path),
			      text_of(id, number[0]),
			      text_of(files, number[1]),
			      text_of(lower->each, number[2]),
			      NULL};
	/* a sanitizer in it could not trace it at its end */
	char *const envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
	const struct warren_command cmd = {
		.argv = argv, .envp = envp, .stdio = {s->go[0], s->said[1], s->end[0]}};
	double began = now();

	snprintf(ret->layer, sizeof(ret->layer), "%s/%u", s->layers, id);
	int r = warren_policy_derive(s->base, &ret->policy);
	if (r < 0)
		fail("derive: %s", strerror(-r));
	r = warren_policy_add_layer(ret->policy, lower->path, ret->layer);
	if (r == 0)
		r = start(s, ret->policy, &cmd, &ret->sandbox);
	if (r < 0)
		fail("sandbox %u: %s", id, warren_policy_error(ret->policy));
	ret->set_up = now() - began;
}

void layered_go(struct scene *s, unsigned n)
{
	char text[4096];
	size_t have = 0, lines = 0;

	for (unsigned i = 0; i < n; i++)
		if (write(s->go[1], "g", 1) != 1)
			fail("go: %s", strerror(errno));
	while (lines < n) {
		ssize_t got = read(s->said[0], text + have, sizeof(text) - 1 - have);
		if (got <= 0)
			fail("what the guests say: %s", strerror(errno));
		have += (size_t)got;
		text[have] = '\0';
		char *line = text;
		for (char *end; (end = strchr(line, '\n')); line = end + 1, lines++)
			if (end - line != 2 || memcmp(line, "ok", 2))
				fail("a guest: %.*s", (int)(end - line), line);
		have -= (size_t)(line - text);
		memmove(text, line, have + 1);
	}
}

static unsigned found;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	(void)at;
	found += type == FTW_F && S_ISREG(st->st_mode);
	return 0;
}

/* From outside: as many files, and the last two are its own. */
static void look_at(const struct layered *l, unsigned id, unsigned files)
{
	char path[PATH_MAX + 64], want[64], is[64];

	snprintf(path, sizeof(path), "%s/upper", l->layer);
	found = 0;
	if (nftw(path, count_file, 20, FTW_PHYS) < 0 || found != files)
		fail("%s has %u files instead of %u", path, found, files);
	for (unsigned i = files < 2 ? 0 : files - 2; i < files; i++) {
		snprintf(path, sizeof(path), "%s/upper/d%02u/%s", l->layer, i, i % 2 ? "new" : "f0");
		snprintf(want, sizeof(want), "%sof %u\n", i % 2 ? "" : "lower\n", id);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, is, sizeof(is) - 1);
		is[n < 0 ? 0 : n] = '\0';
		if (strcmp(is, want))
			fail("%s is '%s', not '%s'", path, is, want);
		close(fd);
	}
}

void layered_end(struct layered *l, unsigned id, unsigned files)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct warren_result res;
	int r = warren_sandbox_wait(l->sandbox, PATIENCE_MS, &res);

	if (r < 0 || res.status)
		fail("sandbox %u: %s, status %#x", id, strerror(-r), r < 0 ? 0 : (unsigned)res.status);
	warren_sandbox_unref(l->sandbox);
	look_at(l, id, files);
	warren_policy_unref(l->policy);
	/* the worker that served it may be the last to let go */
	for (int i = 0; (r = wr_set_discard(l->layer)) == -EBUSY && i < 10000; i++)
		nanosleep(&pause, NULL);
	if (r < 0)
		fail("discard %s: %s", l->layer, strerror(-r));
}
