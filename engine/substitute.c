/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of one substitution:
 *
 *   SEIZE, INTERRUPT; answer the notification with -ERESTARTNOINTR; in the stop that follows set the
 * registers to the wanted call; see it enter the kernel (a worker continues its notification, see
 * wr_tracers_enter()); in the exec stop or the stop after the call compare what was reached with what was
 * authorised; detach.
 *
 * Whatever comes in between (a signal to deliver, a job-control stop) makes us put the original call back, to
 * be restarted by the kernel and notified afresh.
 *
 * An exec that succeeds stops by itself. One that fails must stop too, for its registers: the task is made to
 * take a single step, over the system call, which the kernel reports behind the call alone. That is one stop
 * less than PTRACE_SYSCALL has, which reports on both sides. The report is a forced SIGTRAP: where the task
 * blocks that, PTRACE_SYSCALL is used (force_sig_info_to_task() would unblock it; where it is ignored, a
 * failed exec leaves it at its default). */
#define _GNU_SOURCE
#include "engine.h"
#include "tracee.h"
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/* So much below the red zone is free on any stack, however small: a signal frame would need more. */
#define SMALL	  512
#define SLOT_SIZE (16UL << 20) /* more than argv can be */

/* ---- the object ---- */

struct warren_substitution *wr_subst_new(void)
{
	struct warren_substitution *s = calloc(1, sizeof(*s));

	if (s)
		s->fd = s->installed = -1;
	return s;
}

void wr_subst_free(struct warren_substitution *s)
{
	if (!s)
		return;
	wr_cleanup_close(&s->fd);
	if (s->sandbox)
		wr_sandbox_unref(s->sandbox);
	if (s->free_data)
		s->free_data(s->data);
	free(s->scratch);
	free(s->relocs);
	free(s->execfn);
	free(s->program);
	free(s);
}

/* ---- waiting ---- */

enum event { EV_GONE, EV_STOP, EV_GROUP_STOP, EV_SIGNAL, EV_SYSCALL, EV_STEP, EV_EXEC };

struct trace {
	struct wr_tracers *t;
	struct warren_substitution *s;
	unsigned slot;
	pid_t tid;
	pid_t leader; /* of a thread that is not the leader itself: it takes that number when it execs; else 0
		       */
	int signal;   /* of the last stop */
	bool stepping;
	bool done;	      /* detached, or the task is gone and reaped */
	struct wr_regs saved; /* in the first stop */
	struct wr_traced traced;
};

/* The end of our own child is left: its exit status is somebody else's to collect. Any other task stays a
 * zombie until its tracer has seen it. */
static enum event gone(struct trace *tr)
{
	siginfo_t si;

	if (tr->leader || wr_tracee_parent(tr->tid) != getpid())
		while (waitid(P_PID, (id_t)tr->tid, &si, WEXITED | __WALL | __WNOTHREAD) < 0 &&
		       errno == EINTR)
			;
	tr->done = true;
	return EV_GONE;
}

/* For this tracer thread's own task only. When another thread of the guest execs, it takes the number of the
 * leader, which was ours to trace: it is another tracer's, or nobody's, and must be neither judged as ours
 * nor waited for while what we expect is still listed under its number. */
