/* SPDX-License-Identifier: Apache-2.0 */
/* What a supervisor that was taken over could still do: a handler that is called for a guest's access(2)
 * tries it, in the thread that serves; and the thread that started the engine. Each in a process of its own,
 * once confined and once, as the control, not. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <warren/warren.h>

enum act {
	MOUNT,
	NAMESPACE,
	HANDLE,
	KEYS,
	EXEC,
	FORK,
	INET,
	RING,
	MAKE_OUTSIDE,
	WRITE_OUTSIDE,
	REMOVE_OUTSIDE,
	MOVE_OUTSIDE,
	MAKE_INSIDE,
	MOVE_INSIDE,
	SIGNAL,
	ACTS
};

static pid_t outside; /* a process that is not the supervisor's */
static char base[64]; /* in, which may be written; out, which may not */

struct tried {
	int by_server[ACTS], by_main[ACTS]; /* negative errno, or 0 */
	int served;
};

static int outcome(long r)
{
	return r < 0 ? -errno : 0;
}

static int make_file(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s/%s", base, dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return outcome(fd);
}

static int move(const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof(a), "%s/%s", base, from);
	snprintf(b, sizeof(b), "%s/%s", base, to);
	return outcome(rename(a, b));
}

static int try(enum act a)
{
	char path[128], params[120] = "";
	char *const none[] = {NULL};
	pid_t pid;
	long r;

	switch (a) {
	case MOUNT:
		return outcome(mount("none", "/nowhere/at/all", "tmpfs", 0, NULL));
	case NAMESPACE:
		return outcome(unshare(CLONE_NEWUTS));
	case HANDLE:
		return outcome(syscall(SYS_open_by_handle_at, -1, NULL, 0));
	case KEYS:
		return outcome(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0));
	case EXEC:
		return outcome(execve("/nowhere/at/all", none, none));
	case FORK:
		pid = fork();
		if (pid == 0)
			_exit(0);
		return outcome(pid > 0 ? waitpid(pid, NULL, 0) : -1);
	case INET:
		r = socket(AF_INET, SOCK_STREAM, 0);
		break;
	case RING:
		r = syscall(SYS_io_uring_setup, 1, params);
		break;
	case MAKE_OUTSIDE:
		return make_file("out", "new");
	case WRITE_OUTSIDE:
		return make_file("out", "old");
	case REMOVE_OUTSIDE:
		snprintf(path, sizeof(path), "%s/out/old", base);
		return outcome(unlink(path));
	case MOVE_OUTSIDE:
		return move("in/one/file", "out/file");
	case SIGNAL:
		return outcome(kill(outside, 0));
	case MAKE_INSIDE:
		return make_file("in", "new");
	case MOVE_INSIDE:
		r = move("in/one/file", "in/two/file");
		return r < 0 ? (int)r : move("in/two/file", "in/one/file");
	default:
		abort();
	}
	r = outcome(r);
	return (int)r;
}

static struct warren_verdict on_access(struct warren_request *rq, void *user)
{
	struct tried *t = user;

	(void)rq;
	if (!t->served)
		for (int a = 0; a < ACTS; a++)
			t->by_server[a] = try(a);
	t->served = 1;
	return warren_pass();
}

/* In a process of its own. */
static void supervise(struct tried *t, int confined)
{
	const struct warren_engine_options opt = {.workers = 1, .confine = confined};
	char in[128], *const argv[] = {"/bin/sh", "-c", "test -w / ; :", NULL}, *const envp[] = {NULL};
	const struct warren_command cmd = {.argv = argv, .envp = envp, .stdio = {-1, -1, -1}};
	struct warren_engine *e;
	struct warren_policy *p;
	struct warren_sandbox *s;
	struct warren_result res;

	snprintf(in, sizeof(in), "%s/in", base);
	if (warren_policy_new(&p) < 0 || warren_policy_add_rule(p, WARREN_READ, "/") < 0 ||
	    warren_policy_add_rule(p, WARREN_WRITE, in) < 0)
		_exit(2);
	if (confined && (warren_confine() < 0 || warren_confine_writes(p, NULL, 0, 0) < 0))
		_exit(3);
	if (warren_engine_new(&opt, &e) < 0 ||
	    warren_engine_add_handler(e, "faccessat2", WARREN_BEFORE, on_access, t) < 0 ||
	    warren_sandbox_start(e, p, &cmd, &s) < 0)
		_exit(4);
	if (warren_sandbox_wait(s, 20000, &res) < 0 || res.status != 0)
		_exit(5);
	warren_sandbox_unref(s);
	for (int a = 0; a < ACTS; a++)
		if (a != FORK) /* what starts sandboxes may */
			t->by_main[a] = try(a);
	warren_engine_free(e);
	warren_policy_unref(p);
	exit(0); /* warren's directories go, or fail to */
}

