/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tracee.h"
#include "base/cleanup.h"
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define RED_ZONE 128

int wr_regs_load(pid_t tid, struct wr_regs *ret)
{
	struct iovec io = {&ret->r, sizeof(ret->r)};

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) < 0)
		return -errno;
#if defined(__aarch64__)
	ret->nr = (long)ret->r.regs[8];
#endif
	return 0;
}

int wr_regs_store(pid_t tid, const struct wr_regs *r)
{
	struct iovec io = {(void *)(uintptr_t)&r->r, sizeof(r->r)};

	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &io) < 0)
		return -errno;
#if defined(__aarch64__)
	/* no restart of the cut-off call by the kernel: NO_SYSCALL */
	int none = -1;
	struct iovec nr = {&none, sizeof(none)};
	if (ptrace(PTRACE_SETREGSET, tid, 0x404 /* NT_ARM_SYSTEM_CALL */, &nr) < 0)
		return -errno;
#endif
	return 0;
}

#if defined(__x86_64__)

static void set_args(struct wr_regs *r, const uint64_t args[6])
{
	r->r.rdi = args[0];
	r->r.rsi = args[1];
	r->r.rdx = args[2];
	r->r.r10 = args[3];
	r->r.r8 = args[4];
	r->r.r9 = args[5];
}

uint64_t wr_regs_sp(const struct wr_regs *r)
{
	return r->r.rsp;
}

void wr_regs_set_sp(struct wr_regs *r, uint64_t sp)
{
	r->r.rsp = sp;
}

int64_t wr_regs_result(const struct wr_regs *r)
{
	return (int64_t)r->r.rax;
}

void wr_regs_set_call(struct wr_regs *r, long nr, const uint64_t args[6])
{
	r->r.orig_rax = (uint64_t)-1; /* no restart processing on the way out */
	r->r.rip -= 2;		      /* back onto the syscall instruction */
	r->r.rax = (uint64_t)nr;
	set_args(r, args);
}

void wr_regs_restart(struct wr_regs *r)
{
	r->r.rax = r->r.orig_rax;
	r->r.orig_rax = (uint64_t)-1;
	r->r.rip -= 2;
}

void wr_regs_finish(struct wr_regs *r, int64_t result)
{
	r->r.orig_rax = (uint64_t)-1;
	r->r.rax = (uint64_t)result;
}

void wr_regs_call_again(struct wr_regs *r)
{
	r->r.orig_rax = (uint64_t)-1;
	r->r.rip -= 2;
	r->r.rax = SYS_getpid; /* harmless, should it come to that */
}

int wr_regs_enter(pid_t tid, struct wr_regs *r, long nr, const uint64_t args[6])
{
	r->r.orig_rax = (uint64_t)nr;
	set_args(r, args);
	return wr_regs_store(tid, r);
}

void wr_regs_leave(struct wr_regs *r, const struct wr_regs *from, int64_t result)
{
	const uint64_t args[6] = {from->r.rdi, from->r.rsi, from->r.rdx, from->r.r10, from->r.r8, from->r.r9};

	set_args(r, args);
	r->r.orig_rax = (uint64_t)-1;
	r->r.rax = (uint64_t)result;
}

#elif defined(__aarch64__)

uint64_t wr_regs_sp(const struct wr_regs *r)
{
	return r->r.sp;
}

void wr_regs_set_sp(struct wr_regs *r, uint64_t sp)
{
	r->r.sp = sp;
}

int64_t wr_regs_result(const struct wr_regs *r)
{
	return (int64_t)r->r.regs[0];
}

/* Before the stop the kernel has prepared the restart already (arch/arm64/kernel/signal.c, do_signal()): pc
 * is back at the svc instruction, x0 the first argument again. */
void wr_regs_set_call(struct wr_regs *r, long nr, const uint64_t args[6])
{
	r->r.regs[8] = (uint64_t)nr;
	memcpy(r->r.regs, args, 6 * sizeof(args[0]));
}

void wr_regs_restart(struct wr_regs *r)
{
	(void)r;
}

void wr_regs_finish(struct wr_regs *r, int64_t result)
{
	r->r.pc += 4;
	r->r.regs[0] = (uint64_t)result;
}

void wr_regs_call_again(struct wr_regs *r)
{
	r->r.pc -= 4;
	r->r.regs[8] = SYS_getpid;
}

int wr_regs_enter(pid_t tid, struct wr_regs *r, long nr, const uint64_t args[6])
{
	int call = (int)nr;
	struct iovec io = {&r->r, sizeof(r->r)}, number = {&call, sizeof(call)};

	r->r.regs[8] = (uint64_t)nr;
	memcpy(r->r.regs, args, 6 * sizeof(args[0]));
	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &io) < 0 ||
	    ptrace(PTRACE_SETREGSET, tid, 0x404 /* NT_ARM_SYSTEM_CALL */, &number) < 0)
		return -errno;
	return 0;
}

void wr_regs_leave(struct wr_regs *r, const struct wr_regs *from, int64_t result)
{
	memcpy(r->r.regs, from->r.regs, 6 * sizeof(r->r.regs[0]));
	r->r.regs[8] = from->r.regs[8];
	r->r.regs[0] = (uint64_t)result;
}

#endif

uint64_t wr_regs_below_stack(const struct wr_regs *r, size_t size)
{
	return (wr_regs_sp(r) - RED_ZONE - size) & ~15ULL;
}

int wr_tracee_write(pid_t tid, uint64_t addr, const void *buf, size_t len)
{
	struct iovec l = {(void *)(uintptr_t)buf, len}, r = {(void *)(uintptr_t)addr, len};
	return process_vm_writev(tid, &l, 1, &r, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

int wr_tracee_read(pid_t tid, uint64_t addr, void *buf, size_t len)
{
	struct iovec l = {buf, len}, r = {(void *)(uintptr_t)addr, len};
	return process_vm_readv(tid, &l, 1, &r, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

pid_t wr_tracee_parent(pid_t tid)
{
	char path[48], buf[512];
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	char *end = strrchr(buf, ')');
	return end && sscanf(end + 1, " %*c %d", &ppid) == 1 ? ppid : -1;
}
