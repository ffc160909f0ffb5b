/* SPDX-License-Identifier: Apache-2.0 */
/* Engine, workers and sandboxes: how they own each other. Not seen by handlers/. */
#ifndef WARREN_ENGINE_ENGINE_H
#define WARREN_ENGINE_ENGINE_H

#include <liburing.h>
#include <linux/capability.h>
#include "internal.h"
#include "policy.h"
#include "side.h"
#include "substitute.h"
#include "guard.h"
#include "limits.h"
#include "watch.h"
#include <semaphore.h>
#include <signal.h>

#define WR_MAX_SYSCALLS	 192 /* rows; checked when the engine starts */
#define WR_SPARE_WORKERS 32
/* Threads that one sandbox may keep in handlers that do not come to an end: its listener then waits. */
#define WR_STUCK_MAX 4

struct wr_counters { /* of a sandbox; relaxed atomics, a reading while it runs is approximate */
	atomic_uint_least64_t errors, nanoseconds;
	atomic_uint_least64_t verdicts[WARREN_VERDICT_KINDS];
	atomic_uint_least32_t histogram[WARREN_HISTOGRAM_BUCKETS];
	atomic_uint_least32_t per_syscall[WR_MAX_SYSCALLS];
};

/* What a root guest may keep, and the threads that act for it: rights over files. */
#define WR_KEEP_CAPS                                                                                         \
	((1U << CAP_CHOWN) | (1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH) | (1U << CAP_FOWNER) |   \
	 (1U << CAP_FSETID) | (1U << CAP_KILL))

/* State of any thread that serves requests: a worker, or a thread of the side pool. */
struct wr_thread {
	mode_t umask; /* in force for this thread's fs_struct */
	pthread_t pthread;
	bool undisturbed; /* no task work and no signal interrupts what it does for a request: reply.c */
};

/* A thread that takes notifications from listeners: a worker, or a hot thread. What it looked after can be
 * taken from it while it is stuck in a handler, see watch.c. */
enum wr_serving { WR_IDLE, WR_KICKED, WR_SERVING, WR_STOLEN };
struct wr_server {
	struct wr_thread thread;
	struct warren_engine *engine;
	struct wr_scratch *scratch;
	atomic_uint state; /* enum wr_serving; STOLEN is set by the watchdog alone, from SERVING; KICKED, from
			    * IDLE, only while a hot thread is sent its signal */
	atomic_bool kicked;		/* it was sent one since it last began to serve */
	atomic_uint served;		/* notifications so far, modulo 2^32 */
	unsigned seen, still;		/* the watchdog's: served at its last look; looks without a change */
	struct warren_sandbox *serving; /* whose notification; stays what it is while STOLEN */
};

struct wr_worker {
	struct wr_server server;
	struct io_uring ring;
	int wake_fd;   /* eventfd: there is something in incoming, or stop */
	int start;     /* of the thread: 0 or negative errno, behind started */
	sem_t started; /* the thread has its ring */
	struct warren_sandbox *last;
	unsigned streak; /* turns of the ring in which last alone was ready */
	unsigned full;	 /* a measure of turns with several ready listeners */
	bool crowded;
	/* under the engine's lock */
	struct warren_sandbox *owned;	 /* linked by own_next */
	struct warren_sandbox *incoming; /* to be polled; linked by next, each with a reference */
	unsigned load;			 /* length of owned */
};

struct wr_hot { /* a thread that blocks in RECV on one busy listener (hot.c) */
	struct wr_server server;
	pthread_cond_t cond;
	atomic_bool quit;	  /* leave the listener */
	bool started;		  /* under the engine's lock, as the next one */
	struct warren_sandbox *s; /* what it serves, with a reference; NULL: free */
};

struct wr_custom {
	struct wr_custom *next;
	warren_handler_fn fn;
	void *user;
};

