/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attacks in this directory share. Each program tries one way to get out of, to read, to change, to
 * learn or to block beyond its policy, for about half a second (ESCAPE_SECONDS: longer), and ends with
 * ESCAPED (42) as soon as it has got there, with 0 when it has not, and with 77 when there is nothing to try
 * here. The runner (tests/escape/run) runs it as a guest, where it must not get there, and without warren, as
 * the control, where it must.
 *
 * Around it, told by the environment:
 *   E_OUT     a directory outside of the guest's root: file "secret", program "prog" (exit status 42),
 * sockets E_DENIED  a directory in the root that is denied to the guest: "secret", "prog" E_RO      a
 * directory in the root that the guest may read only: "file", empty directory "dir" E_SECRET  what the
 * secrets hold E_PID     the victim, a process of the same user outside, with the secret at E_ADDR of its
 * memory, its environment and its file E_FD; sockets E_OUT/stream, E_OUT/dgram and the abstract name
 * E_ABSTRACT E_GIVE    a socket that the guest may reach: the victim sends descriptors of E_OUT and of its
 * files there The working directory is the guest's own to write.
 */
#ifndef WARREN_TESTS_ESCAPE_E_H
#define WARREN_TESTS_ESCAPE_E_H

#include "../sys/t.h"

#define E_ESCAPED 42

/* The control stops at the first success that it sees itself; changes are the runner's to see. */
#ifndef E_CONTROL_SECONDS
#define E_CONTROL_SECONDS 8
#endif

/* What was done must end the program, from whatever thread or child (which pass it on by their status). */
#define ESCAPED(...)                                                                                         \
	do {                                                                                                 \
		dprintf(2, "%s:%d: got there: ", __FILE__, __LINE__);                                        \
		dprintf(2, __VA_ARGS__);                                                                     \
		dprintf(2, "\n");                                                                            \
		_exit(E_ESCAPED);                                                                            \
	} while (0)

static inline const char *e_env(const char *name)
{
	const char *v = getenv(name);

	REQUIRE(v != NULL);
	return v;
}

/* In one of eight static buffers: "$name/more". */
static inline const char *e_path(const char *name, const char *more)
{
	static _Thread_local char ring[8][PATH_MAX];
	static _Thread_local unsigned next;
	char *buf = ring[next++ % 8];

	snprintf(buf, PATH_MAX, "%s/%s", e_env(name), more);
	return buf;
}

static inline pid_t e_pid(void)
{
	return (pid_t)atoi(e_env("E_PID"));
}

static inline bool e_is_control(void)
{
	return getenv("E_CONTROL") != NULL;
}

static double e_seconds = 0.5;
static long e_until;

static inline void e_begin(int argc, char **argv)
{
	const char *more = getenv("ESCAPE_SECONDS");

	t_begin(argc, argv);
	if (more)
		e_seconds = atof(more);
	else if (e_is_control())
		e_seconds = E_CONTROL_SECONDS;
	alarm((unsigned)e_seconds + 20);
	e_until = t_now_ms() + (long)(e_seconds * 1000);
}

/* Go on trying? */
static inline bool e_more(void)
{
	return t_now_ms() < e_until;
}

/* Not t_fork(), whose children live for four seconds. */
static inline pid_t e_fork(void)
{
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Waits for a child; one that got there ends this program, too. */
static inline int e_wait(pid_t pid)
{
	int st = t_wait(pid);

	if (st == E_ESCAPED)
		_exit(E_ESCAPED);
	return st;
}

static inline bool e_is_secret(const char *buf, size_t len)
{
	const char *secret = e_env("E_SECRET");

	return len && memmem(buf, len, secret, strlen(secret));
}

/* Escaped if the fd shows the secret. Closes it. */
static inline void e_read_fd(int fd, const char *how)
{
	char buf[4096];

	if (fd < 0)
		return;
	ssize_t n = pread(fd, buf, sizeof(buf), 0);
	if (n < 0)
		n = read(fd, buf, sizeof(buf));
	close(fd);
	if (n > 0 && e_is_secret(buf, (size_t)n))
		ESCAPED("the secret is read: %s", how);
}

/* ---- races: the name "x" in the working directory changes between two things all the time ---- */

static atomic_bool e_stop;

static inline void *e_flipper(void *arg)
{
	(void)arg;
	while (!e_stop)
		syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 2 /* RENAME_EXCHANGE */);
	return NULL;
}

/* x and y: a directory of our own, and a symlink to target. */
static inline void e_flip_start(const char *target)
{
	REQUIRE(!mkdir("x", 0755) && !symlink(target, "y"));
	t_put("x/secret", "own");
	t_put("x/file", "own");
	t_thread(e_flipper, NULL);
}

/* Calls the attack once for each place that a racing symlink may lead to, each in a process of its own. */
static inline void e_race(void (*attack)(void))
{
	static const char *const targets[] = {"E_OUT", "E_DENIED", "E_RO"};
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		pid[i] = e_fork();
		if (pid[i])
			continue;
		REQUIRE(!mkdir(targets[i], 0755) && !chdir(targets[i]));
		e_flip_start(e_env(targets[i]));
		attack();
		_exit(t_end());
	}
	for (int i = 0; i < 3; i++)
		CHECK_EQ(e_wait(pid[i]), 0);
}

#endif
