/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits: those of other sandboxes are out of reach, and RLIMIT_RTTIME carries warren's mark
 * (engine/tag.c). */
#define _GNU_SOURCE
#include "handlers.h"
#include <sys/resource.h>

struct warren_verdict wr_handle_prlimit(struct warren_request *rq, void *user)
{
	pid_t pid = (pid_t)rq->args[0];
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	(void)user;
	if (pid && !wr_task_in_sandbox(rq->sandbox, pid))
		return warren_return(-ESRCH);
	if ((unsigned)rq->args[1] == RLIMIT_RTTIME) {
		if (rq->args[2])
			return warren_return(-EPERM);
		return warren_return(rq->args[3] ? wr_guest_write(rq, rq->args[3], &none, sizeof(none)) : 0);
	}
	/* Continued: which process and which limit are in registers. What the kernel reads from memory is the
	 * value, and any value is the guest's to choose within its own hard limits. */
	return warren_continue();
}

/* Continued: what the kernel looks at are registers. */
struct warren_verdict wr_handle_fork(struct warren_request *rq, void *user)
{
	(void)user;
	return wr_limit_fork(rq->sandbox) ? warren_continue() : warren_return(-EAGAIN);
}
