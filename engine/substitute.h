/* SPDX-License-Identifier: Apache-2.0 */
/* Substitution: run another system call in the notified task in place of the one it made (exec, chdir, ...).
 * The mechanism is described in docs/design.md; the tracer threads live in substitute.c. */
#ifndef WARREN_ENGINE_SUBSTITUTE_H
#define WARREN_ENGINE_SUBSTITUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wr_tracers;
struct warren_sandbox;

#define WR_SUBST_FDS 2

/* Built by a handler with wr_subst_new(), owned by the verdict, then by the tracer. */
struct warren_substitution {
	/* filled by the reply step */
	int listener; /* borrowed from the sandbox */
	uint64_t id;
	pid_t tid;
	struct warren_sandbox *sandbox; /* a reference */

	/* the call to run */
	long nr;
	uint64_t args[6];

	/* fds installed in the guest first (owned); the number goes to args[arg] if arg >= 0 */
	struct {
		int fd;
		bool cloexec;
		int arg;
	} inject[WR_SUBST_FDS];
	unsigned n_inject;

	/* bytes to put on the task's stack, below the red zone: args[i] with bit i of scratch_args set is an
	 * offset into them, and each 8-byte word at an offset in relocs[] holds such an offset too */
	void *scratch; /* owned, malloc */
	size_t scratch_len;
	uint32_t scratch_args;
	uint32_t *relocs; /* owned, malloc */
	size_t n_relocs;

	/* exec only */
	bool exec;
	dev_t exe_dev; /* the file that must be running in the exec stop, else the task is killed */
	ino_t exe_ino;
	char *execfn; /* owned: AT_EXECFN as the guest shall see it */
	char *comm;   /* owned or NULL */

	/* other calls: after success, in the exit stop; < 0: what was reached is not what was authorised, the
	 * task is killed. May be NULL. */
	int (*check)(struct warren_substitution *s, pid_t tid, int64_t result);
	void *check_data; /* owned, malloc */
};

struct warren_substitution *wr_subst_new(void);	   /* NULL: no memory */
void wr_subst_free(struct warren_substitution *s); /* closes and frees all it owns; NULL is allowed */

/* A pool of tracer threads that grows on demand up to max and shrinks when idle. */
int wr_tracers_new(unsigned max, struct wr_tracers **ret);
/* Ends the threads after the running substitutions; no submit may follow. */
void wr_tracers_free(struct wr_tracers *t);
/* Takes ownership of s and answers its notification in the end, whatever happens. */
void wr_tracers_submit(struct wr_tracers *t, struct warren_substitution *s);
/* Is this notification the substituted call of a running substitution (same thread, number, registers)? Then
 * it is to be continued: the tracer set the registers and verifies the outcome. Costs one atomic load when no
 * substitution runs. */
bool wr_tracers_expect(struct wr_tracers *t, pid_t tid, long nr, const uint64_t args[6]);

#endif
