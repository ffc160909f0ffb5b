/* SPDX-License-Identifier: Apache-2.0 */
/* inotify_add_watch: on the guest's own inotify instance, for the object that its path led to. */
#define _GNU_SOURCE
#include "handlers.h"
#include "resolve.h"
#include <sys/inotify.h>

struct warren_verdict wr_handle_inotify_add_watch(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	uint32_t mask = (uint32_t)rq->args[2];
	char link[32], *path = rq->scratch->path[0];

	(void)user;
	/* The mask and the instance are what the kernel looks at first: with a path that names nothing it
	 * complains about those only. */
	_cleanup_close_ int in = wr_guest_fd(rq, -1, rq->args[0]);
	if (in < 0 && in != -EBADF)
		return warren_return(in);
	if (inotify_add_watch(in, "", mask) < 0 && errno != ENOENT)
		return warren_return(-errno);
	int r = wr_guest_path(rq, 1, path);
	if (r == 0)
		r = wr_resolve(rq, AT_FDCWD, path, mask & IN_DONT_FOLLOW ? 0 : WR_FOLLOW, NULL, WR_MAY_READ,
			       0, &t);
	if (r < 0)
		return warren_return(r);
	/* The magic link leads to a symlink's O_PATH fd itself. */
	r = inotify_add_watch(in, wr_fd_path(t.fd, link), mask & ~(uint32_t)IN_DONT_FOLLOW);
	return warren_return(r < 0 ? -errno : r);
}
