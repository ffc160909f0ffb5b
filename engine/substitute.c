/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer threads. One thread does all steps of one substitution, since ptrace(2) is per thread:
 *
 *   SEIZE, INTERRUPT; install the fds; answer the notification with -ERESTARTNOINTR; in the stop that follows
 * set the registers to the wanted call; see it enter the kernel (a worker continues its notification, see
 * expect()); in the exec stop or the exit stop compare what was reached with what was authorised; detach.
 *
 * Whatever comes in between (a signal to deliver, a job-control stop) makes us put the original call back, to
 * be restarted by the kernel and notified afresh. */
#define _GNU_SOURCE
#include "substitute.h"
#include "internal.h"
#include "tracee.h"
#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define SHARDS	  64
#define IDLE_SECS 5
#define RED_ZONE  128

struct expected {
	struct expected *next;
	pid_t tid;
	long nr;
	uint64_t args[6];
};

struct job {
	struct job *next;
	struct warren_substitution *s;
};

struct wr_tracers {
	pthread_mutex_t lock;
	pthread_cond_t work, idle_change;
	struct job *first, **last;
	unsigned max, threads, idle;
	bool stop;
	atomic_uint n_expected;
	struct {
		pthread_mutex_t lock;
		struct expected *first;
	} shard[SHARDS];
};

/* ---- the object ---- */

struct warren_substitution *wr_subst_new(void)
{
	struct warren_substitution *s = calloc(1, sizeof(*s));

	if (s)
		for (unsigned i = 0; i < WR_SUBST_FDS; i++)
			s->inject[i].fd = s->inject[i].arg = -1;
	return s;
}

void wr_subst_free(struct warren_substitution *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n_inject; i++)
		wr_cleanup_close(&s->inject[i].fd);
	if (s->sandbox)
		wr_sandbox_unref(s->sandbox);
	free(s->scratch);
	free(s->relocs);
	free(s->execfn);
	free(s->comm);
	free(s->check_data);
	free(s);
}

/* ---- which notification is ours ---- */

static void expect_add(struct wr_tracers *t, struct expected *x)
{
	unsigned i = (unsigned)x->tid % SHARDS;

	pthread_mutex_lock(&t->shard[i].lock);
	x->next = t->shard[i].first;
	t->shard[i].first = x;
	atomic_fetch_add(&t->n_expected, 1);
	pthread_mutex_unlock(&t->shard[i].lock);
}

static bool expect_take(struct wr_tracers *t, pid_t tid, long nr, const uint64_t *args)
{
	unsigned i = (unsigned)tid % SHARDS;
	bool found = false;

	pthread_mutex_lock(&t->shard[i].lock);
	for (struct expected **at = &t->shard[i].first; *at; at = &(*at)->next) {
		if ((*at)->tid != tid)
			continue;
		if (!args || ((*at)->nr == nr && !memcmp((*at)->args, args, sizeof((*at)->args)))) {
			*at = (*at)->next;
			atomic_fetch_sub(&t->n_expected, 1);
			found = true;
		}
		break;
	}
	pthread_mutex_unlock(&t->shard[i].lock);
	return found;
}

bool wr_tracers_expect(struct wr_tracers *t, pid_t tid, long nr, const uint64_t args[6])
{
	if (!atomic_load_explicit(&t->n_expected, memory_order_acquire))
		return false;
	return expect_take(t, tid, nr, args);
}

/* ---- steps ---- */

enum event { EV_GONE, EV_EVENT_STOP, EV_GROUP_STOP, EV_SIGNAL, EV_SYSCALL, EV_EXEC };

struct trace {
	struct wr_tracers *t;
	struct warren_substitution *s;
	pid_t tid;
	int status_sig;
	bool done;	      /* detached, or the task is gone and reaped */
	struct wr_regs saved; /* in the first stop */
	int guest_fd[WR_SUBST_FDS];
	unsigned n_fds;
};

/* Waits for the next stop of the tracee: the only one that this thread has. Exits are left unreaped when the
 * task is our own child, whose exit status is somebody else's to collect. */
static enum event next_stop(struct trace *tr)
{
	siginfo_t si;

