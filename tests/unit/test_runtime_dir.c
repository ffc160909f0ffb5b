/* SPDX-License-Identifier: Apache-2.0 */
/* Private directories: making, removing, and cleaning up after the dead. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../engine/base/cleanup.h"
#include "../../engine/runtime_dir.h"

struct fixture {
	char dir[64]; /* stands for a base directory: $XDG_RUNTIME_DIR */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	strcpy(f->dir, "/dev/shm/wr-test-XXXXXX");
	*state = f;
	return mkdtemp(f->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int r = wr_runtime_dir_remove(f->dir);
	free(f);
	return r;
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

static void make_in(const char *base, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", base, name);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/file");
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int exists(const char *base, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", base, name);
	return access(path, F_OK) == 0;
}

static pid_t dead_pid(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void test_runtime_dir_new(void **state)
{
	struct fixture *f = *state;
	char a[PATH_MAX], b[PATH_MAX], small[20], want[PATH_MAX];
	struct stat st;

	setenv("XDG_RUNTIME_DIR", f->dir, 1);
	mode_t old = umask(0777);
	assert_int_equal(wr_runtime_dir_new(a, sizeof(a)), 0);
	umask(old);
	assert_int_equal(wr_runtime_dir_new(b, sizeof(b)), 0);
	assert_string_not_equal(a, b);
	snprintf(want, sizeof(want), "%s/warren-%u-%d-", f->dir, geteuid(), getpid());
	assert_int_equal(strncmp(a, want, strlen(want)), 0);
	assert_int_equal(strlen(a), strlen(want) + 6);
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(wr_runtime_dir_new(small, sizeof(small)), -ERANGE);
	assert_int_equal(wr_runtime_dir_remove(a), 0);
	assert_int_equal(wr_runtime_dir_remove(b), 0);
	assert_int_equal(wr_runtime_dir_remove(b), -ENOENT);
	assert_int_equal(count_entries(f->dir), 0);

	/* One that programs cannot be run from, or that is not there, is passed over. */
	setenv("XDG_RUNTIME_DIR", "/proc", 1);
	assert_int_equal(wr_runtime_dir_new(a, sizeof(a)), 0);
	assert_int_not_equal(strncmp(a, "/proc", 5), 0);
	assert_int_equal(wr_runtime_dir_remove(a), 0);
	setenv("XDG_RUNTIME_DIR", "tmp/relative", 1);
	assert_int_equal(wr_runtime_dir_new(a, sizeof(a)), 0);
	assert_int_equal(a[0], '/');
	assert_int_equal(wr_runtime_dir_remove(a), 0);
	unsetenv("XDG_RUNTIME_DIR");
}

static void test_runtime_dir_remove(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX], inner[PATH_MAX + 16], outside[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tree", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	make_in(path, "a");
	snprintf(inner, sizeof(inner), "%s/a/b", path);
	assert_int_equal(mkdir(inner, 0700), 0);
	make_in(f->dir, "outside");
	snprintf(outside, sizeof(outside), "%s/outside", f->dir);
	snprintf(inner, sizeof(inner), "%s/a/b/link", path);
	assert_int_equal(symlink(outside, inner), 0);

	snprintf(inner, sizeof(inner), "%s/top", f->dir);
	assert_int_equal(symlink(outside, inner), 0);
	assert_true(wr_runtime_dir_remove(inner) < 0);
	assert_int_equal(wr_runtime_dir_remove(path), 0);
	assert_false(exists(f->dir, "tree"));
	assert_true(exists(f->dir, "outside/file"));
	assert_int_equal(wr_runtime_dir_remove("/nowhere/at/all"), -ENOENT);
}

static void test_runtime_dir_prune(void **state)
{
	struct fixture *f = *state;
	pid_t dead = dead_pid();
	unsigned uid = geteuid();
	static const struct {
		const char *format; /* of uid and pid */
		bool own_uid, dead, gone;
	} rows[] = {
		{"warren-%u-%d-abcdef", true, true, true},
		{"warren-%u-%d-xyz234", true, true, true},
		{"warren-%u-%d-livepd", true, false, false},
		{"warren-%u-%d-otheru", false, true, false},
		{"warren-%u-%d-abcde", true, true, false},
		{"warren-%u-%d-abcdefg", true, true, false},
		{"warren-%u-%d-abcde.", true, true, false},
		{"warren-%u-%d-ABCDEF", true, true, false},
		{"warren-%u-0%d-abcdef", true, true, false},
		{"warren-%u--%d-abcdef", true, true, false},
		{"warren-%u-%d", true, true, false},
		{"xwarren-%u-%d-abcdef", true, true, false},
		{"warren-%u-%d9999999999-abcdef", true, true, false},
	};
	char name[WR_ARRAY_SIZE(rows)][128], locked[128], path[PATH_MAX], linked[128];

	setenv("XDG_RUNTIME_DIR", f->dir, 1);
	for (size_t i = 0; i < WR_ARRAY_SIZE(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(name[i], sizeof(name[i]), rows[i].format, rows[i].own_uid ? uid : uid + 1,
			 rows[i].dead ? dead : getpid());
#pragma GCC diagnostic pop
		make_in(f->dir, name[i]);
	}
	/* A process that we cannot see, of another PID namespace, holds this one. */
	snprintf(locked, sizeof(locked), "warren-%u-%d-locked", uid, dead);
	make_in(f->dir, locked);
	snprintf(path, sizeof(path), "%s/%s", f->dir, locked);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	/* A symlink is not followed. */
	make_in(f->dir, "precious");
	snprintf(linked, sizeof(linked), "warren-%u-%d-linked", uid, dead);
	snprintf(path, sizeof(path), "%s/%s", f->dir, linked);
	assert_int_equal(symlink("precious", path), 0);

	assert_true(wr_runtime_dir_prune() >= 2);
	for (size_t i = 0; i < WR_ARRAY_SIZE(rows); i++)
		assert_int_equal(exists(f->dir, name[i]), !rows[i].gone);
	assert_true(exists(f->dir, locked));
	assert_true(exists(f->dir, "precious/file"));
	close(wr_steal_fd(&fd));
	assert_true(wr_runtime_dir_prune() >= 1);
	assert_false(exists(f->dir, locked));
	unsetenv("XDG_RUNTIME_DIR");
}

/* The real thing: a process that is killed, and one that lives. */
static void test_runtime_dir_of_a_killed_process(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX] = "";
	int p[2];

	setenv("XDG_RUNTIME_DIR", f->dir, 1);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (wr_runtime_dir_new(path, sizeof(path)) == 0 && write(p[1], path, sizeof(path)) > 0)
			pause();
		_exit(1);
	}
	assert_int_equal(read(p[0], path, sizeof(path)), sizeof(path));
	wr_runtime_dir_prune();
	assert_int_equal(access(path, F_OK), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	wr_runtime_dir_prune();
	assert_int_equal(access(path, F_OK), -1);
	close(p[0]), close(p[1]);
	unsetenv("XDG_RUNTIME_DIR");
}

/* The process's own is gone after exit, and a child's exit leaves it. */
static void test_own(void **state)
{
	struct fixture *f = *state;
	int status;

	setenv("XDG_RUNTIME_DIR", f->dir, 1);
	pid_t pid = fork();
	if (pid == 0) {
		const char *own = wr_runtime_dir();
		if (!own || own != wr_runtime_dir() || count_entries(f->dir) != 1)
			_exit(1);
		pid_t child = fork();
		if (child == 0)
			exit(0);
		waitpid(child, NULL, 0);
		exit(count_entries(f->dir) == 1 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(count_entries(f->dir), 0);
	unsetenv("XDG_RUNTIME_DIR");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_runtime_dir_new),
		TEST(test_runtime_dir_remove),
		TEST(test_runtime_dir_prune),
		TEST(test_runtime_dir_of_a_killed_process),
		TEST(test_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
