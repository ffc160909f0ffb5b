/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a sandbox: start, wait, kill, end. Two references at the start: the user's, and the worker's,
 * which it drops when the listener's HUP says that no task is left. */
#define _GNU_SOURCE
#include "engine.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct warren_sandbox *wr_sandbox_ref(struct warren_sandbox *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void wr_sandbox_unref(struct warren_sandbox *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (s->pidfd >= 0)
		close(s->pidfd);
	if (s->listener >= 0)
		close(s->listener);
	for (unsigned i = 0; i < s->ptys.n; i++)
		close(s->ptys.list[i].fd);
	free(s->ptys.list);
	pthread_mutex_destroy(&s->ptys.lock);
	wr_limits_free(s);
	warren_policy_unref(s->policy);
	pthread_mutex_destroy(&s->wait_lock);
	free(s->counters);
	free(s);
}

void wr_sandbox_gone(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	pthread_mutex_lock(&e->lock);
	if (!s->gone) {
		s->gone = true;
		wr_worker_disown(s);
		*s->alive_link = s->alive_next;
		if (s->alive_next)
			s->alive_next->alive_link = s->alive_link;
		e->n_alive--;
		wr_count_ended(&e->ended, s->counters);
		pthread_cond_broadcast(&e->changed);
	}
	pthread_mutex_unlock(&e->lock);
	wr_limits_end(s);
	wr_sandbox_unref(s);
}

/* The least loaded of the usual workers that is not stuck just now. */
static struct wr_worker *choose_worker(struct warren_engine *e)
{
	struct wr_worker *w = NULL;

	for (unsigned i = 0; i < e->n_workers; i++) {
		struct wr_worker *x = &e->workers[i];
		if (atomic_load(&x->server.state) != WR_STOLEN && (!w || x->load < w->load))
			w = x;
	}
	return w ? w : &e->workers[e->n_started - 1];
}

void wr_sandbox_adopt(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	/* Without it a round trip takes ten times as long; kernels before 6.6 do not have it (`warren
	 * check`). */
	(void)wr_notif_set_sync_wakeup(s->listener);
	pthread_mutex_lock(&e->lock);
	s->alive_next = e->alive;
	s->alive_link = &e->alive;
	if (e->alive)
		e->alive->alive_link = &s->alive_next;
	e->alive = s;
	e->n_alive++;
	wr_worker_own(choose_worker(e), s);
	wr_worker_poll(wr_sandbox_ref(s));
	pthread_mutex_unlock(&e->lock);
}

static int open_cwd(struct warren_policy *p, const char *cwd)
{
	char path[2 * PATH_MAX];
	const char *rel;
	int r = wr_policy_canonical(p, cwd ? cwd : "/", path, sizeof(path));

	if (r < 0)
		return wr_policy_fail(p, r, "working directory '%s': %s", cwd, strerror(-r));
	const struct wr_mount *m = wr_policy_mount(p, path, &rel);
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	if (!(wr_policy_may(p, m, path) & (WR_MAY_READ | WR_MAY_LIST)))
		r = -EACCES;
	else
		r = wr_openat2(m->fd, *rel ? rel : ".", &how);
	if (r < 0)
		wr_policy_fail(p, r, "working directory '%s' of the sandbox: %s", cwd ? cwd : "/",
			       strerror(-r));
	return r;
}

uint64_t wr_sandbox_new_tag(struct warren_engine *e)
{
	return wr_tag_base() | atomic_fetch_add(&e->next_serial, 1);
}

/* Some fds are kept for the handlers: a sandbox too many would make all of them fail. */
static bool is_full(struct warren_engine *e)
{
	pthread_mutex_lock(&e->lock);
	bool r = e->n_alive >= warren_engine_capacity(e);
	pthread_mutex_unlock(&e->lock);
	return r;
}

static void say_why(struct warren_engine *e, struct warren_policy *p, const char *name, int r)
{
	struct rlimit lim;

	if (r == -EMFILE && getrlimit(RLIMIT_NOFILE, &lim) == 0)
		wr_policy_fail(p, r,
			       "'%s': out of file descriptors: %u sandboxes fit under RLIMIT_NOFILE %llu",
			       name, warren_engine_capacity(e), (unsigned long long)lim.rlim_cur);
	else
		wr_policy_fail(p, r, "'%s': %s", name, strerror(-r));
}

