/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel call and constant that glibc 2.36 or Linux 6.1 headers lack, in one place. The wr_* calls
 * return a value >= 0 or a negative errno and are safe in a CLONE_VM child only where they say so. */
#ifndef WARREN_BASE_RAW_H
#define WARREN_BASE_RAW_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* seccomp(2), user notification; linux/seccomp.h of 5.19 and 6.6 */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#endif

/* seccomp_data's arch, linux/audit.h */
#if defined(__x86_64__)
#define WR_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define WR_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

/* landlock(7) beyond ABI 2; linux/landlock.h of 6.2 (truncate), 6.7 (net), 6.10 (ioctl), 6.12 (scopes) */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL		    (1ULL << 1)
#endif
/* The ruleset attribute of ABI 6; older kernels take a shorter size. */
struct wr_landlock_ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* The kernel's internal restart codes (include/linux/errno.h); a notification may be answered with them. */
#define WR_ERESTARTSYS	  512
#define WR_ERESTARTNOINTR 513

static inline long wr_ret(long r)
{
	return r < 0 ? -errno : r;
}

/* openat2(2) */
static inline int wr_openat2(int dirfd, const char *path, const struct open_how *how)
{
	return (int)wr_ret(syscall(SYS_openat2, dirfd, path, how, sizeof(*how)));
}

/* fstat(2) itself: glibc 2.36 makes it a newfstatat(2) with an empty path, which the kernel must read first.
 */
static inline int wr_fstat(int fd, struct stat *st)
{
	return (int)wr_ret(syscall(SYS_fstat, fd, st));
}

/* pidfd_open(2), pidfd_getfd(2), pidfd_send_signal(2) */
static inline int wr_pidfd_open(pid_t pid)
{
	return (int)wr_ret(syscall(SYS_pidfd_open, pid, 0));
}
/* PIDFD_THREAD; linux/pidfd.h of 6.9 */
static inline int wr_pidfd_open_thread(pid_t tid)
{
	return (int)wr_ret(syscall(SYS_pidfd_open, tid, O_EXCL));
}
static inline int wr_pidfd_getfd(int pidfd, int fd)
{
	return (int)wr_ret(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}
static inline int wr_pidfd_send_signal(int pidfd, int sig)
{
	return (int)wr_ret(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

/* seccomp_unotify(2). recv blocks when no notification is waiting; ENOENT: the task went away. */
static inline int wr_notif_recv(int listener, struct seccomp_notif *n)
{
	return (int)wr_ret(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n));
}
static inline int wr_notif_send(int listener, struct seccomp_notif_resp *r)
{
	return (int)wr_ret(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, r));
}
static inline int wr_notif_addfd(int listener, struct seccomp_notif_addfd *a)
{
	return (int)wr_ret(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, a));
}
/* 0 while the task still waits in this notification, -ENOENT afterwards. */
static inline int wr_notif_id_valid(int listener, uint64_t id)
{
	return (int)wr_ret(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id));
}
/* The flag is the value of the argument, not a pointer to it (kernel/seccomp.c, seccomp_notify_set_flags). */
static inline int wr_notif_set_sync_wakeup(int listener)
{
	return (int)wr_ret(
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP));
}

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif
/* What execve(2) says of the file before it looks at its format; changes nothing. Linux 6.14, -EINVAL before.
 */
static inline int wr_execve_check(int fd)
{
	char *const argv[] = {"", NULL}, *const envp[] = {NULL};
	return (int)wr_ret(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH | AT_EXECVE_CHECK));
}

/* io_uring_register(2); liburing 2.3 does not export what would call it to restrict and enable a ring. */
static inline int wr_uring_register(int ring, unsigned op, void *arg, unsigned n)
{
	return (int)wr_ret(syscall(SYS_io_uring_register, ring, op, arg, n));
}

/* landlock_create_ruleset(2), landlock_add_rule(2) */
static inline int wr_landlock_abi(void)
{
	return (int)wr_ret(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
}
static inline int wr_landlock_create(const struct wr_landlock_ruleset_attr *a, size_t size)
{
	return (int)wr_ret(syscall(SYS_landlock_create_ruleset, a, size, 0));
}
static inline int wr_landlock_add_path(int ruleset, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr a = {.allowed_access = access, .parent_fd = fd};
	return (int)wr_ret(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0));
}

#endif
