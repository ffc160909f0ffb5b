/* SPDX-License-Identifier: Apache-2.0 */
/* Engine, workers and sandboxes: how they own each other. Not seen by handlers/. */
#ifndef WARREN_ENGINE_ENGINE_H
#define WARREN_ENGINE_ENGINE_H

#include <liburing.h>
#include "internal.h"
#include "policy.h"
#include "substitute.h"
#include "guard.h"

#define WR_MAX_SYSCALLS 192 /* rows; checked when the engine starts */

struct wr_counters { /* written by one thread at a time or with relaxed atomics, read approximately */
	atomic_uint_least64_t notifications, errors, nanoseconds;
	atomic_uint_least64_t verdicts[WARREN_VERDICT_KINDS];
	atomic_uint_least32_t histogram[WARREN_HISTOGRAM_BUCKETS];
	atomic_uint_least32_t per_syscall[WR_MAX_SYSCALLS];
};

/* State of any thread that serves requests: a worker, or a thread of the side pool. */
struct wr_thread {
	mode_t umask; /* in force for this thread's fs_struct */
	pthread_t pthread;
};

struct wr_worker {
	struct wr_thread thread;
	struct warren_engine *engine;
	unsigned index;
	struct io_uring ring;
	int wake_fd; /* eventfd: there is something in incoming, or stop */
	pthread_mutex_t lock;
	struct warren_sandbox *incoming; /* linked by next */
	atomic_uint load;		 /* sandboxes owned */
	struct wr_scratch *scratch;
	struct wr_counters *counters;
};

struct wr_custom {
	struct wr_custom *next;
	warren_handler_fn fn;
	void *user;
};

struct warren_engine {
	struct wr_worker *workers;
	unsigned n_workers;
	atomic_bool stop;
	atomic_uint next_serial;
	atomic_uint alive; /* sandboxes whose listener is polled */
	pthread_mutex_t lock;
	pthread_cond_t changed;	    /* a sandbox ended */
	struct warren_sandbox *all; /* under lock */
	struct wr_guard guard;
	struct wr_tracers *tracers;
	struct wr_exec_cache *exec_cache; /* rewritten programs, handlers/exec_cache.c */
	FILE *trace;
	bool used; /* a sandbox was started: handlers are fixed */
	struct wr_custom *before[WR_MAX_SYSCALLS], *after[WR_MAX_SYSCALLS];
	int16_t row_of[512]; /* system call number -> row, -1: none */
};

struct warren_sandbox {
	atomic_uint refs; /* the user, the worker that polls, each running substitution or side job */
	struct warren_engine *engine;
	struct warren_policy *policy;
	struct warren_sandbox *next;		     /* worker's incoming list */
	struct warren_sandbox *all_next, **all_link; /* engine's list */
	uint64_t tag;				     /* marks every process of the sandbox (tag.c) */
	pid_t pid;				     /* the program */
	int pidfd;
	int listener;
	atomic_bool gone;	   /* listener's HUP: no task is left */
	atomic_bool umask_changed; /* some task called umask(2): ask /proc */
	mode_t umask;		   /* at start */
	uint64_t start_ns;
	struct wr_counters *counters;
};

/* sandbox.c */
struct warren_sandbox *wr_sandbox_ref(struct warren_sandbox *s);
void wr_sandbox_gone(struct warren_sandbox *s);

/* launch.c: clone, confine, exec. Fills pid, pidfd, listener; the listener is handed to adopt() before the
 * exec, since that is served already. */
int wr_launch(struct warren_sandbox *s, const struct warren_command *cmd, int cwd_fd,
	      void (*adopt)(struct warren_sandbox *));

/* worker.c */
int wr_worker_start(struct wr_worker *w);
void wr_worker_stop(struct wr_worker *w);
void wr_worker_adopt(struct wr_worker *w, struct warren_sandbox *s);

/* dispatch.c: finds the row, runs the handlers, hands the verdict to the reply step. */
void wr_dispatch(struct wr_thread *t, struct wr_scratch *scratch, struct wr_counters *counters,
		 struct warren_sandbox *s, const struct seccomp_notif *n);

/* reply.c: the only one that writes to a listener (and substitute.c, for its own). */
void wr_reply(struct warren_request *rq, struct warren_verdict *v);

/* tag.c */
/* SIGKILLs every process whose tag has these bits under mask; their number, or a negative errno. */
int wr_tag_kill(uint64_t tag, uint64_t mask);
/* High bits: the supervisor; the low 32: which of its sandboxes. Below RLIM_INFINITY, above any real limit.
 */
#define WR_TAG_SUPERVISOR (~0ULL << 32)
uint64_t wr_tag_base(void);

uint64_t wr_now_ns(void);
void wr_count(struct wr_counters *c, unsigned row, const struct warren_verdict *v, uint64_t ns);

#endif
