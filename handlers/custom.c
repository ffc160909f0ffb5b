/* SPDX-License-Identifier: Apache-2.0 */
/* What custom handlers are offered of the walk: the one name that an object has. */
#define _GNU_SOURCE
#include "handlers.h"
#include "resolve.h"
#include <string.h>

#define SCRATCH 2 /* path buffers that no built-in handler walks with */

int warren_request_resolve(struct warren_request *rq, unsigned path_arg, int nofollow, char *buf, size_t size)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	const char *path = warren_request_path_arg(rq, path_arg);
	int dirfd = AT_FDCWD;

	if (!path)
		return path_arg < 6 && rq->row->args[path_arg].role == WR_ROLE_PATH ? -EFAULT : -EINVAL;
	if (path_arg > 0 && rq->row->args[path_arg - 1].role == WR_ROLE_DIRFD)
		dirfd = (int)rq->args[path_arg - 1];
	int r = wr_resolve(rq, dirfd, path, nofollow ? 0 : WR_FOLLOW, NULL, 0, SCRATCH, &t);
	if (r < 0)
		return r;
	const char *name = t.gpath[0] ? t.gpath : "/";
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, name);
	return 0;
}