int wr_sandbox_new(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
		   uint64_t tag, struct warren_sandbox **ret, int *ret_cgroup)
{
	struct warren_sandbox *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	pthread_mutex_init(&s->ptys.lock, NULL);
	s->pidfd = s->listener = -1;
	s->engine = e;
	s->policy = wr_policy_ref(p);
	s->tag = tag;
	s->start_ns = wr_now_ns();
	pthread_mutex_init(&s->wait_lock, NULL);
	s->counters = calloc(1, sizeof(*s->counters));
	atomic_store(&e->used, true);
	int r = wr_limits_set(s, cmd->limits, ret_cgroup);
	if (r == 0 && (r = !s->counters ? -ENOMEM : is_full(e) ? -EMFILE : 0) < 0)
		say_why(e, p, cmd->argv[0], r);
	if (r < 0) {
		wr_sandbox_unref(s);
		return r;
	}
	*ret = s;
	return 0;
}

int wr_sandbox_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
		     uint64_t key, uint64_t tag, struct warren_sandbox **ret)
{
	_cleanup_close_ int cgroup = -1;
	struct warren_sandbox *s;
	int r = wr_policy_freeze(p);
	if (r < 0)
		return r;
	_cleanup_close_ int cwd = open_cwd(p, cmd->cwd);
	if (cwd < 0)
		return cwd;
	r = wr_sandbox_new(e, p, cmd, tag, &s, &cgroup);
	if (r < 0) /* and why is said */
		return r;
	s->key = key;
	r = wr_launch(s, cmd, cwd, cgroup, wr_sandbox_adopt);
	if (r < 0) {
		while (s->pid > 0 && waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
		say_why(e, p, cmd->argv[0], r);
		wr_sandbox_unref(s);
		return r;
	}
	/* no thread for it: its time and memory would go unwatched */
	if ((r = wr_limits_begin(s)) < 0) {
		warren_sandbox_kill(s, 10000);
		warren_sandbox_unref(s);
		return r;
	}
	*ret = s;
	return 0;
}

int warren_sandbox_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
			 struct warren_sandbox **ret)
{
	return wr_sandbox_start(e, p, cmd, 0, wr_sandbox_new_tag(e), ret);
}

#define SEAL_MS	     5000
#define SEAL_LOOK_NS 2000000

int wr_sandbox_seal(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0)
		return -errno;
	atomic_fetch_add(&e->sealing, 1);
	pthread_mutex_lock(&e->lock);
	s->sealed = true;
	/* until nobody but the caller has it: it is not polled, and none of its calls is being served */
	bool gone = false;
	for (uint64_t end = wr_now_ns() + SEAL_MS * 1000000ULL; !gone && wr_now_ns() < end;) {
		struct timespec until;
		wr_hot_leave(s);
		if (!s->gone)
			wr_worker_wake(atomic_load(&s->owner));
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += SEAL_LOOK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_clockwait(&e->changed, &e->lock, CLOCK_MONOTONIC, &until);
		gone = s->gone && atomic_load(&s->refs) == 1;
	}
	pthread_mutex_unlock(&e->lock);
	atomic_fetch_sub(&e->sealing, 1);
	if (!gone)
		return -EBUSY;
	/* Not closed: the number could become another file's. What was the last of the listener's references
	 * goes with this. */
	if (dup3(null, s->listener, O_CLOEXEC) < 0)
		return -errno;
	warren_policy_unref(wr_steal_ptr(&s->policy));
	return 0;
}

const struct warren_policy *wr_sandbox_policy(const struct warren_sandbox *s)
{
	return s->policy;
}

atomic_bool *wr_sandbox_umask_changed(struct warren_sandbox *s)
{
	return &s->umask_changed;
}

struct wr_ptys *wr_sandbox_ptys(struct warren_sandbox *s)
{
	return &s->ptys;
}

atomic_bool *wr_sandbox_lists_served(struct warren_sandbox *s)
{
	return &s->lists_served;
}

struct wr_exec_cache *wr_sandbox_exec_cache(struct warren_sandbox *s)
{
	return s->engine->exec_cache;
}

