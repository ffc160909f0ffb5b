/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer threads. One thread does all steps of one substitution, since ptrace(2) is per thread. */
#define _GNU_SOURCE
#include "engine.h"
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#define SHARDS	    64
#define IDLE_SECS   5
#define PER_SANDBOX 16		   /* running at once; the rest of the sandbox waits its turn */
#define HARD_MAX    1024	   /* threads, with those of sandboxes whose tasks are stuck */
#define TRACED_MAX  30000000000ULL /* ns */
#define SCRATCH_MAX                                                                                          \
	(64UL << 20) /* bytes for the tasks' memory, of one sandbox; argv of a script is up to 6 MiB */

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
	struct wr_traced *traced;
	uint64_t slots[HARD_MAX / 64]; /* in use */
	atomic_uint n_expected;
	struct {
		pthread_mutex_t lock;
		struct wr_expected *first;
	} shard[SHARDS];
};

/* ---- which notification is ours ---- */

void wr_expect(struct wr_tracers *t, struct wr_expected *x)
{
	unsigned i = (unsigned)x->tid % SHARDS;

	pthread_mutex_lock(&t->shard[i].lock);
	x->next = t->shard[i].first;
	t->shard[i].first = x;
	atomic_fetch_add(&t->n_expected, 1);
	pthread_mutex_unlock(&t->shard[i].lock);
}

void wr_expect_end(struct wr_tracers *t, struct wr_expected *x)
{
	unsigned i = (unsigned)x->tid % SHARDS;

	pthread_mutex_lock(&t->shard[i].lock);
	for (struct wr_expected **at = &t->shard[i].first; *at; at = &(*at)->next) {
		if (*at == x) {
			*at = x->next;
			atomic_fetch_sub(&t->n_expected, 1);
			break;
		}
	}
	pthread_mutex_unlock(&t->shard[i].lock);
}

/* The fd goes in only now: whatever cuts a substitution short before leaves nothing behind in the task. */
static int give_fd(struct wr_expected *x, int listener, uint64_t id)
{
	struct warren_substitution *s = x->s;
	char path[PATH_MAX];
	struct seccomp_notif_addfd add = {.id = id, .srcfd = (uint32_t)s->fd, .newfd_flags = O_CLOEXEC};

	int fd = wr_notif_addfd(listener, &add);
	if (fd < 0 && fd != -EMFILE)
		return fd;
	x->guest_fd = fd < 0 ? -1 : fd;
	int r = s->path_of(s, x->guest_fd, path, s->path_room < sizeof(path) ? s->path_room : sizeof(path));
	if (r < 0)
		return r;
	struct iovec l = {path, strlen(path) + 1}, rem = {(void *)(uintptr_t)x->path_addr, l.iov_len};
	return process_vm_writev(x->tid, &l, 1, &rem, 1, 0) == (ssize_t)l.iov_len ? 0 : -EFAULT;
}

int wr_tracers_enter(struct wr_tracers *t, int listener, uint64_t id, pid_t tid, long nr,
		     const uint64_t args[6])
{
	unsigned i = (unsigned)tid % SHARDS;
	int r = 0;

	if (!atomic_load_explicit(&t->n_expected, memory_order_acquire))
		return 0;
	/* The lock is held to the end: the tracer, which owns x, may see the task die meanwhile. */
	pthread_mutex_lock(&t->shard[i].lock);
	for (struct wr_expected *x = t->shard[i].first; x; x = x->next) {
		if (x->tid != tid || x->entered || x->nr != nr || memcmp(x->args, args, sizeof(x->args)))
			continue;
		x->entered = true;
		r = x->s->fd >= 0 ? give_fd(x, listener, id) : 0;
		r = r < 0 ? r : 1;
		break;
	}
	pthread_mutex_unlock(&t->shard[i].lock);
	return r;
}

/* ---- tasks that keep their tracers ---- */

void wr_traced_begin(struct wr_tracers *t, struct wr_traced *w, pid_t tid)
{
	atomic_init(&w->tid, tid);
	w->since = wr_now_ns();
	pthread_mutex_lock(&t->lock);
	w->next = t->traced;
	w->link = &t->traced;
	if (w->next)
		w->next->link = &w->next;
	t->traced = w;
	pthread_mutex_unlock(&t->lock);
}

void wr_traced_end(struct wr_tracers *t, struct wr_traced *w)
{
	pthread_mutex_lock(&t->lock);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	pthread_mutex_unlock(&t->lock);
}

