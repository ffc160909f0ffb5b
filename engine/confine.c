/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's own confinement: what a hole in it could be used for. Two filters, both of the table of
 * system calls: that of the process refuses it what guests are refused, but for the few calls that it serves
 * them with; that of the threads that serve lets pass nothing but what the handlers make. Guests inherit the
 * first one and cannot tell: what it refuses their own filter, which came later, refuses with the same error
 * (seccomp(2): of actions of the same kind the latest counts). */
#define _GNU_SOURCE
#include "confine.h"
#include "engine.h"
#include "filter_pack.h"
#include <linux/sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define ALLOW	   SECCOMP_RET_ALLOW
#define FILTER_MAX 1024 /* instructions */
#define REFUSE(e)  (SECCOMP_RET_ERRNO | (e))

#define NS_FLAGS                                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
	 CLONE_NEWNET)

/* Refused to guests, and what they are served with. */
static const int for_serving[] = {SYS_ptrace, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register};

/* Beside the calls that have a handler, which is made in the guest's name: what memory, threads, files and
 * the other side of a notification take. */
static const int of_servers[] = {
	/* memory */
	SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_mincore, SYS_membarrier,
	/* threads and time */
	SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_set_tid_address, SYS_exit, SYS_exit_group,
	SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_nanosleep, SYS_clock_nanosleep,
	SYS_clock_gettime, SYS_gettimeofday, SYS_restart_syscall, SYS_capget, SYS_capset, SYS_prctl,
	SYS_seccomp,
	/* signals */
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
	/* who and where */
	SYS_getpid, SYS_gettid, SYS_getppid, SYS_getpgid, SYS_getsid, SYS_getuid, SYS_geteuid, SYS_getgid,
	SYS_getegid, SYS_getgroups, SYS_getrlimit, SYS_getrusage, SYS_sysinfo, SYS_uname, SYS_getrandom,
	/* files */
	SYS_close, SYS_close_range, SYS_read, SYS_readv, SYS_pread64, SYS_preadv, SYS_write, SYS_writev,
	SYS_pwrite64, SYS_pwritev, SYS_lseek, SYS_fstat, SYS_fstatfs, SYS_fcntl, SYS_flock, SYS_dup, SYS_dup3,
	SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_ftruncate, SYS_fallocate, SYS_copy_file_range, SYS_sendfile,
	SYS_fchdir, SYS_memfd_create, SYS_pipe2, SYS_eventfd2, SYS_ppoll,
#if defined(__x86_64__)
	SYS_dup2, SYS_poll, SYS_time, SYS_arch_prctl,
#endif
	/* sockets that are there */
	SYS_recvmsg, SYS_recvfrom, SYS_getsockopt, SYS_setsockopt, SYS_shutdown,
	/* tasks */
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_ptrace, SYS_wait4,
	SYS_waitid, SYS_io_uring_enter};

/* Decided by the low half of an argument. */
struct decision {
	int nr;
	unsigned arg;
	int kind; /* WR_PACK_BY_BITS, WR_PACK_BY_VALUE */
	uint32_t value, yes, no;
};

static const struct decision process_decisions[] = {
	{SYS_unshare, 0, WR_PACK_BY_BITS, NS_FLAGS, REFUSE(EPERM), ALLOW},
	{SYS_clone, 0, WR_PACK_BY_BITS, NS_FLAGS, REFUSE(EPERM), ALLOW},
};

/* They start threads, which have file-system states of their own, and no programs; AT_EXECVE_CHECK starts
 * none. */
static const struct decision server_decisions[] = {
	{SYS_unshare, 0, WR_PACK_BY_VALUE, CLONE_FS, ALLOW, REFUSE(EPERM)},
	{SYS_clone, 0, WR_PACK_BY_BITS, CLONE_THREAD, ALLOW, REFUSE(EPERM)},
	{SYS_execveat, 4, WR_PACK_BY_BITS, AT_EXECVE_CHECK, ALLOW, REFUSE(EPERM)},
	{SYS_socket, 0, WR_PACK_BY_VALUE, AF_UNIX, ALLOW, REFUSE(EPERM)},
	{SYS_socketpair, 0, WR_PACK_BY_VALUE, AF_UNIX, ALLOW, REFUSE(EPERM)},
};