	for (;;) {
		memset(&si, 0, sizeof(si));
		if (waitid(P_ALL, 0, &si, WSTOPPED | WEXITED | WNOWAIT | __WALL | __WNOTHREAD) < 0) {
			if (errno == EINTR)
				continue;
			tr->done = true;
			return EV_GONE;
		}
		if (si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED) {
			if (wr_tracee_parent(si.si_pid) != getpid())
				waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | __WALL);
			tr->done = true;
			return EV_GONE;
		}
		if (waitid(P_PID, (id_t)tr->tid, &si, WSTOPPED | __WALL | WNOHANG) == 0 &&
		    si.si_pid == tr->tid)
			break;
	}
	int sig = si.si_status & 0xff, event = si.si_status >> 8;
	tr->tid = si.si_pid; /* exec by a thread that is not the leader: it takes the leader's number */
	tr->status_sig = sig;
	if (event == PTRACE_EVENT_EXEC)
		return EV_EXEC;
	if (event == PTRACE_EVENT_STOP)
		return sig == SIGTRAP ? EV_EVENT_STOP : EV_GROUP_STOP;
	if (sig == (SIGTRAP | 0x80))
		return EV_SYSCALL;
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

static void answer(struct warren_substitution *s, int error)
{
	struct seccomp_notif_resp resp = {.id = s->id, .error = error};
	(void)wr_notif_send(s->listener, &resp);
}

static int install_fds(struct trace *tr)
{
	struct warren_substitution *s = tr->s;

	for (unsigned i = 0; i < s->n_inject; i++) {
		struct seccomp_notif_addfd add = {.id = s->id,
						  .srcfd = (uint32_t)s->inject[i].fd,
						  .newfd_flags = s->inject[i].cloexec ? O_CLOEXEC : 0};
		int fd = wr_notif_addfd(s->listener, &add);
		if (fd < 0)
			return fd;
		wr_cleanup_close(&s->inject[i].fd);
		tr->guest_fd[tr->n_fds++] = fd;
		if (s->inject[i].arg >= 0)
			s->args[s->inject[i].arg] = (uint64_t)fd;
	}
	return 0;
}

/* Runs one more call in the task, from a stop in which regs are loaded from base; its result or negative
 * errno. */
static int64_t run_call(struct trace *tr, const struct wr_regs *base, long nr, const uint64_t args[6])
{
	struct wr_regs r = *base;

	wr_regs_set_call(&r, nr, args);
	if (wr_regs_store(tr->tid, &r) < 0)
		return -ESRCH;
	for (int i = 0; i < 2; i++) {
		if (ptrace(PTRACE_SYSCALL, tr->tid, 0, 0) < 0)
			return -ESRCH;
		enum event e = next_stop(tr);
		if (e != EV_SYSCALL)
			return e == EV_GONE ? -ESRCH : -EINTR;
	}
	if (wr_regs_load(tr->tid, &r) < 0)
		return -ESRCH;
	return wr_regs_result(&r);
}

static void close_fds(struct trace *tr)
{
	for (unsigned i = 0; i < tr->n_fds; i++) {
		const uint64_t args[6] = {(uint64_t)tr->guest_fd[i]};
		run_call(tr, &tr->saved, SYS_close, args);
	}
	tr->n_fds = 0;
}

/* The original call again, as the kernel's own restart would do it; the pending signal is delivered first. */
static void bail_out(struct trace *tr, int sig)
{
	struct wr_regs r = tr->saved;

	wr_regs_restart(&r);
	wr_regs_store(tr->tid, &r);
	detach(tr, sig);
}