struct warren_engine {
	struct wr_worker *workers; /* n_workers, and room for WR_SPARE_WORKERS that replace stuck ones */
	unsigned n_workers;
	unsigned n_started; /* under lock once the first n_workers run */
	struct wr_hot *hot;
	unsigned n_hot;
	int kick_signal;     /* gets a hot thread out of RECV; 0: no hot threads */
	atomic_uint crowded; /* workers with many busy listeners: hot threads would take their CPU */
	atomic_bool stop;
	atomic_uint next_serial;
	atomic_uint next_zygote;
	atomic_uint sealing; /* sandboxes that wait for their workers to let go of them */
	struct wr_watch watch;
	struct warren_sandbox *forgotten; /* their programs are to be collected; linked by forgotten_next */
	/* Which thread looks after which sandbox; taken when that changes, not for notifications. */
	pthread_mutex_t lock;
	pthread_cond_t changed;	      /* a sandbox ended */
	struct warren_sandbox *alive; /* those whose listener is polled; under lock */
	unsigned n_alive;
	struct wr_counters ended; /* the counters of the sandboxes that are gone */
	struct wr_guard guard;
	struct wr_limiter limiter;
	struct wr_tracers *tracers;
	struct wr_side *side;
	atomic_uint sent_fds; /* as the sandboxes', of all */
	unsigned max_sent_fds;
	struct wr_exec_cache *exec_cache; /* rewritten programs, handlers/exec_cache.c */
	FILE *trace;
	bool confine;	  /* the threads that serve: see warren.h */
	atomic_bool used; /* a sandbox was started: handlers are fixed */
	struct wr_custom *before[WR_MAX_SYSCALLS], *after[WR_MAX_SYSCALLS];
	int16_t row_of[512]; /* system call number -> row, -1: none */
};

struct warren_sandbox {
	atomic_uint refs;      /* the user, each poll or hot thread, each running substitution or side job */
	unsigned substituting; /* running substitutions, under the tracers' lock, as the next */
	size_t scratch;	       /* bytes that running and waiting ones hold */
	struct warren_engine *engine;
	struct warren_policy *policy;
	uint64_t tag; /* marks every process of the sandbox (tag.c) */
	uint64_t key; /* of a zygote: what the calls that make sandboxes of its forks carry (zygote.c); else 0
		       */
	pid_t pid;    /* the program */
	int listener;
	atomic_bool umask_changed; /* some task called umask(2): ask /proc */
	atomic_bool lists_served;  /* some task opened a directory whose listing is served */
	struct wr_ptys ptys;
	mode_t umask; /* at start */
	uint64_t start_ns;
	atomic_uint side_jobs; /* calls that wait in the side pool (side.c) */
	atomic_uint sent_fds;  /* copies of the guest's fds in messages on their way (handlers/control.c) */
	struct wr_counters *counters;
	pthread_mutex_t wait_lock; /* over the next four */
	int pidfd;		   /* -1: not asked for */
	bool reaped;
	int status;
	struct rusage rusage;
	uint64_t wall_ns;
	struct wr_limited limited;
	/* The rest is under the engine's lock. Only the owner polls the listener, and only while there is no
	 * hot thread: so a ready listener never lets RECV block the worker. owner changes only while its
	 * worker is stuck, and may be read by that worker without the lock. */
	_Atomic(struct wr_worker *) owner;
	struct warren_sandbox *own_next, **own_link;
	struct warren_sandbox *next; /* owner's incoming list */
	bool queued;		     /* is in it */
	unsigned hot_threads;
	unsigned stuck; /* threads that were STOLEN in a handler for it */
	bool parked;	/* nobody polls it until one of those has come back */
	struct warren_sandbox *alive_next, **alive_link;
	bool gone;   /* listener's HUP: no task is left; or sealed */
	bool sealed; /* nobody serves it any more, on purpose: wr_sandbox_seal() */
	bool forgotten;
	struct warren_sandbox *forgotten_next;
};

/* sandbox.c */
/* One that has no process yet, with the limits of cmd. cgroup: see wr_limits_set(). What goes wrong is said
 * by the policy; name is for that. */
int wr_sandbox_new(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
		   uint64_t tag, struct warren_sandbox **ret, int *ret_cgroup);
/* warren_sandbox_start() with a key (0: none) and tag. */
int wr_sandbox_start(struct warren_engine *e, struct warren_policy *p, const struct warren_command *cmd,
		     uint64_t key, uint64_t tag, struct warren_sandbox **ret);
/* Its listener is there: from now on it is served. */
void wr_sandbox_adopt(struct warren_sandbox *s);
/* The sandbox, of one process that waits, is served no more: its listener is closed and its calls that are
 * served fail with ENOSYS, for good. 0 or -EBUSY. */
int wr_sandbox_seal(struct warren_sandbox *s);
uint64_t wr_sandbox_new_tag(struct warren_engine *e);
/* Collects the program if it has ended: 1 when it is collected, 0 not yet, -ECHILD when somebody else did. */
int wr_sandbox_reap(struct warren_sandbox *s);
/* The owner saw the listener's HUP: no task is left. */
void wr_sandbox_gone(struct warren_sandbox *s);

/* thread.c: called first by every thread that serves requests. 0 or a negative errno. */
int wr_thread_begin(struct wr_thread *t);

