/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of sendmsg(2), from the guest's terms to ours: descriptors and credentials. */
#ifndef WARREN_HANDLERS_CONTROL_H
#define WARREN_HANDLERS_CONTROL_H

#include "handlers.h"
#include <sys/socket.h>

#define WR_CONTROL_MAX 8192 /* a guest's messages; SCM_RIGHTS has at most 253 descriptors */
#define WR_RIGHTS_MAX  253  /* SCM_MAX_FD, include/net/scm.h */

struct wr_control {
	_Alignas(struct cmsghdr) char buf[WR_CONTROL_MAX];
	size_t len;
	int fds[WR_RIGHTS_MAX]; /* copies of the guest's descriptors */
	unsigned n_fds;
	struct warren_sandbox *sandbox; /* borrowed: where they are counted */
};

/* Reads and translates. Release in any case. 0 or a negative errno. */
int wr_control_read(struct warren_request *rq, int pidfd, uint64_t addr, uint64_t len,
		    struct wr_control *ret);
void wr_control_release(struct wr_control *c);

#endif
