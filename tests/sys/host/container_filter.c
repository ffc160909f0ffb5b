/* SPDX-License-Identifier: Apache-2.0 */
/* container_filter PROGRAM [ARG]...: run it under a filter of system calls that refuses what that of Docker
 * refuses to a container without capabilities (profiles/seccomp/default.json of moby), as far as warren makes
 * such calls. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE(nr, e)                                                                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (e))
#define NS_FLAGS 0x7e020000 /* CLONE_NEW* */

int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* with CAP_SYS_ADMIN alone */
		REFUSE(SYS_mount, EPERM),
		REFUSE(SYS_umount2, EPERM),
		REFUSE(SYS_setns, EPERM),
		REFUSE(SYS_unshare, EPERM),
		REFUSE(SYS_bpf, EPERM),
		REFUSE(SYS_perf_event_open, EPERM),
		REFUSE(435 /* clone3 */, ENOSYS),
		/* with CAP_SYS_PTRACE */
		REFUSE(SYS_kcmp, EPERM),
		REFUSE(438 /* pidfd_getfd */, EPERM),
		/* at all */
		REFUSE(SYS_keyctl, EPERM),
		REFUSE(SYS_userfaultfd, EPERM),
		REFUSE(425 /* io_uring_setup */, EPERM),
		REFUSE(426 /* io_uring_enter */, EPERM),
		REFUSE(427 /* io_uring_register */, EPERM),
		/* namespaces */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NS_FLAGS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {sizeof(code) / sizeof(*code), code};

	if (argc < 2)
		return 2;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0) {
		perror("container_filter");
		return 77;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
