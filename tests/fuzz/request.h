/* SPDX-License-Identifier: Apache-2.0 */
/* A request of a guest that waits for its answer for ever: a thread of this process, which has the process's
 * memory and descriptors. So a handler can be called, and reads and writes what the target laid out. No
 * verdict is ever sent. */
#ifndef WARREN_TESTS_FUZZ_REQUEST_H
#define WARREN_TESTS_FUZZ_REQUEST_H

#include "../../engine/internal.h"

/* A root with files, links of all kinds and a mount; the working directory is its directory "w". The first
 * call makes it. */
struct warren_policy *fuzz_policy(void);
/* The policy is that one. Valid until the next call. */
struct warren_request *fuzz_request(void);

#endif
