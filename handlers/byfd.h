/* SPDX-License-Identifier: Apache-2.0 */
/* Changes by an fd: a guest may hold a real fd, open for reading, of a file that its user owns and its policy
 * says is read-only. The kernel would let it change mode, owner, times and more. */
#ifndef WARREN_HANDLERS_BYFD_H
#define WARREN_HANDLERS_BYFD_H

#include "resolve.h"

/* The object behind the guest's fd, if it may be changed: t->fd, an O_PATH fd, is what was decided on and
 * what is to be worked on, whatever the guest's other threads do with the number. t->gpath is not set.
 * o_path: O_PATH fds and AT_FDCWD, the working directory, will do (the *at calls with AT_EMPTY_PATH). 0;
 * -EBADF; -EROFS and -EACCES as for paths. */
int wr_reach_fd(struct warren_request *rq, int fd, bool o_path, struct wr_target *t);

/* The same for an object that a link in /proc led to, of which t->fd is known alone: in a layer it is the
 * copy afterwards. why: as for wr_layer_copy_up(). */
int wr_linked_to_layer(struct warren_request *rq, int why, struct wr_target *t);

/* Is the guest's fd one that was opened by O_PATH, or none at all? */
bool wr_is_o_path(struct warren_request *rq, int fd);

/* A root guest owns the host's device nodes and its /proc, where what it changes is changed for everybody.
 * Mode and owner of both, and times of what is in /proc: -EPERM, else 0. */
int wr_check_attributes(struct warren_request *rq, const struct wr_target *t);
int wr_check_times(struct warren_request *rq, const struct wr_target *t);
bool wr_is_device_of_host(const struct wr_target *t);

#endif
