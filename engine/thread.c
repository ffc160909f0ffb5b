/* SPDX-License-Identifier: Apache-2.0 */
/* What every thread that serves requests does first: a file-system state of its own, and no more privileges
 * than a guest has. */
#define _GNU_SOURCE
#include "engine.h"
#include <linux/capability.h>
#include <sched.h>

/* CAP_SYS_PTRACE is for guests whose parents have died, under Yama's restricted ptrace. */
static int drop_privileges(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};
	const uint32_t keep = WR_KEEP_CAPS | 1U << CAP_SYS_PTRACE;

	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	d[0].effective &= keep;
	d[0].permitted &= keep;
	d[0].inheritable &= keep;
	d[1].effective = d[1].permitted = d[1].inheritable = 0;
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

int wr_thread_begin(struct wr_thread *t)
{
	/* an fs_struct of its own, for the guest's umask and for directories to bind sockets in */
	if (unshare(CLONE_FS) < 0)
		return -errno;
	t->umask = umask(022);
	umask(t->umask);
	return drop_privileges();
}
