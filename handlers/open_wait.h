/* SPDX-License-Identifier: Apache-2.0 */
/* Opens that wait, for a FIFO's other end or the end of a lease: the worker opens with O_NONBLOCK only, what
 * would block is left to the side pool. */
#ifndef WARREN_HANDLERS_OPEN_WAIT_H
#define WARREN_HANDLERS_OPEN_WAIT_H

#include "handlers.h"

/* Takes off the O_NONBLOCK that fd was opened with in addition to flags. */
int wr_open_blocking(int fd, uint64_t flags);

/* Installs the open FIFO in the guest, and leaves no copy behind that its peers could notice. */
struct warren_verdict wr_open_inject_fifo(int fd, uint64_t flags);

/* Opens the object of fd with flags, waiting as long as that takes. fd (owned) is an O_PATH descriptor; or,
 * to read a FIFO, already open for reading with O_NONBLOCK, so that writers see a reader as they do while a
 * native open(2) waits. */
struct warren_verdict wr_open_wait(struct warren_request *rq, int fd, uint64_t flags);

/* The same for a file under a lease whose contents warren must see. fd: O_PATH, owned. When the lease is gone
 * the guest makes its call again. */
struct warren_verdict wr_restart_when_open(struct warren_request *rq, int fd);

/* truncate(2) of a regular file. fd: O_PATH, owned. */
struct warren_verdict wr_truncate(struct warren_request *rq, int fd, int64_t length);

#endif
