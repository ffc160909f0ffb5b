/* SPDX-License-Identifier: Apache-2.0 */
/* Launch: a child that shares our memory and fd table until it has loaded its filter, so that the listener
 * appears in our table by itself; then it leaves both and execs. The child allocates nothing and makes raw
 * system calls only (libc's errno and locks are the parent's). Its exec is the first notification of the
 * sandbox. */
#define _GNU_SOURCE
#include "engine.h"
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <termios.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

#define STACK (128 * 1024)

struct launch { /* shared between parent and child */
	const struct warren_command *cmd;
	const struct warren_policy *policy;
	uint64_t tag;
	int cwd_fd;
	int cgroup_fd; /* -1: none to enter */
	struct wr_guest_limits limits;
	struct sock_fprog filter;
	sigset_t mask;
	char **candidates;     /* programs to try, in order */
	mode_t umask;	       /* the child's, which is the caller's */
	atomic_int listener;   /* -1: not yet */
	atomic_int error;      /* of a failed launch, positive */
	atomic_uint gate;      /* futex: 1 once the listener is there, or the child failed */
	atomic_uint child_tid; /* futex: 0 once the child has left our memory */
};

/* The child runs on its parent's thread state, which is the sanitizers' too. */
#define CHILD_SIDE __attribute__((no_sanitize("address", "thread", "undefined")))

CHILD_SIDE static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#endif
}
#define RAW(nr, a, b, c, d) raw6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

CHILD_SIDE static inline void futex_wake(atomic_uint *f)
{
	RAW(SYS_futex, f, FUTEX_WAKE, 1, 0);
}

/* Privileges go before the filter is loaded; a root guest keeps WR_KEEP_CAPS only. */
CHILD_SIDE static long drop_privileges(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};
	long r = RAW(SYS_capget, &h, d, 0, 0);

	if (r < 0)
		return r;
	if (d[0].permitted || d[1].permitted) {
		/* without CAP_SETPCAP warren has done it, or cannot */
		for (int cap = 0; (d[0].permitted & (1U << CAP_SETPCAP)) && cap <= CAP_LAST_CAP; cap++)
			if (cap > 31 || !(WR_KEEP_CAPS & (1U << cap)))
				RAW(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0);
		d[0].effective &= WR_KEEP_CAPS;
		d[0].permitted &= WR_KEEP_CAPS;
		d[0].inheritable = d[1].effective = d[1].permitted = d[1].inheritable = 0;
		r = RAW(SYS_capset, &h, d, 0, 0);
		if (r < 0)
			return r;
	}
	return raw6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
}

CHILD_SIDE static long set_stdio(const struct warren_command *cmd)
{
	long last = 2, r;
	int fds[3];

	for (int i = 0; i < 3; i++) {
		fds[i] = cmd->stdio[i];
		if (fds[i] > last)
			last = fds[i];
	}
	/* Copies only the low part of the table, which may hold thousands of listeners. */
	r = RAW(SYS_close_range, last + 1, ~0U, CLOSE_RANGE_UNSHARE, 0);
	if (r < 0)
		return r;
	/* lift those that a later dup would overwrite */
	for (int i = 0; i < 3; i++) {
		if (fds[i] >= 0 && fds[i] < 3 && fds[i] != i) {
			r = RAW(SYS_fcntl, fds[i], F_DUPFD, 3, 0);
			if (r < 0)
				return r;
			fds[i] = (int)r;
		}
	}
	for (int i = 0; i < 3; i++) {
		if (fds[i] >= 0 && fds[i] != i) {
			r = RAW(SYS_dup3, fds[i], i, 0, 0);
			if (r < 0)
				return r;
		}
	}
	return RAW(SYS_close_range, 3, ~0U, 0, 0);
}

CHILD_SIDE static long take_terminal(const struct warren_command *cmd)
{
	int pgrp = (int)RAW(SYS_getpid, 0, 0, 0, 0);

	if (cmd->new_session)
		return RAW(SYS_setsid, 0, 0, 0, 0);
	if (!cmd->foreground)
		return 0;
	RAW(SYS_setpgid, 0, 0, 0, 0);
	/* all signals are blocked: no SIGTTOU. Not a terminal, or not ours: nothing to take. */
	RAW(SYS_ioctl, 0, TIOCSPGRP, &pgrp, 0);
	return 0;
}