struct wr_exec_cache *wr_sandbox_copies(struct warren_sandbox *s, bool make)
{
	if (!s->policy->direct_exec)
		return s->engine->exec_cache;
	return make ? wr_policy_copies(s->policy) : atomic_load(&s->policy->copies);
}

uint64_t wr_sandbox_tag(const struct warren_sandbox *s)
{
	return s->tag;
}

bool wr_sandbox_root_is_host(const struct warren_sandbox *s)
{
	return s->policy->mounts[s->policy->n_mounts - 1].host_len == 0;
}

pid_t warren_sandbox_pid(const struct warren_sandbox *s)
{
	return s->pid;
}

/* ---- the end ---- */

/* A new pidfd of the program, or -ECHILD once it was collected: until then its number is its own. */
static int open_pidfd(struct warren_sandbox *s)
{
	pthread_mutex_lock(&s->wait_lock);
	int fd = s->reaped ? -ECHILD : wr_pidfd_open(s->pid);
	pthread_mutex_unlock(&s->wait_lock);
	return fd;
}

int warren_sandbox_pidfd(struct warren_sandbox *s)
{
	pthread_mutex_lock(&s->wait_lock);
	if (s->pidfd < 0)
		s->pidfd = s->reaped ? -ECHILD : wr_pidfd_open(s->pid);
	int fd = s->pidfd;
	pthread_mutex_unlock(&s->wait_lock);
	return fd;
}

int wr_sandbox_reap(struct warren_sandbox *s)
{
	int r = 1;

	pthread_mutex_lock(&s->wait_lock);
	if (!s->reaped) {
		/* Without consuming it: the kernel reports the stops that a tracer thread waits for, too. */
		siginfo_t si = {0};
		r = waitid(P_PID, (id_t)s->pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0 ? -errno : 0;
		if (r == 0 && si.si_pid == s->pid)
			r = si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED;
		if (r > 0 && wait4(s->pid, &s->status, 0, &s->rusage) == s->pid) {
			s->reaped = true;
			s->wall_ns = wr_now_ns() - s->start_ns;
			wr_limits_judge(s);
		}
	}
	pthread_mutex_unlock(&s->wait_lock);
	return r;
}

int warren_sandbox_wait(struct warren_sandbox *s, int timeout_ms, struct warren_result *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	while (!(r = wr_sandbox_reap(s))) {
		fd = fd < 0 ? open_pidfd(s) : fd;
		if (fd == -ECHILD)
			continue; /* another thread was faster */
		if (fd < 0)
			return fd;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		r = poll(&p, 1, timeout_ms);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && (errno != EINTR || timeout_ms >= 0))
			return -errno;
	}
	if (r < 0)
		return r;
	*ret = (struct warren_result){.status = s->status,
				      .rusage = s->rusage,
				      .wall_ns = s->wall_ns,
				      .limit = (enum warren_limit)atomic_load(&s->limited.hit)};
	return 0;
}

/* The listener hangs up when the last task of the sandbox has gone (before Linux 6.11: was collected). */
static bool is_empty(struct warren_sandbox *s, int wait_ms)
{
	struct pollfd p = {.fd = s->listener};

	wr_sandbox_reap(s);
	if (s->sealed) {
		if (wait_ms)
			poll(NULL, 0, wait_ms);
		return wr_tag_count(s->tag) == 0;
	}
	return poll(&p, 1, wait_ms) == 1 && (p.revents & (POLLHUP | POLLERR));
}

void warren_sandbox_unref(struct warren_sandbox *s)
{
	if (!s)
		return;
	if (wr_sandbox_reap(s))
		wr_sandbox_unref(s);
	else
		wr_watch_forgotten(s); /* nobody will wait for its program any more */
}

int warren_sandbox_kill(struct warren_sandbox *s, int timeout_ms)
{
	uint64_t end = wr_now_ns() + (uint64_t)timeout_ms * 1000000;

	if (is_empty(s, 0))
		return 0;
	/* The tree below the program is nearly always all there is; the search through all processes of the
	 * machine, which finds the rest, is dear. */
	wr_tag_kill_tree(s->tag, s->pid, timeout_ms);
	for (int pause = 2; !is_empty(s, pause); pause = pause < 32 ? 2 * pause : pause) {
		if (wr_now_ns() > end)
			return -ETIMEDOUT;
		wr_tag_kill(s->tag, UINT64_MAX);
	}
	return 0;
}