static int wait_for(pid_t tid, int flags, siginfo_t *si)
{
	int r;

	do {
		memset(si, 0, sizeof(*si));
		r = waitid(P_PID, (id_t)tid, si, flags | __WALL | __WNOTHREAD);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : si->si_pid == tid;
}

/* A thread that execs changes its number, and who waits for the old one is not woken: wait for anything that
 * this tracer thread has, which is this task alone, but for children that it may have inherited when the
 * library's user ended the thread that made them. */
static int wait_for_thread(struct trace *tr, siginfo_t *si)
{
	for (;;) {
		memset(si, 0, sizeof(*si));
		if (waitid(P_ALL, 0, si, WSTOPPED | WEXITED | WNOWAIT | __WALL | __WNOTHREAD) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		pid_t seen = si->si_pid;
		for (int i = 0; i < 2; i++) {
			pid_t tid = i ? tr->leader : tr->tid;
			int r = wait_for(tid, WSTOPPED | WNOHANG, si);
			if (r == 1)
				return 1;
		}
		if (seen == tr->tid)
			return -ECHILD; /* dead */
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

static bool is_step(pid_t tid)
{
	siginfo_t si;

	/* the kernel's own, not one that somebody sent */
	return ptrace(PTRACE_GETSIGINFO, tid, 0, &si) == 0 && si.si_code > 0;
}

/* Waits for the next stop of the task. */
static enum event next_stop(struct trace *tr)
{
	siginfo_t si;

	int r = tr->leader ? wait_for_thread(tr, &si) : wait_for(tr->tid, WSTOPPED, &si);
	if (r < 0)
		return gone(tr);
	int sig = si.si_status & 0xff, event = si.si_status >> 8;
	if (tr->leader && si.si_pid == tr->leader) {
		tr->tid = tr->leader;
		tr->leader = 0;
		atomic_store(&tr->traced.tid, tr->tid);
	}
	tr->signal = sig;
	if (event == PTRACE_EVENT_EXEC)
		return EV_EXEC;
	if (event == PTRACE_EVENT_STOP)
		return sig == SIGTRAP ? EV_STOP : EV_GROUP_STOP;
	if (sig == (SIGTRAP | 0x80))
		return EV_SYSCALL;
	if (sig == SIGTRAP && tr->stepping && is_step(tr->tid))
		return EV_STEP;
	return EV_SIGNAL;
}

static void detach(struct trace *tr, int sig)
{
	if (ptrace(PTRACE_DETACH, tr->tid, 0, sig) == 0)
		tr->done = true;
}

/* A task that was killed in between stays with us until its end was collected: its own parent waits for that.
 */
static void leave(struct trace *tr)
{
	while (!tr->done) {
		detach(tr, 0);
		if (!tr->done)
			next_stop(tr);
	}
}

static enum event resume_with(struct trace *tr, int how, int sig)
{
	tr->stepping = how == PTRACE_SINGLESTEP || (how == PTRACE_CONT && tr->stepping);
	if (ptrace(how, tr->tid, 0, sig) < 0 && errno != ESRCH)
		return EV_GONE; /* cannot be; leave() sees to it */
	return next_stop(tr);
}

static enum event resume(struct trace *tr, int how)
{
	return resume_with(tr, how, 0);
}

/* ---- the task's registers and memory ---- */

/* Runs one more call in the task, from a stop, with all signals blocked; its result or -ESRCH. */
static int64_t run_call(struct trace *tr, long nr, const uint64_t args[6])
{
	const uint64_t all = UINT64_MAX;
	uint64_t mask;
	struct wr_regs r = tr->saved;

	wr_regs_set_call(&r, nr, args);
	if (wr_regs_store(tr->tid, &r) < 0 || ptrace(PTRACE_GETSIGMASK, tr->tid, sizeof(mask), &mask) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, tr->tid, sizeof(all), &all) < 0)
		return -ESRCH;
	for (int i = 0, sig = 0; i < 2;) {
		enum event e = resume_with(tr, PTRACE_SYSCALL, sig);
		if (e == EV_GONE)
			return -ESRCH;
		/* Job control may come before the call: SIGSTOP, which cannot be blocked, takes effect at
		 * once, unless a SIGCONT has overtaken it, and the stop is taken up again after the detach.
		 */
		sig = e == EV_SIGNAL ? tr->signal : 0;
		i += e == EV_SYSCALL;
	}
	if (ptrace(PTRACE_SETSIGMASK, tr->tid, sizeof(mask), &mask) < 0 || wr_regs_load(tr->tid, &r) < 0)
		return -ESRCH;
	return wr_regs_result(&r);
}

int64_t wr_subst_call(struct trace *tr, long nr, const uint64_t args[6])
{
	return run_call(tr, nr, args);
}

int wr_subst_install(struct warren_substitution *s, int fd)
{
	struct seccomp_notif_addfd add = {.id = s->id, .srcfd = (uint32_t)fd, .newfd_flags = O_CLOEXEC};

	s->installed = wr_notif_addfd(s->listener, &add);
	return s->installed;
}

/* It did not come to the steps. */
static void uninstall(struct trace *tr)
{
	const uint64_t args[6] = {(uint64_t)tr->s->installed};

	if (tr->s->installed >= 0)
		run_call(tr, SYS_close, args);
	tr->s->installed = -1;
}

/* The original call again, as the kernel's own restart would do it; the pending signal is delivered first. */
static void bail_out(struct trace *tr, int sig)
{
	struct wr_regs r = tr->saved;

	uninstall(tr);
	wr_regs_restart(&r);
	wr_regs_store(tr->tid, &r);
	detach(tr, sig);
}

static void finish(struct trace *tr, int64_t result)
{
	struct wr_regs r = tr->saved;

	uninstall(tr);
	wr_regs_finish(&r, result);
	wr_regs_store(tr->tid, &r);
	detach(tr, 0);
}

static int write_scratch(struct trace *tr, uint64_t at)
{
	struct warren_substitution *s = tr->s;
	_cleanup_free_ char *copy = malloc(s->scratch_len);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, s->scratch, s->scratch_len);
	for (size_t k = 0; k < s->n_relocs; k++) {
		uint64_t word;
		memcpy(&word, copy + s->relocs[k], sizeof(word));
		word += at;
		memcpy(copy + s->relocs[k], &word, sizeof(word));
	}
	return wr_tracee_write(tr->tid, at, copy, s->scratch_len);
}

int wr_subst_rewrite(struct trace *tr, uint64_t at)
{
	return write_scratch(tr, at);
}

/* A mapping of our own in the task, at an address where nobody else maps anything. It stays, for the next
 * time: after vfork the memory is the parent's, where nothing could be unmapped any more once the child has
 * its new program. No other substitution has this slot while ours runs. */
static uint64_t slot_addr(unsigned slot)
{
#if defined(__x86_64__)
	const uint64_t base = 0x2a5c00000000ULL;
#else
	const uint64_t base = 0x2a5c000000ULL; /* within 39 bits */
#endif
	return base + slot * SLOT_SIZE;
}

/* What is short goes below the red zone of the stack, which no code may rely on. What is longer could lie on
 * something there: a signal stack or a coroutine's is small, and has other things below. */
static int place_scratch(struct trace *tr, uint64_t *ret_at)
{
	struct warren_substitution *s = tr->s;
	uint64_t at = wr_regs_below_stack(&tr->saved, s->scratch_len);

	if (s->scratch_len > SLOT_SIZE)
		return -E2BIG;
	if (s->scratch_len > SMALL || write_scratch(tr, at) < 0) {
		at = slot_addr(tr->slot);
		if (write_scratch(tr, at) < 0) {
			const uint64_t map[6] = {at,
						 SLOT_SIZE,
						 PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
							 MAP_FIXED_NOREPLACE,
						 (uint64_t)-1,
						 0};
			int64_t r = run_call(tr, SYS_mmap, map);
			if (r < 0)
				return (int)r;
			if ((uint64_t)r != at || write_scratch(tr, at) < 0)
				return -ENOMEM;
		}
	}
	for (unsigned i = 0; i < 6; i++)
		if (s->scratch_args & (1U << i))
			s->args[i] += at;
	*ret_at = at;
	return 0;
}

/* ---- the end of the call ---- */

static void after_exec(struct trace *tr)
{
	if (wr_exec_stop(tr->s, tr->tid) < 0)
		kill(tr->tid, SIGKILL);
	detach(tr, 0);
}

static void after_call(struct trace *tr, const struct wr_expected *x)
{
	struct warren_substitution *s = tr->s;
	struct wr_regs r;

	if (wr_regs_load(tr->tid, &r) < 0)
		return;
	int64_t result = wr_regs_result(&r);
	if (result >= 0 && s->check && s->check(s, tr->tid, result) < 0) {
		kill(tr->tid, SIGKILL);
		detach(tr, 0);
		return;
	}
	if (x->guest_fd >= 0) {
		const uint64_t args[6] = {(uint64_t)x->guest_fd};
		if (run_call(tr, SYS_close, args) == -ESRCH)
			return;
	}
	if ((result <= -512 && result >= -516) ||
	    (result == -ENOENT && s->program && access(s->program, F_OK) < 0))
		bail_out(tr, 0);
	else
		finish(tr, result);
}

/* ---- the way there ---- */

/* May the end of the call be reported by a step? */
static bool may_step(const struct trace *tr)
{
	uint64_t blocked;

	return tr->s->exec && ptrace(PTRACE_GETSIGMASK, tr->tid, sizeof(blocked), &blocked) == 0 &&
	       !(blocked & (1ULL << (SIGTRAP - 1)));
}

/* Lets the task make the call, from the stop in which it was set up, and waits for the end of it. */
static enum event run(struct trace *tr, struct wr_expected *x)
{
	bool step = may_step(tr);

	if (!step) {
		enum event e = resume(tr, PTRACE_SYSCALL); /* the entry */
		if (e != EV_SYSCALL)
			return e;
	}
	wr_expect(tr->t, x);
	enum event e = resume(tr, step ? PTRACE_SINGLESTEP : PTRACE_SYSCALL);
	/* A job-control stop goes before the report of the step, which must not stay behind in the task. */
	while (x->entered && (e == EV_GROUP_STOP || e == EV_STOP))
		e = resume(tr, PTRACE_CONT);
	wr_expect_end(tr->t, x);
	return e;
}

/* From the stop in which the original call was cut short, to the end. */
static void drive(struct trace *tr)
{
	struct warren_substitution *s = tr->s;
	struct wr_expected x = {.s = s, .tid = tr->tid, .nr = s->nr, .guest_fd = -1};

	if (s->scratch_len) {
		int r = place_scratch(tr, &x.path_addr);
		if (r < 0) {
			finish(tr, r);
			return;
		}
	}
	if (s->steps) {
		finish(tr, s->steps(s, tr, x.path_addr));
		return;
	}
	struct wr_regs r = tr->saved;
	wr_regs_set_call(&r, s->nr, s->args);
	if (wr_regs_store(tr->tid, &r) < 0)
		return;
	memcpy(x.args, s->args, sizeof(x.args));
	switch (run(tr, &x)) {
	case EV_EXEC:
		after_exec(tr);
		break;
	case EV_SYSCALL:
	case EV_STEP:
		after_call(tr, &x);
		break;
	case EV_SIGNAL: /* before the call was made */
		bail_out(tr, tr->signal);
		break;
	case EV_STOP:
	case EV_GROUP_STOP:
		bail_out(tr, 0);
		break;
	case EV_GONE:
		break;
	}
}

static int answer(struct warren_substitution *s, int error)
{
	struct seccomp_notif_resp resp = {.id = s->id, .error = error};
	return wr_notif_send(s->listener, &resp);
}

static void seize_and_drive(struct trace *tr)
{
	struct warren_substitution *s = tr->s;

	if (ptrace(PTRACE_SEIZE, s->tid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) <
	    0) {
		answer(s, errno == ESRCH ? -ESRCH : s->restart_only ? -EINTR : -EPERM);
		tr->done = true;
		return;
	}
	ptrace(PTRACE_INTERRUPT, s->tid, 0, 0);
	/* Not accepted: the task is not in that call any more (a signal before Linux 5.19), or it is another
	 * task with the same number. Its registers are not ours to change. */
	bool ours = answer(s, s->restart_only ? -WR_ERESTARTSYS : -WR_ERESTARTNOINTR) == 0;
	enum event ev = next_stop(tr);
	if (ev == EV_GONE)
		return;
	if (!ours || s->restart_only || wr_regs_load(tr->tid, &tr->saved) < 0)
		detach(tr, ev == EV_SIGNAL ? tr->signal : 0);
	else if (ev == EV_STOP)
		drive(tr);
	else /* a job-control stop: the call restarts when the task is continued */
		bail_out(tr, ev == EV_SIGNAL ? tr->signal : 0);
}

void wr_substitute(struct wr_tracers *t, struct warren_substitution *s, unsigned slot)
{
	struct trace tr = {.t = t, .s = s, .tid = s->tid, .slot = slot};

	int r = s->prepare ? s->prepare(s) : 0;
	if (r < 0) {
		answer(s, r);
		return;
	}
	/* signal 0 to a thread of the group that bears its number */
	if (syscall(SYS_tgkill, s->tid, s->tid, 0) < 0) {
		tr.leader = wr_task_tgid(s->tid);
		if (tr.leader < 0) {
			answer(s, -ESRCH);
			return;
		}
	}
	wr_traced_begin(t, &tr.traced, tr.tid);
	seize_and_drive(&tr);
	leave(&tr);
	wr_traced_end(t, &tr.traced);
}