static int write_task(pid_t tid, uint64_t addr, const void *buf, size_t len)
{
	struct iovec l = {(void *)(uintptr_t)buf, len}, r = {(void *)(uintptr_t)addr, len};
	return process_vm_writev(tid, &l, 1, &r, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

static int read_task(pid_t tid, uint64_t addr, void *buf, size_t len)
{
	struct iovec l = {buf, len}, r = {(void *)(uintptr_t)addr, len};
	return process_vm_readv(tid, &l, 1, &r, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

/* Below the red zone of the stack, which no code may rely on; where that does not fit, in a mapping of its
 * own. */
static int place_scratch(struct trace *tr)
{
	struct warren_substitution *s = tr->s;

	if (!s->scratch_len)
		return 0;
	uint64_t at = (wr_regs_sp(&tr->saved) - RED_ZONE - s->scratch_len) & ~15ULL;
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < s->n_relocs; k++) {
			uint64_t word;
			memcpy(&word, (char *)s->scratch + s->relocs[k], sizeof(word));
			word += at;
			memcpy((char *)s->scratch + s->relocs[k], &word, sizeof(word));
		}
		if (write_task(tr->tid, at, s->scratch, s->scratch_len) == 0)
			break;
		if (i == 1)
			return -E2BIG;
		const uint64_t map[6] = {
			0, s->scratch_len, 3 /* RW */, 0x22 /* private, anonymous */, (uint64_t)-1, 0};
		int64_t r = run_call(tr, &tr->saved, SYS_mmap, map);
		if (r < 0)
			return (int)r;
		for (size_t k = 0; k < s->n_relocs; k++) {
			uint64_t word;
			memcpy(&word, (char *)s->scratch + s->relocs[k], sizeof(word));
			word -= at;
			memcpy((char *)s->scratch + s->relocs[k], &word, sizeof(word));
		}
		at = (uint64_t)r;
	}
	for (unsigned i = 0; i < 6; i++)
		if (s->scratch_args & (1U << i))
			s->args[i] += at;
	return 0;
}

/* Room for AT_EXECFN above the vectors: they move down, the string goes into the gap. The kernel put
 * "/dev/fd/N". */
static void fix_execfn(struct trace *tr)
{
	struct wr_regs r;
	const char *name = tr->s->execfn;
	size_t gap = (strlen(name) + 1 + 15) & ~15UL, len = 0, room = 65536;
	uint64_t *v;

	if (wr_regs_load(tr->tid, &r) < 0)
		return;
	uint64_t sp = wr_regs_sp(&r), words = 0;
	if (read_task(tr->tid, sp, &words, 8) < 0 || words > 1000000)
		return;
	(void)room;
	/* argc, argv, NULL, envp ..., NULL, auxv ..., AT_NULL: read on until the end is found */
	for (size_t size = (words + 2) * 8 + 4096;; size *= 2) {
		v = malloc(size);
		if (!v)
			return;
		struct iovec l = {v, size}, rem = {(void *)(uintptr_t)sp, size};
		ssize_t n = process_vm_readv(tr->tid, &l, 1, &rem, 1, 0);
		size_t have = n > 0 ? (size_t)n / 8 : 0, i = words + 2;
		while (i < have && v[i])
			i++;
		for (i++; i + 1 < have && v[i] != AT_NULL; i += 2)
			if (v[i] == AT_EXECFN)
				v[i + 1] = 0;
		if (i + 1 < have) {
			len = (i + 2) * 8;
			break;
		}
		free(v);
		if ((size_t)n < size || size > (16U << 20))
			return;
	}
	uint64_t text = sp - gap + len, i = words + 2;
	while (v[i])
		i++;
	for (i++; v[i] != AT_NULL; i += 2)
		if (v[i] == AT_EXECFN)
			v[i + 1] = text;
	if (write_task(tr->tid, sp - gap, v, len) == 0 &&
	    write_task(tr->tid, text, name, strlen(name) + 1) == 0) {
		wr_regs_set_sp(&r, sp - gap);
		wr_regs_store(tr->tid, &r);
	}
	free(v);
}

static void after_exec(struct trace *tr)
{
	char link[32];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/exe", tr->tid);
	if (stat(link, &st) < 0 || st.st_dev != tr->s->exe_dev || st.st_ino != tr->s->exe_ino) {
		/* another thread changed what the task was told to run */
		kill(tr->tid, SIGKILL);
		detach(tr, 0);
		return;
	}
	if (tr->s->execfn)
		fix_execfn(tr);
	detach(tr, 0);
}

static void after_call(struct trace *tr)
{
	struct wr_regs r;

	if (wr_regs_load(tr->tid, &r) < 0)
		return;
	int64_t result = wr_regs_result(&r);
	if (result <= -512 && result >= -516) {
		close_fds(tr);
		bail_out(tr, 0);
		return;
	}
	if (result >= 0 && tr->s->check && tr->s->check(tr->s, tr->tid, result) < 0) {
		kill(tr->tid, SIGKILL);
		detach(tr, 0);
		return;
	}
	close_fds(tr);
	r = tr->saved;
	wr_regs_finish(&r, result);
	wr_regs_store(tr->tid, &r);
	detach(tr, 0);
}

/* From the stop in which the original call was cut short, to the end. */
static void drive(struct trace *tr)
{
	struct warren_substitution *s = tr->s;
	struct expected x = {.tid = tr->tid, .nr = s->nr};
	struct wr_regs r;

	if (wr_regs_load(tr->tid, &tr->saved) < 0)
		return;
	int e = place_scratch(tr);
	if (e < 0) {
		close_fds(tr);
		r = tr->saved;
		wr_regs_finish(&r, e);
		wr_regs_store(tr->tid, &r);
		detach(tr, 0);
		return;
	}
	r = tr->saved;
	wr_regs_set_call(&r, s->nr, s->args);
	if (wr_regs_store(tr->tid, &r) < 0)
		return;
	ptrace(PTRACE_SYSCALL, tr->tid, 0, 0);
	enum event ev = next_stop(tr);
	if (ev == EV_GONE)
		return;
	if (ev != EV_SYSCALL) {
		int sig = ev == EV_SIGNAL ? tr->status_sig : 0;
		/* Closing runs calls in the task, which must not meet the stop again: the signal waits till
		 * detach. */
		if (ev == EV_SIGNAL)
			close_fds(tr);
		bail_out(tr, sig);
		return;
	}
	memcpy(x.args, s->args, sizeof(x.args));
	expect_add(tr->t, &x);
	ptrace(PTRACE_SYSCALL, tr->tid, 0, 0);
	ev = next_stop(tr);
	expect_take(tr->t, x.tid, 0, NULL); /* not notified at all, or killed */
	if (ev == EV_EXEC)
		after_exec(tr);
	else if (ev == EV_SYSCALL)
		after_call(tr);
	else if (ev != EV_GONE)
		detach(tr, tr->status_sig);
}

static void seize_and_drive(struct trace *tr)
{
	struct warren_substitution *s = tr->s;

	if (ptrace(PTRACE_SEIZE, s->tid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) <
	    0) {
		answer(s, errno == ESRCH ? -ESRCH : -EPERM);
		tr->done = true;
		return;
	}
	ptrace(PTRACE_INTERRUPT, s->tid, 0, 0);
	int r = install_fds(tr);
	/* A failure leaves the fds installed so far: there is one at most when the next one fails, see
	 * close_fds. */
	answer(s, r < 0 ? r : -WR_ERESTARTNOINTR);
	enum event ev = next_stop(tr);
	if (ev == EV_GONE)
		return;
	if (r < 0) {
		detach(tr, ev == EV_SIGNAL ? tr->status_sig : 0);
		return;
	}
	if (ev == EV_EVENT_STOP) {
		drive(tr);
		return;
	}
	/* A job-control stop: the call restarts when the task is continued. */
	if (wr_regs_load(tr->tid, &tr->saved) == 0)
		bail_out(tr, ev == EV_SIGNAL ? tr->status_sig : 0);
}

static void substitute(struct wr_tracers *t, struct warren_substitution *s)
{
	struct trace tr = {.t = t, .s = s, .tid = s->tid};

	seize_and_drive(&tr);
	leave(&tr);
}

/* ---- the pool ---- */

static void *run(void *arg)
{
	struct wr_tracers *t = arg;
	struct timespec until;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (!t->first && !t->stop) {
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_sec += IDLE_SECS;
			t->idle++;
			int r = pthread_cond_timedwait(&t->work, &t->lock, &until);
			t->idle--;
			if (r == ETIMEDOUT && !t->first)
				goto out;
		}
		if (!t->first)
			break;
		struct job *j = t->first;
		t->first = j->next;
		if (!t->first)
			t->last = &t->first;
		pthread_mutex_unlock(&t->lock);
		substitute(t, j->s);
		wr_subst_free(j->s);
		free(j);
		pthread_mutex_lock(&t->lock);
	}
out:
	t->threads--;
	pthread_cond_broadcast(&t->idle_change);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int wr_tracers_new(unsigned max, struct wr_tracers **ret)
{
	struct wr_tracers *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->max = max;
	t->last = &t->first;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_cond_init(&t->idle_change, NULL);
	for (unsigned i = 0; i < SHARDS; i++)
		pthread_mutex_init(&t->shard[i].lock, NULL);
	*ret = t;
	return 0;
}

void wr_tracers_free(struct wr_tracers *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->work);
	while (t->threads)
		pthread_cond_wait(&t->idle_change, &t->lock);
	pthread_mutex_unlock(&t->lock);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->work);
	pthread_cond_destroy(&t->idle_change);
	free(t);
}

static bool spawn(struct wr_tracers *t)
{
	sigset_t all, old;
	pthread_t th;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&th, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		pthread_detach(th);
	return r == 0;
}

void wr_tracers_submit(struct wr_tracers *t, struct warren_substitution *s)
{
	struct job *j = malloc(sizeof(*j));
	bool ok = j != NULL;

	pthread_mutex_lock(&t->lock);
	if (ok && !t->idle && t->threads < t->max) {
		t->threads++;
		if (!spawn(t)) {
			t->threads--;
			ok = t->threads > 0;
		}
	}
	if (ok) {
		*j = (struct job){NULL, s};
		*t->last = j;
		t->last = &j->next;
		pthread_cond_signal(&t->work);
	}
	pthread_mutex_unlock(&t->lock);
	if (!ok) {
		answer(s, -ENOMEM);
		wr_subst_free(s);
		free(j);
	}
}
