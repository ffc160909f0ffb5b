/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a stopped task, per architecture: nothing else in the substitution knows their names. */
#ifndef WARREN_ENGINE_TRACEE_H
#define WARREN_ENGINE_TRACEE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct wr_regs {
#if defined(__x86_64__)
	struct user_regs_struct r;
#elif defined(__aarch64__)
	struct user_pt_regs {
		uint64_t regs[31], sp, pc, pstate;
	} r;
	long nr;
#endif
};

/* 0 or a negative errno (-ESRCH: the task is gone). */
int wr_regs_load(pid_t tid, struct wr_regs *ret);
int wr_regs_store(pid_t tid, const struct wr_regs *r);
uint64_t wr_regs_sp(const struct wr_regs *r);
/* Where size bytes lie below the stack and the red zone, which no code may rely on. */
uint64_t wr_regs_below_stack(const struct wr_regs *r, size_t size);
void wr_regs_set_sp(struct wr_regs *r, uint64_t sp);
int64_t wr_regs_result(const struct wr_regs *r);
/* From the registers of the first stop, after a call that was answered with -ERESTARTNOINTR: make the task
 * enter this call when it goes on. */
void wr_regs_set_call(struct wr_regs *r, long nr, const uint64_t args[6]);
/* ... enter the call that was made once more. */
void wr_regs_restart(struct wr_regs *r);
/* ... return from the call with this result. */
void wr_regs_finish(struct wr_regs *r, int64_t result);

/* From the registers of a stop between two instructions, behind a call of whatever kind: make the task make
 * one more call with the same instruction. Which one is said when it has entered it. */
void wr_regs_call_again(struct wr_regs *r);
/* In the stop at the entry of a call: it becomes this one. r: the registers there. */
int wr_regs_enter(pid_t tid, struct wr_regs *r, long nr, const uint64_t args[6]);
/* In a stop behind a call: the arguments as from has them, the result this one. */
void wr_regs_leave(struct wr_regs *r, const struct wr_regs *from, int64_t result);

/* The whole of buf to or from the task's memory: 0 or -EFAULT. */
int wr_tracee_write(pid_t tid, uint64_t addr, const void *buf, size_t len);
int wr_tracee_read(pid_t tid, uint64_t addr, void *buf, size_t len);
/* The parent of a task as /proc says, -1 when it is gone. */
pid_t wr_tracee_parent(pid_t tid);

#endif
