/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WARREN_HANDLERS_OPEN_H
#define WARREN_HANDLERS_OPEN_H

#include "handlers.h"

/* The struct open_how of size bytes at addr in the guest, checked as openat2(2) does before it looks at the
 * path: 0, -EFAULT, -E2BIG, -EINVAL or, for RESOLVE_CACHED, -EAGAIN. *ret is undefined then. */
int wr_open_how(struct warren_request *rq, uint64_t addr, uint64_t size, struct open_how *ret);

#endif
