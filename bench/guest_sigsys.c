// SPDX-License-Identifier: Apache-2.0
/* Interception without another process: the filter raises SIGSYS, and the handler makes the call with the
 * path put below a root. What it costs is the least that a supervisor inside of the program can cost; as
 * nothing keeps the program from making the handler's own call, it is not a sandbox. */
#include "guest.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* The one place that the filter lets calls through from: its end is the address that the filter sees. */
long sigsys_call(long nr, long a, long b, long c, long d);
extern const char sigsys_passed[];

#if defined(__x86_64__)
__asm__(".text\n.globl sigsys_call\n.type sigsys_call, @function\nsigsys_call:\n"
	"mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\nmov %r8, %r10\nsyscall\n"
	".globl sigsys_passed\nsigsys_passed:\nret\n");
#define ARGUMENT(u, i) ((u)->uc_mcontext.gregs[(const int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10}[i]])
#define RESULT(u)      ((u)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
__asm__(".text\n.globl sigsys_call\n.type sigsys_call, @function\nsigsys_call:\n"
	"mov x8, x0\nmov x0, x1\nmov x1, x2\nmov x2, x3\nmov x3, x4\nsvc 0\n"
	".globl sigsys_passed\nsigsys_passed:\nret\n");
#define ARGUMENT(u, i) ((u)->uc_mcontext.regs[i])
#define RESULT(u)      ((u)->uc_mcontext.regs[0])
#else
#error "the SIGSYS floor knows x86-64 and aarch64"
#endif

static const char *root_dir;

static void on_call(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	const char *path = (const char *)(uintptr_t)ARGUMENT(u, 1);
	char below[4096];

	(void)sig;
	if (!path) { /* the null call */
		RESULT(u) = (unsigned long)-EINVAL;
		return;
	}
	if (*path == '/' && strlen(root_dir) + strlen(path) < sizeof(below)) {
		strcpy(below, root_dir);
		path = strcat(below, path);
	}
	RESULT(u) = (unsigned long)sigsys_call(info->si_syscall, (long)ARGUMENT(u, 0), (long)(uintptr_t)path,
					       (long)ARGUMENT(u, 2), (long)ARGUMENT(u, 3));
}

int guest_sigsys(const char *root)
{
	const uint64_t from = (uint64_t)(uintptr_t)sigsys_passed;
	struct sock_filter prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)from, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(from >> 32), 4, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlinkat, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	const struct sock_fprog fprog = {.len = sizeof(prog) / sizeof(prog[0]), .filter = prog};
	struct sigaction sa = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};

	root_dir = root;
	if (sigaction(SIGSYS, &sa, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) < 0)
		return -errno;
	return 0;
}
