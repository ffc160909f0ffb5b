/* SPDX-License-Identifier: Apache-2.0 */
/* A task can have one listener only, and so can its descendants: as long as the zygote's is open, none of its
 * forks can get another. So the zygote is sealed first (wr_sandbox_seal()): its filter stays, and what that
 * notifies fails with ENOSYS. Then a fork can load a filter with a listener of its own in front of it, which
 * is asked first (kernel/seccomp.c: has_duplicate_listener(), seccomp_notify_detach(),
 * seccomp_run_filters()).
 *
 * The fork does so by calls that are made in it before its first instruction, while it is stopped. The
 * zygote's filter lets two calls pass that it refuses otherwise, if their last register has the key: clone
 * with CLONE_PARENT, by which the fork is the supervisor's child, as any sandbox's program is; and seccomp
 * with NEW_LISTENER. The key is 64 random bits. No instruction of the guest runs while it is in a register:
 * the call, whatever it was, gets its number and arguments in the stop at its entry, which comes before the
 * filter, and the old ones back in the stop behind it. Nobody in the sandbox can read another task's
 * registers, and what the kernel writes into a core file goes nowhere. A task that guessed it could serve its
 * own listener: Landlock would be what is left. */
#define _GNU_SOURCE
#include "fork.h"
#include "tracee.h"
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define OPTIONS	  (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL)
#define NOTIFY_MS 10000
/* What libc's fork() asks for; another clone is not the fork that is waited for. */
#define FORK_FLAGS                                                                                           \
	(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS |                    \
	 0xffULL /* the signal */)

/* The next stop: its signal and, above that, its event. -ESRCH: the task is gone. That of our own child is
 * collected by whoever waits for the sandbox. */
static int next_stop(pid_t pid)
{
	siginfo_t si = {0};
	int r;

	do
		r = waitid(P_PID, (id_t)pid, &si, WSTOPPED | __WALL | __WNOTHREAD);
	while (r < 0 && errno == EINTR);
	return r < 0 || si.si_pid != pid ? -ESRCH : si.si_status;
}

/* Goes on to the next stop at the entry of a call or behind one, or at a fork: SIGTRAP | 0x80, or the event.
 */
static int next_call(pid_t pid)
{
	int stop, sig = 0;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, 0, sig) < 0)
			return -ESRCH;
		stop = next_stop(pid);
		if (stop < 0 || stop == (SIGTRAP | 0x80) || stop >> 8 == PTRACE_EVENT_FORK)
			return stop;
		sig = stop >> 8 ? 0 : stop; /* a signal is delivered, job control has to wait */
	} while (true);
}

int wr_fork_seize(pid_t zygote)
{
	if (ptrace(PTRACE_SEIZE, zygote, 0, OPTIONS) < 0 || ptrace(PTRACE_INTERRUPT, zygote, 0, 0) < 0)
		return -errno;
	int stop = next_stop(zygote);
	return stop < 0 ? stop : 0;
}

/* ---- calls in the fork ---- */

struct task {
	pid_t pid;
	int pidfd;
	struct wr_regs saved; /* as it is to go on */
	int listener;
};

/* To the stop at the entry of a call that is made of the one there. */
static int enter(struct task *t, long nr, const uint64_t args[6])
{
	struct wr_regs r = t->saved;

	wr_regs_call_again(&r);
	if (wr_regs_store(t->pid, &r) < 0 || next_call(t->pid) != (SIGTRAP | 0x80) ||
	    wr_regs_load(t->pid, &r) < 0 || wr_regs_enter(t->pid, &r, nr, args) < 0)
		return -ESRCH;
	return 0;
}

/* In the stop behind it: its result, and nothing of its arguments is left. */
static int64_t leave(struct task *t)
{
	struct wr_regs r;

	if (wr_regs_load(t->pid, &r) < 0 || wr_regs_store(t->pid, &t->saved) < 0)
		return -ESRCH;
	return wr_regs_result(&r);
}

static int64_t call(struct task *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
		    uint64_t f)
{
	const uint64_t args[6] = {a, b, c, d, e, f};

	if (enter(t, nr, args) < 0 || next_call(t->pid) != (SIGTRAP | 0x80))
		return -ESRCH;
	return leave(t);
}

/* A place for size bytes in the task, which nobody else sees: below its stack, where what was there is put
 * back later, or a mapping. */
struct place {
	uint64_t at;
	size_t size;
	bool mapped;
	void *was; /* owned */
};

static int take_place(struct task *t, size_t size, struct place *ret)
{
	*ret = (struct place){wr_regs_below_stack(&t->saved, size), size, false, malloc(size)};
	if (!ret->was)
		return -ENOMEM;
	if (wr_tracee_read(t->pid, ret->at, ret->was, size) == 0)
		return 0;
	int64_t at =
		call(t, SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0);
	if (at < 0)
		return (int)at;
	ret->at = (uint64_t)at;
	ret->mapped = true;
	return 0;
}

static int leave_place(struct task *t, struct place *p)
{
	int r = 0;

	if (p->mapped)
		r = (int)call(t, SYS_munmap, p->at, p->size, 0, 0, 0, 0);
	else if (p->was && wr_tracee_write(t->pid, p->at, p->was, p->size) < 0)
		r = -ESRCH;
	free(p->was);
	return r;
}

