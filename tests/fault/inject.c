/* SPDX-License-Identifier: Apache-2.0 */
/* inject N COUNT PROGRAM [ARG]...: runs the program, whose N-th system call that may fail does, instead of
 * being made, with an errno that it may have. The call of any thread counts; its child processes are left
 * alone. N 0: none fails. Writes how many there were, and the file descriptors open in the end, into the file
 * COUNT. Exit status: the program's, or 128 + its signal. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
int main(void)
{
	return 77;
}
#else
/* What fails in a machine that is short of something. Not here: what cannot fail so (close, munmap, futex
 * ...), and the answer to a notification, for which the kernel allocates nothing. */
static const struct {
	long nr;
	int error;
} may_fail[] = {
	{SYS_openat, EMFILE},
	{SYS_openat, ENOMEM},
	{437 /* openat2 */, EMFILE},
	{SYS_open, ENFILE},
	{SYS_mmap, ENOMEM},
	{SYS_clone, EAGAIN},
	{435 /* clone3 */, EAGAIN},
	{SYS_pidfd_open, EMFILE},
	{438 /* pidfd_getfd */, EMFILE},
	{SYS_process_vm_readv, ENOMEM},
	{SYS_process_vm_writev, ENOMEM},
	{SYS_readlink, ENOMEM},
	{SYS_readlinkat, ENOMEM},
	{SYS_newfstatat, ENOMEM},
	{SYS_statx, ENOMEM},
	{SYS_fstat, ENOMEM},
	{SYS_socketpair, EMFILE},
	{SYS_memfd_create, EMFILE},
	{SYS_copy_file_range, EIO},
	{SYS_symlinkat, ENOSPC},
	{SYS_symlink, ENOSPC},
	{SYS_mkdirat, ENOSPC},
	{SYS_mkdir, ENOSPC},
	{SYS_linkat, ENOSPC},
	{SYS_renameat2, ENOSPC},
	{SYS_eventfd2, EMFILE},
	{SYS_io_uring_setup, ENOMEM},
	{SYS_fcntl, ENOMEM},
	{SYS_prlimit64, EPERM},
	{SYS_getdents64, ENOMEM},
	{SYS_pipe2, EMFILE},
	{SYS_read, EIO},
	{SYS_pread64, EIO},
	{SYS_write, ENOSPC},
	{SYS_pwrite64, ENOSPC},
	{SYS_fallocate, ENOSPC},
	{SYS_ftruncate, ENOSPC},
	{SYS_sendmsg, ENOMEM},
	{SYS_dup3, EMFILE},
	{SYS_dup, EMFILE},
	{SYS_unshare, ENOMEM},
	{SYS_capset, EPERM},
	{SYS_seccomp, ENOMEM},
	{444 /* landlock_create_ruleset */, ENOMEM},
	{445 /* landlock_add_rule */, ENOMEM},
	{446 /* landlock_restrict_self */, E2BIG},
};

static int error_of(long nr, unsigned long n)
{
	int found[2] = {0}, k = 0;

	for (size_t i = 0; i < sizeof(may_fail) / sizeof(*may_fail) && k < 2; i++)
		if (may_fail[i].nr == nr)
			found[k++] = may_fail[i].error;
	return k == 0 ? 0 : found[n % (unsigned)k];
}

/* Memory for the allocator is not asked for here: alloc.c has its failures, jemalloc does not survive its
 * own. An eventfd or a socket has no disk that could be full. */
static bool may(pid_t tid, const struct user_regs_struct *r)
{
	char name[64], to[8] = "";

	switch (r->orig_rax) {
	case SYS_mmap:
		return (int)r->r8 >= 0 || (r->r10 & MAP_STACK);
	case SYS_read:
	case SYS_pread64:
	case SYS_write:
	case SYS_pwrite64:
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", tid, (int)r->rdi);
		return readlink(name, to, sizeof(to) - 1) > 0 && to[0] == '/';
	default:
		return true;
	}
}

static unsigned fds(pid_t pid)
{
	char name[32];
	unsigned n = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	DIR *d = opendir(name);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

/* The loader and the allocator's start come before: they are not warren. */
static bool begins(long nr)
{
	return nr == 437 /* openat2 */ || nr == SYS_io_uring_setup ||
	       nr == 444 /* landlock_create_ruleset */ || nr == SYS_getcwd;
}

static unsigned char in_call[1 << 22]; /* by thread: 1: the next stop is the exit, 2: and the call fails */
static int error_for[1 << 22];

static void on_call(pid_t tid, unsigned long fail_at, unsigned long *count)
{
	static bool begun;
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, 0, &r) < 0)
		return;
	if (!in_call[tid]) {
		begun = begun || begins((long)r.orig_rax);
		int error = begun && may(tid, &r) ? error_of((long)r.orig_rax, *count) : 0;
		in_call[tid] = 1;
		if (!error || ++*count != fail_at)
			return;
		fprintf(stderr, "inject: call %lu of number %llu fails with %d\n", *count, r.orig_rax, error);
		in_call[tid] = 2;
		error_for[tid] = error;
		r.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, tid, 0, &r);
		return;
	}
	if (in_call[tid] == 2) {
		r.rax = (unsigned long long)-error_for[tid];
		ptrace(PTRACE_SETREGS, tid, 0, &r);
	}
	in_call[tid] = 0;
}

int main(int argc, char **argv)
{
	unsigned long count = 0, fail_at;
	unsigned open_fds = 0;
	int st;

	if (argc < 4)
		return 2;
	fail_at = strtoul(argv[1], NULL, 0);
	pid_t pid = fork();
	if (!pid) {
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	waitpid(pid, &st, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
		return 77;
	kill(pid, SIGCONT);
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	for (;;) {
		pid_t tid = waitpid(-1, &st, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return 3;
		if (WIFEXITED(st) || WIFSIGNALED(st)) {
			in_call[tid] = 0;
			if (tid != pid)
				continue;
			break;
		}
		int sig = WSTOPSIG(st), event = st >> 16, deliver = 0;
		if (sig == (SIGTRAP | 0x80))
			on_call(tid, fail_at, &count);
		else if (event == PTRACE_EVENT_EXIT && tid == pid)
			open_fds = fds(pid);
		else if (event == 0)
			deliver = sig;
		ptrace(PTRACE_SYSCALL, tid, 0, deliver);
	}
	FILE *f = fopen(argv[2], "w");
	if (f) {
		fprintf(f, "%lu %u\n", count, open_fds);
		fclose(f);
	}
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}
#endif
