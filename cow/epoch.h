/* SPDX-License-Identifier: Apache-2.0 */
/* Epoch-based reclamation: readers of shared structures take no lock, and what was unlinked from them is
 * freed when no reader can still see it. One domain for the whole process. */
#ifndef WARREN_COW_EPOCH_H
#define WARREN_COW_EPOCH_H

#include <stdint.h>

struct wr_retired {
	struct wr_retired *next;
	void (*free_fn)(struct wr_retired *);
	uint64_t epoch;
};

/* Between the two, what was reachable stays readable. May be nested; no system call that can block belongs in
 * between, because it holds back all reclamation. -ENOMEM on a thread's first time. */
int wr_epoch_enter(void);
void wr_epoch_exit(void);

/* After unlinking: free_fn(r) is called once no reader of before is left, from this or a later call of any
 * thread. */
void wr_epoch_retire(struct wr_retired *r, void (*free_fn)(struct wr_retired *));
/* Everything retired before has been freed on return, if no reader stays inside. For tests and shutdown. */
void wr_epoch_drain(void);
/* Moves the epoch on if the readers allow it. */
void wr_epoch_push(void);
/* Rises with time; what was unlinked at value e has no readers once it is e + 2 or more. */
uint64_t wr_epoch_now(void);

#endif
