/* SPDX-License-Identifier: Apache-2.0 */
/* warren check: what this kernel offers, feature by feature, and what it means. Features are tried, not
 * derived from a version. */
#define _GNU_SOURCE
#include "cli.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <liburing.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static int missing;

static void line(int ok, int needed, const char *what, const char *good, const char *bad)
{
	printf("%-8s %-34s %s\n", ok ? "yes" : needed ? "MISSING" : "no", what, ok ? good : bad);
	if (!ok && needed)
		missing = 1;
}

/* EFAULT: the flags are known and the kernel went on to read the filter. */
static int filter_flag(unsigned long flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static int try_openat2(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int try_uring(void)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0) < 0)
		return 0;
	io_uring_queue_exit(&ring);
	return 1;
}

/* These three are refused by the filters of containers; with one process and one thread they change nothing.
 */
static int try_unshare(void)
{
	return unshare(CLONE_FS) == 0;
}

static int try_getfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);

	if (fd >= 0)
		close(fd);
	if (pidfd >= 0)
		close(pidfd);
	return fd >= 0;
}

static int try_memory(void)
{
	char from = 1, to = 0;
	struct iovec local = {&to, 1}, remote = {&from, 1};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1 && to == from;
}

/* In a real sandbox: everything at once. */
static int try_sandbox(char *text, size_t size)
{
	struct warren_engine *e;
	struct warren_policy *p;
	struct warren_sandbox *s;
	struct warren_result res = {0};
	char *argv[] = {(char *)"/bin/true", NULL}, *envp[] = {NULL};
	struct warren_command cmd = {.argv = argv, .envp = envp, .cwd = "/", .stdio = {-1, -1, -1}};
	int r = warren_policy_new(&p);

	if (r < 0)
		return r;
	warren_policy_add_rule(p, WARREN_READ, "/");
	r = warren_engine_new(NULL, &e);
	if (r == 0) {
		r = warren_sandbox_start(e, p, &cmd, &s);
		if (r == 0) {
			r = warren_sandbox_wait(s, 5000, &res);
			warren_sandbox_unref(s);
		}
		warren_engine_free(e);
	}
	snprintf(text, size, "%s", *warren_policy_error(p) ? warren_policy_error(p) : strerror(-r));
	warren_policy_unref(p);
	return r == 0 && res.status == 0;
}

int cmd_check(int argc, char **argv)
{
	struct utsname u;
	struct rlimit lim = {0};
	char text[600], abi_text[80];

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		puts("Usage: warren check\n\nSays what this kernel offers; exits with 1 when something "
		     "needed is missing.");
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "warren check: '%s': it takes no arguments\n", argv[1]);
		return EXIT_USAGE;
	}
	uname(&u);
	printf("Linux %s %s\n", u.release, u.machine);
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	snprintf(abi_text, sizeof(abi_text), "ABI %d%s", abi,
		 abi >= 6 ? "" : "; signals and abstract sockets are not scoped (ABI 6)");
	line(filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER), 1, "seccomp user notification", "",
	     "needed: Linux 5.0 with CONFIG_SECCOMP_FILTER");
	line(filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER | (1UL << 5)), 0, "  WAIT_KILLABLE_RECV (5.19)", "",
	     "a signal may repeat a call that was served already");
	line(try_openat2(), 1, "openat2 (5.6)", "", "needed for safe path resolution");
	line(try_unshare(), 1, "unshare(CLONE_FS)", "",
	     "needed; a filter of system calls refuses it (containers)");
	line(try_getfd(), 1, "pidfd_getfd (5.6)", "",
	     "needed; a filter of system calls may refuse it (containers)");
	line(try_memory(), 1, "process_vm_readv", "",
	     "needed; a filter of system calls may refuse it (containers)");
	line(try_uring(), 1, "io_uring", "", "needed; see sysctl kernel.io_uring_disabled");
	line(abi > 0, 0, "Landlock", abi_text, "no backstop by the kernel: do not run hostile programs");
	int ok = try_sandbox(text, sizeof(text));
	line(ok > 0, 1, "a program in a sandbox", "works", text);
	getrlimit(RLIMIT_NOFILE, &lim);
	printf("%-8s %-34s %llu open files: about %llu sandboxes at once\n", "", "capacity",
	       (unsigned long long)lim.rlim_max,
	       (unsigned long long)(lim.rlim_max > 100 ? (lim.rlim_max - 100) / 2 : 0));
	return missing;
}
