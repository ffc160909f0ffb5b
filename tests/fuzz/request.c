/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "request.h"
#include "fuzz.h"
#include "scratch.h"
#include "../../engine/engine.h"
#include <linux/filter.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct warren_engine engine = {.max_sent_fds = 4096};
static struct warren_sandbox sandbox = {.engine = &engine, .tag = 0x1234567800000001};

struct warren_policy *fuzz_policy(void)
{
	static struct warren_policy *p;
	char here[PATH_MAX];

	if (p)
		return p;
	const char *root = scratch();
	CHECK(!mkdir("a", 0755) && !mkdir("a/b", 0755) && !mkdir("m", 0755) && !mkdir("w", 0755));
	CHECK(!symlink("a/b", "l") && !symlink("/a", "abs") && !symlink("..", "a/up") &&
	      !symlink("../../..", "a/b/far"));
	CHECK(!symlink("loop", "loop") && !symlink("a/", "s") && !symlink("missing/x", "dangling") &&
	      !symlink("//a//b/.", "n"));
	CHECK(close(open("a/f", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(warren_policy_new(&p) == 0 && warren_policy_set_root(p, root) == 0);
	CHECK(warren_policy_add_mount(p, "/usr", "/m", 1) == 0);
	CHECK(warren_policy_add_rule(p, WARREN_WRITE, "/") == 0);
	CHECK(wr_policy_freeze(p) == 0);
	CHECK(snprintf(here, sizeof(here), "%s/w", root) > 0 && chdir(here) == 0);
	signal(SIGPIPE, SIG_IGN);
	return p;
}

/* getppid(2) is what it waits in. */
static void *guest(void *arg)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {WR_ARRAY_SIZE(f), f};
	atomic_int *listener = arg;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	CHECK(fd >= 0);
	atomic_store(listener, (int)fd);
	syscall(SYS_getppid);
	return NULL;
}

struct warren_request *fuzz_request(void)
{
	static struct seccomp_notif n;
	static struct wr_scratch bytes;
	static struct wr_thread thread;
	static struct warren_request rq;
	static pid_t owner; /* AFL++ forks */
	static atomic_int listener;
	pthread_t th;

	if (owner != getpid()) {
		owner = getpid();
		sandbox.policy = fuzz_policy();
		/* this process is one of the sandbox's */
		CHECK(setrlimit(RLIMIT_RTTIME, &(struct rlimit){sandbox.tag, sandbox.tag}) == 0);
		pthread_mutex_init(&sandbox.ptys.lock, NULL);
		atomic_store(&listener, -1);
		CHECK(pthread_create(&th, NULL, guest, &listener) == 0);
		while (atomic_load(&listener) < 0)
			sched_yield();
		memset(&n, 0, sizeof(n));
		CHECK(wr_notif_recv(listener, &n) == 0);
		sandbox.listener = listener;
		thread.umask = umask(022);
		umask(thread.umask);
	}
	rq = (struct warren_request){.id = n.id,
				     .tid = (pid_t)n.pid,
				     .row = wr_table,
				     .sandbox = &sandbox,
				     .scratch = &bytes,
				     .thread = &thread};
	return &rq;
}
