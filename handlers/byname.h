/* SPDX-License-Identifier: Apache-2.0 */
/* Opens that must happen in the task itself: run there with the object's host path, and checked afterwards to
 * have reached that very object. */
#ifndef WARREN_HANDLERS_BYNAME_H
#define WARREN_HANDLERS_BYNAME_H

#include "handlers.h"

/* A verdict that runs call nr, which returns an fd, with args, args[path_arg] replaced by the host path of fd
 * (O_PATH). */
struct warren_verdict wr_by_name(struct warren_request *rq, int fd, long nr, const uint64_t args[6],
				 unsigned path_arg);

#endif