CHILD_SIDE static long load_filter(struct launch *l)
{
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;

	/* Without WAIT_KILLABLE_RECV (5.19) a signal may restart a call that was served already. */
	long fd = RAW(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		      &l->filter, 0);
	if (fd == -EINVAL)
		fd = RAW(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &l->filter, 0);
	return fd;
}

CHILD_SIDE static long exec_first(const struct launch *l)
{
	long result = -ENOENT;

	for (char **c = l->candidates; *c; c++) {
		long r = RAW(SYS_execve, *c, l->cmd->argv, l->cmd->envp, 0);
		if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
			return r;
		if (r == -EACCES)
			result = r; /* as execvp(3): remembered while the search goes on */
	}
	return result;
}

CHILD_SIDE static int child(void *arg)
{
	struct launch *l = arg;
	const struct rlimit tag = {l->tag, l->tag};
	long r;

	l->umask = (mode_t)RAW(SYS_umask, 0, 0, 0, 0);
	RAW(SYS_umask, l->umask, 0, 0, 0);
	r = take_terminal(l->cmd);
	if (r >= 0 && l->cgroup_fd >= 0)
		r = RAW(SYS_write, l->cgroup_fd, "0", 1, 0);
	if (r >= 0)
		r = RAW(SYS_setrlimit, RLIMIT_RTTIME, &tag, 0, 0);
	if (r >= 0)
		r = RAW(SYS_fchdir, l->cwd_fd, 0, 0, 0);
	if (r >= 0)
		r = drop_privileges();
	if (r >= 0 && l->policy->ruleset >= 0)
		r = RAW(SYS_landlock_restrict_self, l->policy->ruleset, 0, 0, 0);
	if (r >= 0)
		r = load_filter(l);
	if (r >= 0) {
		l->listener = (int)r;
		l->gate = 1;
		futex_wake(&l->gate);
		r = set_stdio(l->cmd);
	}
	/* Only now: the listener's number may be above that of RLIMIT_NOFILE. The filter lets this call pass.
	 */
	for (unsigned i = 0; r >= 0 && i < l->limits.n; i++)
		r = RAW(SYS_prlimit64, 0, l->limits.list[i].resource, &l->limits.list[i].lim, 0);
	if (r >= 0)
		r = RAW(SYS_rt_sigprocmask, SIG_SETMASK, &l->mask, 0, 8);
	if (r >= 0)
		r = exec_first(l);
	l->error = (int)-r;
	l->gate = 1;
	futex_wake(&l->gate);
	RAW(SYS_exit_group, 127, 0, 0, 0);
	__builtin_unreachable();
}

#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer's clone() takes every child for a forked one. */
extern int __clone(int (*)(void *), void *, int, void *, ...);
#define clone __clone
#endif

