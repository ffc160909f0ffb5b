/* SPDX-License-Identifier: Apache-2.0 */
/* What ADDFD refuses, an O_PATH descriptor, is passed to the task over a socket (SCM_RIGHTS), which the task
 * is made to receive. So it gets the very object, whether it has a name or not. */
#ifndef WARREN_HANDLERS_PASSFD_H
#define WARREN_HANDLERS_PASSFD_H

#include "handlers.h"

/* Verdicts. Both take fd. The descriptor becomes the task's lowest free one; */
struct warren_verdict wr_pass_open(int fd, bool cloexec);
/* ... or its working directory. */
struct warren_verdict wr_pass_chdir(int fd);

#endif
