/* SPDX-License-Identifier: Apache-2.0 */
/* Work that may block: a handler hands it to a thread of the side pool and returns WARREN_DEFERRED, so that
 * no worker waits. The thread answers the notification when the work is done.
 *
 * A blocking call is ended early when the guest's task was killed, or when a signal of the guest's waits for
 * it: with WAIT_KILLABLE_RECV the kernel wakes a notified task for fatal signals only, so all others must be
 * looked for here. The call is then answered with -ERESTARTSYS, and the kernel runs the guest's handler and
 * restarts the call or makes it fail with EINTR, by SA_RESTART, as it does natively. */
#ifndef WARREN_ENGINE_SIDE_H
#define WARREN_ENGINE_SIDE_H

#include "internal.h"

struct wr_side;

/* Runs on a side thread with a copy of the request (the scratch buffers are the thread's own, empty). After a
 * call that failed with EINTR it must ask wr_side_interrupted(). */
typedef struct warren_verdict (*wr_side_fn)(struct warren_request *rq, void *data);

/* WARREN_DEFERRED; or, when the sandbox or the engine has too many calls waiting, -ENOMEM for this guest.
 * data is owned by the job in any case and released by free_data (after the answer). */
struct warren_verdict wr_side_run(struct warren_request *rq, wr_side_fn fn, void *data,
				  void (*free_data)(void *));

/* On a side thread, why a blocking call failed with EINTR: 0, for no reason that matters, go on;
 * -WR_ERESTARTSYS, a signal waits for the guest: return that, or a partial result; -ENOENT, nobody waits for
 * an answer any more. */
int wr_side_interrupted(const struct warren_request *rq);

/* On a side thread: events (poll(2)) on fd end a blocking call with EINTR, too, though not at once; hints for
 * rare races. fd -1: no longer. */
void wr_side_watch(struct warren_request *rq, int fd, short events);

int wr_side_new(struct warren_engine *e, struct wr_side **ret);
/* Ends what still blocks and waits for the threads. */
void wr_side_free(struct wr_side *s);

#endif
