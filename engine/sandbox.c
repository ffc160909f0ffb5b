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

void warren_sandbox_unref(struct warren_sandbox *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	struct warren_engine *e = s->engine;
	pthread_mutex_lock(&e->lock);
	if (s->all_link) {
		*s->all_link = s->all_next;
		if (s->all_next)
			s->all_next->all_link = s->all_link;
	}
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	if (s->pidfd >= 0)
		close(s->pidfd);
	if (s->listener >= 0)
		close(s->listener);
	warren_policy_unref(s->policy);
	free(s->counters);
	free(s);
}

void wr_sandbox_gone(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;

	pthread_mutex_lock(&e->lock);
	atomic_store(&s->gone, true);
	atomic_fetch_sub(&e->alive, 1);
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
	warren_sandbox_unref(s);
}

static void adopt(struct warren_sandbox *s)
{
	struct warren_engine *e = s->engine;
	struct wr_worker *w = &e->workers[0];

	/* Without it a round trip takes ten times as long; kernels before 6.6 do not have it (`warren
	 * check`). */
	(void)wr_notif_set_sync_wakeup(s->listener);
	for (unsigned i = 1; i < e->n_workers; i++)
		if (atomic_load(&e->workers[i].load) < atomic_load(&w->load))
			w = &e->workers[i];
	pthread_mutex_lock(&e->lock);
	s->all_next = e->all;
	s->all_link = &e->all;
	if (e->all)
		e->all->all_link = &s->all_next;
	e->all = s;
	atomic_fetch_add(&e->alive, 1);
	pthread_mutex_unlock(&e->lock);
	wr_sandbox_ref(s);
	wr_worker_adopt(w, s);
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

static uint64_t new_tag(struct warren_engine *e)
{
	return wr_tag_base() | atomic_fetch_add(&e->next_serial, 1);
}

int warren_sandbox_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
			 struct warren_sandbox **ret)
{
	int r = wr_policy_freeze(p);
	if (r < 0)
		return r;
	_cleanup_close_ int cwd = open_cwd(p, cmd->cwd);
	if (cwd < 0)
		return cwd;
	struct warren_sandbox *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->pidfd = s->listener = -1;
	s->engine = e;
	s->policy = wr_policy_ref(p);
	s->tag = new_tag(e);
	s->umask = umask(0);
	umask(s->umask);
	s->start_ns = wr_now_ns();
	s->counters = calloc(1, sizeof(*s->counters));
	e->used = true;
	r = s->counters ? wr_launch(s, cmd, cwd, adopt) : -ENOMEM;
	if (r < 0) {
		if (s->pid > 0)
			waitid(P_PIDFD, (id_t)s->pidfd, &(siginfo_t){0}, WEXITED);
		wr_policy_fail(p, r, "'%s': %s", cmd->argv[0], strerror(-r));
		warren_sandbox_unref(s);
		return r;
	}
	*ret = s;
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

struct wr_exec_cache *wr_sandbox_exec_cache(struct warren_sandbox *s)
{
	return s->engine->exec_cache;
}

bool wr_sandbox_root_is_host(const struct warren_sandbox *s)
{
	return s->policy->mounts[s->policy->n_mounts - 1].host_len == 0;
}

pid_t warren_sandbox_pid(const struct warren_sandbox *s)
{
	return s->pid;
}

int warren_sandbox_pidfd(const struct warren_sandbox *s)
{
	return s->pidfd;
}

int warren_sandbox_wait(struct warren_sandbox *s, int timeout_ms, struct warren_result *ret)
{
	struct pollfd pfd = {.fd = s->pidfd, .events = POLLIN};
	int r;

	do
		r = poll(&pfd, 1, timeout_ms);
	while (r < 0 && errno == EINTR && timeout_ms < 0);
	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0)
		return -errno;
	memset(ret, 0, sizeof(*ret));
	r = wait4(s->pid, &ret->status, 0, &ret->rusage) < 0 ? -errno : 0;
	ret->wall_ns = wr_now_ns() - s->start_ns;
	return r;
}

int warren_sandbox_kill(struct warren_sandbox *s, int timeout_ms)
{
	struct warren_engine *e = s->engine;
	uint64_t end = wr_now_ns() + (uint64_t)timeout_ms * 1000000;

	while (!atomic_load(&s->gone)) {
		if (wr_now_ns() > end)
			return -ETIMEDOUT;
		wr_tag_kill(s->tag, UINT64_MAX);
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 2000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_mutex_lock(&e->lock);
		if (!atomic_load(&s->gone))
			pthread_cond_timedwait(&e->changed, &e->lock, &until);
		pthread_mutex_unlock(&e->lock);
	}
	return 0;
}