/* ---- the filters ---- */

struct filter {
	struct sock_filter code[FILTER_MAX];
	int len; /* or a negative errno */
};

static void make(struct wr_pack_number *numbers, const struct decision *d, size_t n_decisions,
		 struct filter *ret)
{
	for (size_t i = 0; i < n_decisions; i++)
		numbers[d[i].nr] = (struct wr_pack_number){.kind = d[i].kind,
							   .action = d[i].no,
							   .arg = d[i].arg,
							   .n_values = 1,
							   .values = {{d[i].value, d[i].yes}}};
	ret->len = wr_filter_pack(numbers, (size_t)wr_table_max_nr + 1, REFUSE(ENOSYS), NULL, 0, ret->code,
				  FILTER_MAX);
}

static int load(const struct filter *f)
{
	const struct sock_fprog prog = {(unsigned short)f->len, (struct sock_filter *)(uintptr_t)f->code};

	if (f->len < 0)
		return f->len;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}

/* All with this action, to be freed. NULL: no memory. */
static struct wr_pack_number *all_numbers(uint32_t action)
{
	struct wr_pack_number *numbers = calloc((size_t)wr_table_max_nr + 1, sizeof(*numbers));

	for (int nr = 0; numbers && nr <= wr_table_max_nr; nr++)
		numbers[nr].action = action;
	return numbers;
}

static bool is_one_of(int nr, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return true;
	return false;
}

static int load_process_filter(void)
{
	_cleanup_free_ struct wr_pack_number *numbers = all_numbers(ALLOW);

	if (!numbers)
		return -ENOMEM;
	for (unsigned i = 0; i < wr_table_len; i++) {
		const struct wr_syscall *row = &wr_table[i];
		if (row->nr >= 0 && !row->handler && row->trapped == WR_ALWAYS &&
		    !is_one_of(row->nr, for_serving, WR_ARRAY_SIZE(for_serving)))
			numbers[row->nr].action = REFUSE((uint32_t)row->error);
	}
	struct filter f;
	make(numbers, process_decisions, WR_ARRAY_SIZE(process_decisions), &f);
	return load(&f);
}

static struct filter of_threads = {.len = -ENOMEM};

static void make_of_threads(void)
{
	_cleanup_free_ struct wr_pack_number *numbers = all_numbers(REFUSE(EPERM));

	if (!numbers)
		return;
	for (unsigned i = 0; i < wr_table_len; i++)
		if (wr_table[i].nr >= 0 && wr_table[i].handler)
			numbers[wr_table[i].nr].action = ALLOW;
	numbers[SYS_execve].action = REFUSE(EPERM);
#if defined(__x86_64__)
	numbers[SYS_fork].action = numbers[SYS_vfork].action = REFUSE(EPERM);
#endif
	numbers[SYS_clone3].action = REFUSE(ENOSYS); /* libc then uses clone */
	for (size_t i = 0; i < WR_ARRAY_SIZE(of_servers); i++)
		numbers[of_servers[i]].action = ALLOW;
	make(numbers, server_decisions, WR_ARRAY_SIZE(server_decisions), &of_threads);
}

/* One filter for all threads of the process, made for the first; once more should that have failed. */
int wr_confine_thread(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (of_threads.len < 0)
		make_of_threads();
	int r = load(&of_threads);
	pthread_mutex_unlock(&lock);
	return r;
}

/* ---- capabilities ---- */

/* The bounding set goes first, which takes CAP_SETPCAP. An ordinary user, who has none, has nothing in the
 * other sets. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	for (int cap = 0; (d[0].permitted & (1U << CAP_SETPCAP)) && cap <= CAP_LAST_CAP; cap++)
		if (cap > 31 || !(WR_KEEP_CAPS & (1U << cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* EINVAL: the kernel does not know it */
	d[0].effective &= WR_KEEP_CAPS;
	d[0].permitted &= WR_KEEP_CAPS;
	/* without these there are no ambient ones either */
	d[0].inheritable = d[1].effective = d[1].permitted = d[1].inheritable = 0;
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

int warren_confine(void)
{
	int r = drop_capabilities();

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : load_process_filter();
}
