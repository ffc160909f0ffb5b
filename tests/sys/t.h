/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs in this directory share. Each of them is a guest: it works in a fresh, empty, writable
 * working directory, makes whatever it needs, prints only when something is wrong, and ends within five
 * seconds. Exit status: 0 right, 1 wrong, 77 cannot be tried here.
 *
 * The expectations are the kernel's: all but those marked warren-only pass in a chroot with /proc and /dev.
 * In the root: /bin/busybox (with sh, true, cat ...), /t/helper (static), /t/helper-dyn (the host's libc),
 * /t/helper-musl, /t/helper-origin, and /sticky, a mode 1777 directory of root's with a file of root's in it.
 */
#ifndef WARREN_TESTS_SYS_T_H
#define WARREN_TESTS_SYS_T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the headers of older distributions lack; the numbers are the same on every 64-bit architecture. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define T_SYS_setxattrat     463
#define T_SYS_getxattrat     464
#define T_SYS_listxattrat    465
#define T_SYS_removexattrat  466
#define T_SYS_open_tree_attr 467
#define T_SYS_file_getattr   468
#define T_SYS_file_setattr   469

static atomic_int t_failures;
static const char *t_self = "?"; /* absolute path of the program that runs */

__attribute__((format(printf, 3, 4))) static inline void t_fail(const char *file, int line, const char *fmt,
								...)
{
	va_list ap;
	char text[1024];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A race that goes wrong a thousand times is told ten times. */
	if (t_failures++ < 10)
		dprintf(2, "%s:%d: %s\n", file, line, text);
}

/* The condition holds; if not, say so and go on. */
#define CHECK(cond)                                                                                          \
	do {                                                                                                 \
		if (!(cond))                                                                                 \
			t_fail(__FILE__, __LINE__, "%s (errno %d %s)", #cond, errno, strerror(errno));       \
	} while (0)

/* Two integers are the same. */
#define CHECK_EQ(a, b)                                                                                       \
	do {                                                                                                 \
		long t_a = (long)(a), t_b = (long)(b);                                                       \
		if (t_a != t_b)                                                                              \
			t_fail(__FILE__, __LINE__, "%s is %ld (0%lo), not %s = %ld (0%lo) (errno %d)", #a,   \
			       t_a, t_a, #b, t_b, t_b, errno);                                               \
	} while (0)

#define CHECK_STR(a, b)                                                                                      \
	do {                                                                                                 \
		const char *t_a = (a), *t_b = (b);                                                           \
		if (!t_a || strcmp(t_a, t_b))                                                                \
			t_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, t_a ? t_a : "(null)",     \
			       t_b);                                                                         \
	} while (0)

/* The call fails with exactly this errno. */
#define CHECK_ERR(call, err)                                                                                 \
	do {                                                                                                 \
		errno = 0;                                                                                   \
		long t_r = (long)(call);                                                                     \
		int t_e = errno;                                                                             \
		if (t_r != -1 || t_e != (err))                                                               \
			t_fail(__FILE__, __LINE__, "%s returns %ld, errno %d %s, not %s", #call, t_r, t_e,   \
			       strerror(t_e), #err);                                                         \
	} while (0)

/* The call succeeds with 0. */
#define CHECK_OK(call) CHECK_ERRNO_IS(call, 0)
#define CHECK_ERRNO_IS(call, val)                                                                            \
	do {                                                                                                 \
		errno = 0;                                                                                   \
		long t_r = (long)(call);                                                                     \
		int t_e = errno;                                                                             \
		if (t_r != (val))                                                                            \
			t_fail(__FILE__, __LINE__, "%s returns %ld, errno %d %s", #call, t_r, t_e,           \
			       strerror(t_e));                                                               \
	} while (0)

/* Without this nothing that follows makes sense. */
#define REQUIRE(cond)                                                                                        \
	do {                                                                                                 \
		if (!(cond)) {                                                                               \
			t_fail(__FILE__, __LINE__, "%s (errno %d %s)", #cond, errno, strerror(errno));       \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

#define T_SKIP(reason)                                                                                       \
	do {                                                                                                 \
		dprintf(2, "skipped: %s\n", reason);                                                         \
		_exit(77);                                                                                   \
	} while (0)

/* The end of a test that hangs; T_ALARM gives a slow build of warren more seconds. */
static inline void t_alarm(void)
{
	const char *seconds = getenv("T_ALARM");

	alarm(seconds ? (unsigned)atoi(seconds) : 6);
}

static inline void t_begin(int argc, char **argv)
{
	(void)argc;
	t_alarm();
	umask(022);
	t_self = argv[0];
}

static inline int t_end(void)
{
	return t_failures ? 1 : 0;
}

static inline void t_ms(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static inline long t_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A child that is gone at the latest when this process or its patience is. */
static inline pid_t t_fork(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (!pid) {
		t_failures = 0;
		t_alarm();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

/* Exit status of a child, or 128 + the signal that killed it. */
static inline int t_wait(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static inline void t_put_mode(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	REQUIRE(!close(fd));
	REQUIRE(!chmod(path, mode));
}

static inline void t_put(const char *path, const char *text)
{
	t_put_mode(path, text, 0644);
}

/* The whole of an fd, NUL-terminated. */
static inline ssize_t t_slurp(int fd, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size - 1) {
		ssize_t n = read(fd, buf + have, size - 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	buf[have] = 0;
	return (ssize_t)have;
}

static inline ssize_t t_get(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = 0;
	if (fd < 0)
		return -1;
	n = t_slurp(fd, buf, size);
	close(fd);
	return n;
}

/* Does the file hold exactly this text? */
static inline bool t_holds(const char *path, const char *text)
{
	char buf[4096];

	return t_get(path, buf, sizeof(buf)) >= 0 && !strcmp(buf, text);
}

static inline bool t_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static inline int t_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static inline int t_type(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -1 : (int)(st.st_mode & S_IFMT);
}

static inline ino_t t_ino(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino;
}

/* What a link holds, in one of eight static buffers. */
static inline const char *t_readlink(const char *path)
{
	static _Thread_local char ring[8][PATH_MAX];
	static _Thread_local unsigned next;
	char *buf = ring[next++ % 8];
	ssize_t n = readlink(path, buf, PATH_MAX - 1);

	if (n < 0)
		n = snprintf(buf, PATH_MAX, "(readlink: %s)", strerror(errno));
	buf[n] = 0;
	return buf;
}

static inline pthread_t t_thread(void *(*fn)(void *), void *arg)
{
	pthread_t th;

	REQUIRE(!pthread_create(&th, NULL, fn, arg));
	return th;
}

static inline void t_join(pthread_t th)
{
	REQUIRE(!pthread_join(th, NULL));
}

/* The errno with which exec of this path fails in a child; 0 when it runs, and then its status in *status. */
static inline int t_exec_errno(const char *path, char *const argv[], char *const envp[], int *status)
{
	int p[2], err = 0, code;
	pid_t pid;

	REQUIRE(!pipe2(p, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		execve(path, argv, envp);
		err = errno;
		REQUIRE(write(p[1], &err, sizeof(err)) == sizeof(err));
		_exit(126);
	}
	close(p[1]);
	if (read(p[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(p[0]);
	code = t_wait(pid);
	if (status)
		*status = code;
	return err;
}

/* Run a program, standard output into buf; its exit status, or -errno when exec fails. */
static inline int t_capture(char *buf, size_t size, const char *path, char *const argv[], char *const envp[])
{
	int out[2], p[2], err = 0, code;
	pid_t pid;

	REQUIRE(!pipe2(out, O_CLOEXEC) && !pipe2(p, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		dup2(out[1], 1);
		execve(path, argv, envp);
		err = errno;
		REQUIRE(write(p[1], &err, sizeof(err)) == sizeof(err));
		_exit(126);
	}
	close(p[1]);
	close(out[1]);
	if (read(p[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(p[0]);
	t_slurp(out[0], buf, size);
	close(out[0]);
	code = t_wait(pid);
	return err ? -err : code;
}

/* Is there a line like this one? */
static inline bool t_has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = text; (p = strstr(p, line)); p += len)
		if ((p == text || p[-1] == '\n') && (p[len] == '\n' || !p[len]))
			return true;
	return false;
}

#define CHECK_LINE(text, line)                                                                               \
	do {                                                                                                 \
		if (!t_has_line(text, line))                                                                 \
			t_fail(__FILE__, __LINE__, "no line \"%s\" in:\n%s", line, text);                    \
	} while (0)

#endif