static void futex_wait_while(atomic_uint *f, unsigned value)
{
	while (atomic_load(f) == value)
		syscall(SYS_futex, f, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* A child that is killed before it gets there opens no gate, but leaves. */
static void wait_for_gate(struct launch *l)
{
	const struct timespec pause = {.tv_nsec = 50000000};

	while (!atomic_load(&l->gate) && atomic_load(&l->child_tid))
		syscall(SYS_futex, &l->gate, FUTEX_WAIT, 0, &pause, NULL, 0);
}

/* NAME, or NAME in each directory of the sandbox's PATH. The strings are one allocation with the array. */
static char **make_candidates(const struct warren_command *cmd)
{
	const char *name = cmd->argv[0], *path = NULL;

	for (char *const *e = cmd->envp; *e; e++)
		if (!strncmp(*e, "PATH=", 5))
			path = *e + 5;
	if (strchr(name, '/'))
		path = "";
	else if (!path || !*path)
		path = "/usr/local/bin:/usr/bin:/bin";
	size_t n = 2;
	for (const char *c = path; *c; c++)
		n += *c == ':';
	char **list = malloc((n + 1) * sizeof(*list) + strlen(path) + n * (strlen(name) + 2));
	if (!list)
		return NULL;
	char *text = (char *)(list + n + 1);
	n = 0;
	do {
		size_t len = strcspn(path, ":");
		list[n++] = text;
		text += sprintf(text, "%.*s%s%s", (int)len, path, len ? "/" : "", name) + 1;
		path += len;
	} while (*path++);
	list[n] = NULL;
	return list;
}

/* A thread that starts one program after another keeps its child's stack: to unmap it is dear in a process of
 * many threads. */
static pthread_key_t stack_key;
static int stack_key_error;
static pthread_once_t stack_once = PTHREAD_ONCE_INIT;

static void stack_free(void *stack)
{
	munmap(stack, STACK);
}

static void stack_init(void)
{
	stack_key_error = pthread_key_create(&stack_key, stack_free);
}

static char *stack_get(void)
{
	pthread_once(&stack_once, stack_init);
	char *stack = stack_key_error ? NULL : pthread_getspecific(stack_key);
	if (stack || stack_key_error)
		return stack;
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return NULL;
	if (pthread_setspecific(stack_key, stack) != 0) {
		munmap(stack, STACK);
		return NULL;
	}
	return stack;
}

static void add_limit(struct wr_guest_limits *l, int resource, uint64_t max)
{
	struct rlimit now;

	if (!max || getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return;
	if (max > now.rlim_max) /* which nobody but root may raise */
		max = now.rlim_max;
	l->list[l->n].resource = resource;
	l->list[l->n++].lim = (struct rlimit){max, max};
}

/* That of CPU time is for a supervisor that does not get to look; memory: a burst between two looks. */
void wr_guest_limits(const struct warren_sandbox *s, struct wr_guest_limits *ret)
{
	const struct warren_limits *max = &s->limited.max;
	struct rlimit nofile = wr_guest_nofile();

	if (max->files && max->files < nofile.rlim_max)
		nofile.rlim_cur = nofile.rlim_max = max->files;
	ret->list[0].resource = RLIMIT_NOFILE;
	ret->list[0].lim = nofile;
	ret->n = 1;
	add_limit(ret, RLIMIT_FSIZE, max->file_size);
	add_limit(ret, RLIMIT_CPU, max->cpu_ms ? max->cpu_ms / 1000 + 2 : 0);
	if (s->limited.cgroup.dir < 0 && max->memory < RLIM_INFINITY / 4)
		add_limit(ret, RLIMIT_DATA, max->memory ? 2 * max->memory + (128U << 20) : 0);
}

int wr_launch(struct warren_sandbox *s, const struct warren_command *cmd, int cwd_fd, int cgroup_fd,
	      void (*adopt)(struct warren_sandbox *))
{
	struct launch l = {.cmd = cmd,
			   .policy = s->policy,
			   .tag = s->tag,
			   .cwd_fd = cwd_fd,
			   .cgroup_fd = cgroup_fd,
			   .listener = -1,
			   .child_tid = 1};
	sigset_t all;

	wr_guest_limits(s, &l.limits);
	int r = wr_filter_get(s->policy, wr_limits_count(s), &l.filter.filter, &l.filter.len);
	_cleanup_free_ struct sock_filter *keyed = NULL;
	if (r == 0 && s->key)
		r = wr_filter_key(l.filter.filter, &l.filter.len, s->key, &keyed);
	if (r < 0)
		return r;
	if (keyed)
		l.filter.filter = keyed;
	l.candidates = make_candidates(cmd);
	if (!l.candidates)
		return -ENOMEM;
	char *stack = stack_get();
	if (!stack) {
		free(l.candidates);
		return -ENOMEM;
	}
	/* The child must not run our signal handlers in our memory. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &l.mask);
	r = clone(child, stack + STACK, CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD, &l, NULL,
		  NULL, &l.child_tid);
	r = r < 0 ? -errno : r;
	pthread_sigmask(SIG_SETMASK, &l.mask, NULL);
	if (r > 0) {
		s->pid = r;
		wait_for_gate(&l);
		s->listener = l.listener;
		s->umask = l.umask;
		r = l.listener >= 0 ? 0 : l.error ? -l.error : -ECHILD;
		if (r == 0)
			adopt(s);
		futex_wait_while(&l.child_tid, 1 + 0U);
		if (l.error)
			r = -l.error;
	}
	free(l.candidates);
	return r;
}
