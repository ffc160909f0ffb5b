/* SPDX-License-Identifier: Apache-2.0 */
/* Substitution: run another system call in the notified task in place of the one it made (exec, chdir, ...).
 * The mechanism is described in docs/design.md; the steps are in substitute.c, the threads that take them and
 * the calls that they wait for in tracers.c, what happens to a new program in exec_stop.c. */
#ifndef WARREN_ENGINE_SUBSTITUTE_H
#define WARREN_ENGINE_SUBSTITUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wr_tracers;
struct warren_sandbox;
struct trace;

/* Built by a handler with wr_subst_new(), owned by the verdict, then by the tracer. */
struct warren_substitution {
	/* filled by the reply step */
	int listener; /* borrowed from the sandbox */
	uint64_t id;
	pid_t tid;
	struct warren_sandbox *sandbox; /* a reference */

	/* On the tracer thread, before the task is touched: work that may take long. A negative errno is what
	 * the task gets. May be NULL. */
	int (*prepare)(struct warren_substitution *s);
	void *data; /* owned: given to free_data */
	void (*free_data)(void *data);

	bool restart_only; /* no other call: the kernel interrupts and restarts this one as it does for
			    * signals, which it would not when a notification is answered without a tracer */

	/* the call to run */
	long nr;
	uint64_t args[6];

	/* An fd (owned, -1: none) that the task gets, close-on-exec, when it has entered the call, which is
	 * then told of it by path_of: what path in the first path_room bytes of scratch leads to guest_fd;
	 * -1: the task has no room for another fd. */
	int fd;
	size_t path_room;
	int (*path_of)(struct warren_substitution *s, int guest_fd, char *buf, size_t size);

	/* bytes to put into the task's memory: args[i] with bit i of scratch_args set is an offset into them,
	 * and each 8-byte word at an offset in relocs[] holds such an offset too */
	void *scratch; /* owned, malloc */
	size_t scratch_len;
	uint32_t scratch_args;
	uint32_t *relocs; /* owned, malloc */
	size_t n_relocs;

	/* Instead of the one call: several, each by wr_subst_call(). scratch is at `at` in the task; what
	 * this returns is the result that the task sees. May be NULL. */
	int64_t (*steps)(struct warren_substitution *s, struct trace *tr, uint64_t at);
	int installed; /* -1, or the number of wr_subst_install(): steps() disposes of it */

	/* exec only */
	bool exec;
	dev_t exe_dev; /* the file that must be running in the exec stop, else the task is killed */
	ino_t exe_ino;
	char *execfn;  /* owned: AT_EXECFN as the guest shall see it */
	char *program; /* owned or NULL: should ENOENT come because this host path is gone, the call is tried
			* anew */

	/* other calls: after success, in the exit stop; < 0: what was reached is not what was authorised, the
	 * task is killed. May be NULL. */
	int (*check)(struct warren_substitution *s, pid_t tid, int64_t result);
};

struct warren_substitution *wr_subst_new(void);	   /* NULL: no memory */
void wr_subst_free(struct warren_substitution *s); /* closes and frees all it owns; NULL is allowed */

/* In prepare(): installs a copy of fd in the task, close-on-exec. Its number there, or a negative errno. */
int wr_subst_install(struct warren_substitution *s, int fd);
/* In steps(): one call in the task, which must not block and must not be trapped. Its result, or a negative
 * errno; -ESRCH: the task is gone. */
int64_t wr_subst_call(struct trace *tr, long nr, const uint64_t args[6]);

/* In steps(): puts the scratch at `at` into the task's memory once more. */
int wr_subst_rewrite(struct trace *tr, uint64_t at);

/* A pool of tracer threads that grows on demand up to max and shrinks when idle. Beyond max, every sandbox
 * that has no substitution running gets one more thread: tasks that are stuck in the kernel hold up their own
 * sandbox only. */
int wr_tracers_new(unsigned max, struct wr_tracers **ret);
/* Ends the threads after the running substitutions; no submit may follow. */
void wr_tracers_free(struct wr_tracers *t);
/* Takes ownership of s and answers its notification in the end, whatever happens. */
void wr_tracers_submit(struct wr_tracers *t, struct warren_substitution *s);
/* Is this notification the substituted call of a running substitution (same thread, number, registers)? 0:
 * no. 1: it is to be continued: the tracer set the registers and verifies the outcome. Negative: it is to
 * fail with this errno. Costs one atomic load when no substitution runs.
 *
 * A match cannot be forged into something that was not authorised: only the traced thread makes calls under
 * its tid, the kernel has copied number and registers already, and they are the very call that the tracer
 * wants; what it reaches is compared before the thread runs on. */
int wr_tracers_enter(struct wr_tracers *t, int listener, uint64_t id, pid_t tid, long nr,
		     const uint64_t args[6]);

/* ---- between substitute.c, tracers.c and exec_stop.c ---- */

struct wr_expected {
	struct wr_expected *next;
	struct warren_substitution *s;
	pid_t tid;
	long nr;
	uint64_t args[6];
	uint64_t path_addr;  /* of s->path_room bytes in the task */
	atomic_bool entered; /* the notification came, as the worker saw it */
	int guest_fd;	     /* -1: none was installed */
};
void wr_expect(struct wr_tracers *t, struct wr_expected *x);
/* Nobody uses x afterwards. */
void wr_expect_end(struct wr_tracers *t, struct wr_expected *x);

/* A task that its tracer has hold of. It may keep it: by another instruction in the place of the one that
 * enters the kernel, or with a descriptor whose close waits. So it has to be done within half a minute. */
struct wr_traced {
	struct wr_traced *next, **link;
	atomic_int tid;
	uint64_t since;
};
void wr_traced_begin(struct wr_tracers *t, struct wr_traced *w, pid_t tid);
void wr_traced_end(struct wr_tracers *t, struct wr_traced *w);
/* The watchdog's look: kills tasks that keep their tracers. Are there any? */
bool wr_tracers_look(struct wr_tracers *t);

/* All steps of one substitution. slot: a number that no other running substitution has. */
void wr_substitute(struct wr_tracers *t, struct warren_substitution *s, unsigned slot);

/* In the exec stop: is the right program running? Then make it look right: 0. */
int wr_exec_stop(const struct warren_substitution *s, pid_t tid);

#endif
