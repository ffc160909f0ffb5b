/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/pts as a sandbox sees it: the terminals that it made itself, and those it was started on. */
#ifndef WARREN_HANDLERS_PTS_H
#define WARREN_HANDLERS_PTS_H

#include "../engine/policy.h"

/* Opens a name in /dev/pts, the mount m. An fd, or a negative errno; -ENOENT for every other's terminal. rq
 * may be NULL: then nothing is there. */
int wr_pts_open(struct warren_request *rq, const struct wr_mount *m, const char *name,
		const struct open_how *how);
/* Whether the name is shown in a listing. */
bool wr_pts_shows(struct warren_request *rq, const char *name);

#endif
