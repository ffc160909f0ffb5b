/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that reach processes by number. On itself (pid 0) a task may use them, which costs no notification;
 * any other number is looked at by the handlers (handlers/reach.c). Comparisons are of 64 bits: a number with
 * something in its upper half, which the kernel ignores, is notified and judged there. */
#define _GNU_SOURCE
#include "policy.h"
#include <seccomp.h>
#include <sys/resource.h>

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* libseccomp's SCMP_A0 ... leave one out */

#define RULE(action, nr, ...) seccomp_rule_add(ctx, action, nr, __VA_ARGS__)

/* Argument 0 is the pid. */
static int own_pid(scmp_filter_ctx ctx, int nr)
{
	int r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_EQ, 0));
	return r < 0 ? r : RULE(SCMP_ACT_NOTIFY, nr, 1, SCMP_A0(SCMP_CMP_NE, 0));
}

/* Argument 0 says what argument 1 is the number of. */
static int own_which(scmp_filter_ctx ctx, int nr, uint64_t process)
{
	int r = RULE(SCMP_ACT_ALLOW, nr, 2, SCMP_A0(SCMP_CMP_EQ, process), SCMP_A1(SCMP_CMP_EQ, 0));

	if (r == 0)
		r = RULE(SCMP_ACT_NOTIFY, nr, 2, SCMP_A0(SCMP_CMP_EQ, process), SCMP_A1(SCMP_CMP_NE, 0));
	return r < 0 ? r : RULE(SCMP_ACT_NOTIFY, nr, 1, SCMP_A0(SCMP_CMP_NE, process));
}

/* RLIMIT_RTTIME, the last, is warren's mark (tag.c). */
static int limits(scmp_filter_ctx ctx, int nr)
{
	int r;

	if (nr == SYS_setrlimit) {
		r = RULE(SCMP_ACT_ALLOW, nr, 1, SCMP_A0(SCMP_CMP_LT, RLIMIT_RTTIME));
		return r < 0 ? r : RULE(SCMP_ACT_NOTIFY, nr, 1, SCMP_A0(SCMP_CMP_GE, RLIMIT_RTTIME));
	}
	r = RULE(SCMP_ACT_ALLOW, nr, 2, SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_LT, RLIMIT_RTTIME));
	if (r == 0)
		r = RULE(SCMP_ACT_NOTIFY, nr, 2, SCMP_A0(SCMP_CMP_EQ, 0),
			 SCMP_A1(SCMP_CMP_GE, RLIMIT_RTTIME));
	return r < 0 ? r : RULE(SCMP_ACT_NOTIFY, nr, 1, SCMP_A0(SCMP_CMP_NE, 0));
}

int wr_filter_reach(void *ctx, int nr)
{
	int abi = wr_landlock_version(), r;

	switch (nr) {
	case SYS_prlimit64:
	case SYS_setrlimit:
		r = limits(ctx, nr);
		break;
	case SYS_sched_setaffinity:
	case SYS_sched_setscheduler:
	case SYS_sched_setparam:
	case SYS_sched_setattr:
		r = own_pid(ctx, nr);
		break;
	case SYS_setpriority:
		r = own_which(ctx, nr, PRIO_PROCESS);
		break;
	case SYS_ioprio_set:
		r = own_which(ctx, nr, 1 /* IOPRIO_WHO_PROCESS */);
		break;
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo:
	case SYS_pidfd_open: /* a way to pidfd_send_signal, as are SO_PEERPIDFD and SCM_PIDFD */
	case SYS_pidfd_send_signal:
		if (abi < WR_LANDLOCK_SCOPES)
			return 0;
		/* the kernel keeps them within the sandbox */
		r = RULE(SCMP_ACT_ALLOW, nr, 0);
		break;
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_process_madvise:
	case SYS_kcmp:
	case SYS_pidfd_getfd:
	case SYS_get_robust_list:
	case SYS_move_pages:
	case SYS_migrate_pages:
		/* They need the right to trace, which every Landlock keeps within the sandbox. */
		if (abi > 0)
			return 0;
		r = RULE(SCMP_ACT_ERRNO(EPERM), nr, 0);
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}