/* engine.c: RLIMIT_NOFILE for a guest. */
struct rlimit wr_guest_nofile(void);

/* launch.c: those limits that the kernel enforces by itself, for each process of the guest. */
struct wr_guest_limits {
	struct {
		int resource;
		struct rlimit lim;
	} list[4];
	unsigned n;
};
void wr_guest_limits(const struct warren_sandbox *s, struct wr_guest_limits *ret);

/* launch.c: clone, confine, exec. Fills pid, pidfd, listener; cgroup_fd: to enter by a write, or -1; the
 * listener is handed to adopt() before the exec, since that is served already. */
int wr_launch(struct warren_sandbox *s, const struct warren_command *cmd, int cwd_fd, int cgroup_fd,
	      void (*adopt)(struct warren_sandbox *));

/* worker.c */
int wr_worker_start(struct warren_engine *e, struct wr_worker *w);
void wr_worker_wake(struct wr_worker *w);
/* After stop was set and the worker was woken. */
void wr_worker_join(struct wr_worker *w);
/* With the engine's lock held. Makes w the owner of a sandbox that has none; has the owner poll its listener;
 * forgets one that has ended. */
void wr_worker_own(struct wr_worker *w, struct warren_sandbox *s);
void wr_worker_poll(struct warren_sandbox *s); /* takes over a reference of the caller */
void wr_worker_disown(struct warren_sandbox *s);
/* With the engine's lock held. Has s so many threads stuck that no more shall serve it? Then it is parked. */
bool wr_worker_park(struct warren_sandbox *s);
/* A thread that was stuck for s comes back. */
void wr_worker_unstuck(struct warren_sandbox *s);
/* The watchdog: w has been in one handler for long; whatever it looked after gets another owner. */
void wr_worker_take_over(struct wr_worker *w);

/* hot.c */
int wr_hot_init(struct warren_engine *e);
void wr_hot_stop(struct warren_engine *e);
/* A worker asks that a hot thread serves s from now on. On success the caller's reference goes along. */
bool wr_hot_take(struct warren_sandbox *s);
/* Too many sandboxes are busy: all hot threads give their listeners back. */
void wr_hot_dissolve(struct warren_engine *e);
/* With the engine's lock held: hot threads give s back, soon. */
void wr_hot_leave(const struct warren_sandbox *s);
/* The watchdog's look at a hot thread; true while it has a listener. */
bool wr_hot_look(struct wr_hot *h);

/* dispatch.c: finds the row, runs the handlers, hands the verdict to the reply step. */
void wr_dispatch(struct wr_thread *t, struct wr_scratch *scratch, struct warren_sandbox *s,
		 const struct seccomp_notif *n);
/* The same on behalf of a server. False: it was stuck, and what it served is somebody else's by now. */
bool wr_serve(struct wr_server *v, struct warren_sandbox *s, const struct seccomp_notif *n);
/* Set by the signal that gets a thread out of RECV: a handler's EINTR may be due to it. */
extern _Thread_local volatile sig_atomic_t wr_kicked;
/* Scratch memory, and an fs_struct of its own for the calling thread (for the guest's umask). */
int wr_server_init(struct wr_server *v);

/* reply.c: the only one that writes to a listener (and substitute.c, for its own). */
void wr_reply(struct warren_request *rq, struct warren_verdict *v);

/* tag.c */
/* SIGKILLs every process whose tag has these bits under mask; their number, or a negative errno. */
int wr_tag_kill(uint64_t tag, uint64_t mask);
/* SIGKILLs process pid and its descendants as far as their parents are alive, if they have this tag, and
 * waits for the end of those it killed, up to timeout_ms. */
void wr_tag_kill_tree(uint64_t tag, pid_t pid, int timeout_ms);
/* Calls fn for every process whose tag has these bits under mask, zombies included. */
int wr_tag_each(uint64_t tag, uint64_t mask, void (*fn)(void *user, pid_t pid, uint64_t tag), void *user);
int wr_tag_count(uint64_t tag); /* the processes with this tag, zombies included */
/* High bits: the supervisor; the low 32: which of its sandboxes. Below RLIM_INFINITY, above any real limit.
 */
#define WR_TAG_SUPERVISOR (~0ULL << 32)
uint64_t wr_tag_base(void);

uint64_t wr_now_ns(void);
void wr_count(struct wr_counters *c, unsigned row, const struct warren_verdict *v, uint64_t ns);
void wr_count_ended(struct wr_counters *to, const struct wr_counters *c); /* adds c up to to */

#endif
