/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: the supervisor and other sandboxes cannot be signalled, traced, read or robbed of an fd. */
#include "t.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	pid_t parent = getppid();
	char buf[8];
	struct iovec l = {buf, 8}, r = {(void *)main, 8};
	int fd;

	if (parent <= 0)
		T_SKIP("the supervisor's pid does not even show");
	CHECK(kill(parent, 0) < 0);
	CHECK(kill(parent, SIGURG) < 0);
	CHECK(ptrace(PTRACE_SEIZE, parent, 0, 0) < 0);
	CHECK(ptrace(PTRACE_ATTACH, parent, 0, 0) < 0);
	CHECK(process_vm_readv(parent, &l, 1, &r, 1, 0) < 0);
	CHECK(process_vm_writev(parent, &l, 1, &r, 1, 0) < 0);
	fd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (fd >= 0) {
		for (int i = 0; i < 16; i++)
			CHECK(syscall(SYS_pidfd_getfd, fd, i, 0) < 0);
		CHECK(syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0) < 0);
	}
	CHECK(syscall(SYS_tgkill, parent, parent, SIGURG) < 0);
	CHECK_ERR(syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, &(struct rlimit){1, 1}, NULL), ESRCH);
	/* what it already is */
	cpu_set_t cpus;
	struct sched_param param = {0};
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t prio;
		uint64_t more[3];
	} attr = {.size = 48};
	unsigned long node = 1;
	REQUIRE(!sched_getaffinity(0, sizeof(cpus), &cpus));
	CHECK_ERR(sched_setaffinity(parent, sizeof(cpus), &cpus), ESRCH);
	CHECK_ERR(sched_setscheduler(parent, SCHED_OTHER, &param), ESRCH);
	CHECK_ERR(sched_setparam(parent, &param), ESRCH);
	CHECK_ERR(syscall(SYS_sched_setattr, parent, &attr, 0), ESRCH);
	CHECK_ERR(setpriority(PRIO_PROCESS, (id_t)parent, 19), ESRCH);
	CHECK_ERR(setpriority(PRIO_PGRP, 0, 19), EPERM);
	CHECK_ERR(setpriority(PRIO_USER, 0, 19), EPERM);
	CHECK_ERR(setpriority(7, 0, 19), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 1, parent, 3 << 13), ESRCH);
	CHECK_ERR(syscall(SYS_ioprio_set, 2, 0, 3 << 13), EPERM);
	CHECK_ERR(syscall(SYS_ioprio_set, 3, 0, 3 << 13), EPERM);
	CHECK(syscall(SYS_migrate_pages, parent, 8, &node, &node) < 0);
	CHECK(syscall(SYS_move_pages, parent, 1, &(void *){(void *)main}, NULL, &(int){0}, 0) < 0);
	CHECK(syscall(SYS_kcmp, parent, parent, 0, 0, 0) < 0);
	CHECK(syscall(SYS_kcmp, getpid(), parent, 0, 0, 0) < 0);
	CHECK(syscall(SYS_get_robust_list, parent, &(void *){NULL}, &(size_t){0}) < 0);
	CHECK(syscall(SYS_rt_sigqueueinfo, parent, SIGURG, &(siginfo_t){.si_code = SI_QUEUE}) < 0);
	/* its own processes are */
	pid_t child = t_fork();
	if (!child)
		for (;;)
			pause();
	for (int i = 0; i < 2; i++) {
		pid_t pid = i ? child : 0;
		CHECK_OK(sched_setaffinity(pid, sizeof(cpus), &cpus));
		CHECK_OK(sched_setscheduler(pid, SCHED_OTHER, &param));
		CHECK_OK(sched_setparam(pid, &param));
		CHECK_OK(syscall(SYS_sched_setattr, pid, &attr, 0));
		CHECK_OK(setpriority(PRIO_PROCESS, (id_t)pid, 3 + i));
		CHECK_OK(syscall(SYS_ioprio_set, 1, pid, 2 << 13 | 7));
		struct rlimit lim = {50, 60};
		CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &lim, NULL));
	}
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 3);
	CHECK_EQ(getpriority(PRIO_PROCESS, (id_t)child), 4);
	CHECK_OK(kill(child, SIGKILL));
	CHECK_EQ(t_wait(child), 128 + SIGKILL);
	return t_end();
}