bool wr_tracers_look(struct wr_tracers *t)
{
	pthread_mutex_lock(&t->lock);
	uint64_t now = wr_now_ns(); /* not earlier: whoever is in the list came before */
	bool any = t->traced != NULL;
	/* the tracer has not collected it yet, so that the number is still its own */
	for (struct wr_traced *w = t->traced; w; w = w->next)
		if (now - w->since > TRACED_MAX)
			kill(atomic_load(&w->tid), SIGKILL);
	pthread_mutex_unlock(&t->lock);
	return any;
}

/* ---- the pool ---- */

static void refuse(struct warren_substitution *s)
{
	struct seccomp_notif_resp resp = {.id = s->id, .error = -ENOMEM};

	(void)wr_notif_send(s->listener, &resp);
	wr_subst_free(s);
}

/* The first whose sandbox may have one more running. */
static struct job *take(struct wr_tracers *t)
{
	for (struct job **at = &t->first; *at; at = &(*at)->next) {
		struct job *j = *at;
		if (j->s->sandbox->substituting >= PER_SANDBOX)
			continue;
		*at = j->next;
		if (!j->next)
			t->last = at;
		j->s->sandbox->substituting++;
		return j;
	}
	return NULL;
}

static unsigned take_slot(struct wr_tracers *t)
{
	for (unsigned i = 0;; i++) { /* there are as many as threads at most */
		if (t->slots[i] == UINT64_MAX)
			continue;
		unsigned bit = (unsigned)__builtin_ctzll(~t->slots[i]);
		t->slots[i] |= 1ULL << bit;
		return i * 64 + bit;
	}
}

static void serve(struct wr_tracers *t, struct job *j, unsigned slot)
{
	struct warren_sandbox *sandbox = wr_sandbox_ref(j->s->sandbox);

	size_t scratch = j->s->scratch_len;
	pthread_mutex_unlock(&t->lock);
	wr_substitute(t, j->s, slot);
	wr_subst_free(j->s);
	free(j);
	pthread_mutex_lock(&t->lock);
	sandbox->substituting--;
	sandbox->scratch -= scratch;
	pthread_mutex_unlock(&t->lock);
	wr_sandbox_unref(sandbox);
	pthread_mutex_lock(&t->lock);
}

static void *run(void *arg)
{
	struct wr_tracers *t = arg;
	struct timespec until;
	struct job *j;

	pthread_mutex_lock(&t->lock);
	unsigned slot = take_slot(t);
	for (;;) {
		int r = 0;
		while (!(j = take(t)) && !t->stop && r == 0) {
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_sec += IDLE_SECS;
			t->idle++;
			r = pthread_cond_timedwait(&t->work, &t->lock, &until);
			t->idle--;
		}
		if (!j)
			break;
		serve(t, j, slot);
	}
	t->slots[slot / 64] &= ~(1ULL << slot % 64);
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
	for (unsigned i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&t->shard[i].lock);
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

/* Idle threads that were signalled already count as idle until they run: one thread too many is spawned
 * rather than one too few. */
static bool ensure_thread(struct wr_tracers *t, const struct warren_sandbox *s)
{
	unsigned queued = 0;

	for (struct job *j = t->first; j && queued <= t->idle; j = j->next)
		queued++;
	if (queued <= t->idle)
		return true;
	if (t->threads >= HARD_MAX || (t->threads >= t->max && s->substituting))
		return t->threads > 0;
	t->threads++;
	if (spawn(t))
		return true;
	return --t->threads > 0;
}

void wr_tracers_submit(struct wr_tracers *t, struct warren_substitution *s)
{
	struct job *j = malloc(sizeof(*j));
	bool ok = j != NULL;

	pthread_mutex_lock(&t->lock);
	ok = ok && s->scratch_len <= SCRATCH_MAX - s->sandbox->scratch;
	if (ok) {
		struct job **end = t->last;
		*j = (struct job){NULL, s};
		*end = j;
		t->last = &j->next;
		ok = ensure_thread(t, s->sandbox);
		if (ok) {
			s->sandbox->scratch += s->scratch_len;
			pthread_cond_signal(&t->work);
		} else { /* nobody is there to take anything: it is still the last */
			*end = NULL;
			t->last = end;
		}
	}
	pthread_mutex_unlock(&t->lock);
	if (!ok) {
		refuse(s);
		free(j);
	}
}