static int64_t load(struct task *t, const struct wr_fork *f, const struct sock_filter *list,
		    unsigned short len)
{
	const uint64_t flags = SECCOMP_FILTER_FLAG_NEW_LISTENER, key = f->zygote->key;
	struct {
		struct sock_fprog prog;
		struct sock_filter list[BPF_MAXINSNS];
	} text = {.prog.len = len};
	struct place p;
	int64_t fd = take_place(t, sizeof(text.prog) + len * sizeof(*list), &p);

	text.prog.filter = (struct sock_filter *)(uintptr_t)(p.at + sizeof(text.prog));
	memcpy(text.list, list, len * sizeof(*list));
	if (fd >= 0 && wr_tracee_write(t->pid, p.at, &text, p.size) < 0)
		fd = -ESRCH;
	if (fd >= 0)
		fd = call(t, SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, p.at, 0, 0, key);
	if (fd == -EINVAL)
		fd = call(t, SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, p.at, 0, 0, key);
	int r = leave_place(t, &p);
	return r < 0 ? r : fd;
}

/* Loads the filter of a sandbox and fetches its listener, whose number in the fork stays in use: *ret_fd. */
static int load_filter(struct task *t, const struct wr_fork *f, int *ret_fd)
{
	struct sock_filter *list;
	unsigned short len;

	int r = wr_filter_get(f->s->policy, wr_limits_count(f->s), &list, &len);
	if (r < 0)
		return r;
	int64_t fd = load(t, f, list, len);
	if (fd >= 0 &&
	    fd < 3) /* the zygote has closed one of those that the fork is given; that takes this place */
		fd = call(t, SYS_fcntl, (uint64_t)fd, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
	if (fd < 0)
		return (int)fd;
	*ret_fd = (int)fd;
	t->listener = wr_pidfd_getfd(t->pidfd, (int)fd);
	return t->listener < 0 ? t->listener : 0;
}

static int add_fd(const struct task *t, uint64_t id, int fd, int number)
{
	struct seccomp_notif_addfd add = {.id = id,
					  .srcfd = (uint32_t)fd,
					  .newfd = (uint32_t)number,
					  .flags = SECCOMP_ADDFD_FLAG_SETFD};

	return wr_notif_addfd(t->listener, &add);
}

/* Its first notification, which we answer: the descriptors go in with that, that of the ruleset in the place
 * of the listener's, which has the number fd there. */
static int give_fds(struct task *t, const struct wr_fork *f, int fd)
{
	const uint64_t none[6] = {0};
	struct seccomp_notif n = {0};
	struct seccomp_notif_resp resp = {0};
	struct pollfd p = {.fd = t->listener, .events = POLLIN};
	int r = enter(t, SYS_getcwd, none);

	if (r < 0 || ptrace(PTRACE_SYSCALL, t->pid, 0, 0) < 0)
		return -ESRCH;
	if (poll(&p, 1, NOTIFY_MS) != 1 || !(p.revents & POLLIN) || wr_notif_recv(t->listener, &n) < 0 ||
	    (pid_t)n.pid != t->pid)
		return -ESRCH;
	for (int i = 0; r >= 0 && i < 3; i++)
		r = add_fd(t, n.id, f->cmd->stdio[i] < 0 ? i : f->cmd->stdio[i], i);
	if (r >= 0 && f->s->policy->ruleset >= 0)
		r = add_fd(t, n.id, f->s->policy->ruleset, fd);
	resp.id = n.id;
	if (wr_notif_send(t->listener, &resp) < 0 || next_stop(t->pid) != (SIGTRAP | 0x80) || leave(t) < 0)
		return -ESRCH;
	return r < 0 ? r : 0;
}

static int set_limits(pid_t pid, const struct wr_fork *f)
{
	const struct rlimit tag = {f->s->tag, f->s->tag};
	struct wr_guest_limits l;
	char text[24];
	int n = snprintf(text, sizeof(text), "%d", pid);

	if (f->cgroup >= 0 && write(f->cgroup, text, (size_t)n) != n)
		return -errno;
	wr_guest_limits(f->s, &l);
	int r = prlimit(pid, RLIMIT_RTTIME, &tag, NULL);
	for (unsigned i = 0; r == 0 && i < l.n; i++)
		r = prlimit(pid, (__rlimit_resource_t)l.list[i].resource, &l.list[i].lim, NULL);
	return r < 0 ? -errno : 0;
}

/* Signals wait until it is done. */
static int set_up(struct task *t, const struct wr_fork *f)
{
	const uint64_t all = UINT64_MAX;
	uint64_t mask;
	int r = set_limits(t->pid, f), fd = -1;

	if (r == 0 && (ptrace(PTRACE_GETSIGMASK, t->pid, sizeof(mask), &mask) < 0 ||
		       ptrace(PTRACE_SETSIGMASK, t->pid, sizeof(all), &all) < 0))
		r = -ESRCH;
	if (r == 0 && f->cmd->new_session)
		r = (int)call(t, SYS_setsid, 0, 0, 0, 0, 0, 0);
	if (r >= 0)
		r = load_filter(t, f, &fd);
	if (r >= 0)
		r = give_fds(t, f, fd);
	if (r >= 0 && f->s->policy->ruleset >= 0)
		r = (int)call(t, SYS_landlock_restrict_self, (uint64_t)fd, 0, 0, 0, 0, 0);
	if (r >= 0)
		r = (int)call(t, SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
	if (r >= 0 && ptrace(PTRACE_SETSIGMASK, t->pid, sizeof(mask), &mask) < 0)
		r = -ESRCH;
	return r < 0 ? r : 0;
}

static void end(struct task *t)
{
	kill(t->pid, SIGKILL);
	while (waitpid(t->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* ---- the fork ---- */

static bool is_fork(const struct __ptrace_syscall_info *si)
{
#ifdef SYS_fork
	if (si->entry.nr == SYS_fork)
		return true;
#endif
	return si->entry.nr == SYS_clone && !(si->entry.args[0] & ~FORK_FLAGS) &&
	       (si->entry.args[0] & 0xff) == SIGCHLD;
}

/* The zygote, in the stop at the entry of its fork: as saved says, but that the supervisor will be the
 * parent. */
static int set_parent(pid_t zygote, const struct __ptrace_syscall_info *si, uint64_t key,
		      struct wr_regs *saved)
{
	uint64_t args[6] = {SIGCHLD};

	if (si->entry.nr == SYS_clone)
		memcpy(args, si->entry.args, sizeof(args));
	args[0] |= CLONE_PARENT;
	args[5] = key;
	if (wr_regs_load(zygote, saved) < 0)
		return -ESRCH;
	struct wr_regs r = *saved;
	return wr_regs_enter(zygote, &r, SYS_clone, args) < 0 ? -ESRCH : 0;
}

/* Behind it. The result, or the zygote is gone. */
static int64_t end_call(pid_t zygote, const struct wr_regs *saved)
{
	struct wr_regs r;

	if (next_call(zygote) != (SIGTRAP | 0x80) || wr_regs_load(zygote, &r) < 0)
		return -ECHILD;
	int64_t result = wr_regs_result(&r);
	wr_regs_leave(&r, saved, result);
	return wr_regs_store(zygote, &r) < 0 ? -ECHILD : result;
}

/* From call to call until it forks. */
static int64_t run_to_fork(struct warren_sandbox *zygote, struct task *t)
{
	struct __ptrace_syscall_info si;
	const pid_t pid = zygote->pid;

	for (;;) {
		int stop = next_call(pid);
		if (stop < 0)
			return -ECHILD;
		if (stop != (SIGTRAP | 0x80) || ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(si), &si) <= 0 ||
		    si.op != PTRACE_SYSCALL_INFO_ENTRY || !is_fork(&si))
			continue;
		if (set_parent(pid, &si, zygote->key, &t->saved) < 0)
			return -ECHILD;
		unsigned long child = 0;
		stop = next_call(pid);
		if (stop < 0)
			return -ECHILD;
		if (stop >> 8 == PTRACE_EVENT_FORK && ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) == 0) {
			t->pid = (pid_t)child;
			return end_call(pid, &t->saved);
		}
		/* it failed, and that is the stop behind it */
		struct wr_regs r;
		if (wr_regs_load(pid, &r) < 0)
			return -ECHILD;
		int64_t result = wr_regs_result(&r);
		wr_regs_leave(&r, &t->saved, result);
		return wr_regs_store(pid, &r) < 0 ? -ECHILD : result < 0 ? result : -EAGAIN;
	}
}

int wr_fork_take(struct wr_fork *f)
{
	struct wr_traced traced;
	struct task t = {.pidfd = -1, .listener = -1};
	struct wr_regs first;

	wr_traced_begin(f->s->engine->tracers, &traced, f->zygote->pid);
	int r = (int)run_to_fork(f->zygote, &t);
	wr_traced_end(f->s->engine->tracers, &traced);
	if (!t.pid)
		return r;
	wr_traced_begin(f->s->engine->tracers, &traced, t.pid);
	int stop = next_stop(t.pid);
	t.pidfd = wr_pidfd_open(t.pid);
	if (r < 0 || stop < 0 || t.pidfd < 0 || wr_regs_load(t.pid, &first) < 0)
		r = r < 0 ? r : -ESRCH;
	if (r >= 0) {
		wr_regs_leave(&first, &t.saved, 0);
		t.saved = first;
		r = set_up(&t, f);
	}
	if (r == 0) {
		f->s->pid = t.pid;
		f->s->listener = wr_steal_fd(&t.listener);
		atomic_store(&f->s->umask_changed, true);
		wr_sandbox_adopt(f->s);
		if (ptrace(PTRACE_DETACH, t.pid, 0, 0) < 0)
			kill(t.pid, SIGKILL); /* it was killed, or should be */
	}
	wr_traced_end(f->s->engine->tracers, &traced);
	wr_cleanup_close(&t.pidfd);
	wr_cleanup_close(&t.listener);
	if (r < 0)
		end(&t);
	return r;
}
