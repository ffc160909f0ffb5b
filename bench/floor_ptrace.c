// SPDX-License-Identifier: Apache-2.0
/* The floor of tracers: the filter stops the guest for a few calls, the tracer puts the path below a root, in
 * the guest's own stack, and lets the call be made. Paths are only prefixed, so links lead out of the root;
 * and the register of the path is not put back afterwards, which would take a second stop. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "floor_ptrace.h"

#include <errno.h>

#ifdef __x86_64__
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define RED_ZONE 128 /* below the stack pointer, in use */
#define PAGE	 4096

static _Noreturn void guest(const char *root, char **argv)
{
	struct sock_filter prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlinkat, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog fprog = {.len = sizeof(prog) / sizeof(prog[0]), .filter = prog};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, argv[0]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0)
		_exit(125);
	execv(path, argv);
	_exit(127);
}

/* Never across a page, which might be the last. */
static int read_text(pid_t pid, uint64_t addr, char *buf, size_t size)
{
	size_t n = PAGE - (addr & (PAGE - 1));
	struct iovec to = {buf, n < size ? n : size}, from = {(void *)(uintptr_t)addr, to.iov_len};
	ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

	return got > 0 && memchr(buf, 0, (size_t)got) ? 0 : -EFAULT;
}

static void serve(pid_t pid, const char *root)
{
	char text[256], below[PATH_MAX];
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return;
	if (!regs.rsi) { /* the null call */
		regs.orig_rax = (unsigned long long)-1;
		regs.rax = (unsigned long long)-EINVAL;
	} else if (read_text(pid, regs.rsi, text, sizeof(text)) == 0 && *text == '/') {
		size_t n = (size_t)snprintf(below, sizeof(below), "%s%s", root, text) + 1;
		uint64_t at = (regs.rsp - RED_ZONE - n) & ~15ULL;
		struct iovec from = {below, n}, to = {(void *)(uintptr_t)at, n};

		if (process_vm_writev(pid, &from, 1, &to, 1, 0) == (ssize_t)n)
			regs.rsi = at;
	}
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

int floor_ptrace(const char *root, char **argv, int *ret_status)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		guest(root, argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSTOPPED(status))
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		bool trap = WSTOPSIG(status) == SIGTRAP, first = WSTOPSIG(status) == SIGSTOP;

		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			serve(pid, root);
		if (ptrace(PTRACE_CONT, pid, NULL, trap || first ? 0 : WSTOPSIG(status)) < 0 ||
		    waitpid(pid, &status, 0) < 0)
			return -errno;
	}
	*ret_status = status;
	return 0;
}

#else

int floor_ptrace(const char *root, char **argv, int *ret_status)
{
	(void)root;
	(void)argv;
	(void)ret_status;
	return -ENOSYS;
}

#endif