/* Warren's own went when it ended. */
static void assert_no_directory_of(pid_t pid)
{
	static const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp"};
	char pattern[64];
	glob_t g;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(pattern, sizeof(pattern), "%s/warren-*-%d-*", places[i], (int)pid);
		assert_int_equal(glob(pattern, 0, NULL, &g), GLOB_NOMATCH);
	}
}

static struct tried run(int confined)
{
	struct tried *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_ptr_not_equal(t, MAP_FAILED);
	outside = getpid();
	pid_t pid = fork();
	if (pid == 0)
		supervise(t, confined);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(t->served, 1);
	assert_no_directory_of(pid);
	struct tried r = *t;
	munmap(t, sizeof(*t));
	return r;
}

static long landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void confined_can_do_little(void **state)
{
	struct tried t = run(1);

	(void)state;
	for (int a = MOUNT; a <= KEYS; a++) {
		assert_int_equal(t.by_server[a], -EPERM);
		assert_int_equal(t.by_main[a], -EPERM);
	}
	for (int a = EXEC; a <= RING; a++)
		assert_int_equal(t.by_server[a], -EPERM);
	for (int a = MAKE_INSIDE; a <= MOVE_INSIDE; a++) {
		assert_int_equal(t.by_server[a], 0);
		assert_int_equal(t.by_main[a], 0);
	}
	if (landlock() < 2)
		skip();
	assert_int_equal(t.by_server[SIGNAL], landlock() < 6 ? 0 : -EPERM);
	assert_int_equal(t.by_main[SIGNAL], landlock() < 6 ? 0 : -EPERM);
	for (int a = MAKE_OUTSIDE; a <= REMOVE_OUTSIDE; a++) {
		assert_int_equal(t.by_server[a], -EACCES);
		assert_int_equal(t.by_main[a], -EACCES);
	}
	assert_true(t.by_server[MOVE_OUTSIDE] == -EACCES || t.by_server[MOVE_OUTSIDE] == -EXDEV);
	assert_true(t.by_main[MOVE_OUTSIDE] == -EACCES || t.by_main[MOVE_OUTSIDE] == -EXDEV);
}

/* The control. Handles and namespaces are for root alone. */
static void unconfined_can_do_more(void **state)
{
	struct tried t = run(0);

	(void)state;
	assert_int_equal(t.by_main[MOUNT], -ENOENT);
	assert_int_not_equal(t.by_main[KEYS], -EPERM);
	assert_int_equal(t.by_server[EXEC], -ENOENT);
	assert_int_equal(t.by_server[FORK], 0);
	assert_int_equal(t.by_server[INET], 0);
	assert_int_not_equal(t.by_server[RING], -EPERM);
	for (int a = MAKE_OUTSIDE; a <= MOVE_OUTSIDE; a++)
		assert_int_equal(t.by_server[a], 0);
	assert_int_equal(t.by_server[SIGNAL], 0);
	if (geteuid() == 0) {
		assert_int_not_equal(t.by_main[HANDLE], -EPERM);
		assert_int_equal(t.by_main[NAMESPACE], 0);
	}
}

static int make_dirs(void **state)
{
	static const char *const dirs[] = {"in", "in/one", "in/two", "out"};
	char path[128];
	int r = 0;

	(void)state;
	strcpy(base, "/tmp/warren-confine.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", base, dirs[i]);
		r = mkdir(path, 0700);
	}
	return r < 0 || make_file("in/one", "file") || make_file("out", "old") ? -1 : 0;
}

static int remove_dirs(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(confined_can_do_little, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(unconfined_can_do_more, make_dirs, remove_dirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
