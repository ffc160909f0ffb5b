/* SPDX-License-Identifier: Apache-2.0 */
/* /proc as a sandbox sees it: only its own processes, no host paths. */
#ifndef WARREN_HANDLERS_PROC_H
#define WARREN_HANDLERS_PROC_H

#include "../engine/policy.h"

enum wr_proc_kind {
	WR_PROC_FILE,  /* real: openat2 it below the host's /proc at rel */
	WR_PROC_LINK,  /* a symlink whose text for the guest is in link */
	WR_PROC_MAGIC, /* a link to an object without a name in the sandbox (pipe, socket, memfd ...): open
			  rel itself */
};

struct wr_proc {
	enum wr_proc_kind kind;
	char rel[128];	 /* below the host's /proc */
	size_t consumed; /* WR_PROC_LINK, MAGIC: how many bytes of the path name the link */
	char link[PATH_MAX];
};

/* Looks at a canonical path below /proc (without the leading "/proc/"). 0, or a negative errno (-ENOENT for
 * everything that is not shown). rq may be NULL: then nothing is shown. */
int wr_proc_lookup(struct warren_request *rq, const char *path, struct wr_proc *ret);

/* The guest's name for a host path as the kernel prints it in /proc: a mount's, or of a rewritten program. 0,
 * or -ENOENT. */
int wr_guest_visible_path(struct warren_request *rq, const char *host, char *buf, size_t size);
/* exec.c: the guest path of a rewritten program's copy. */
int wr_exec_guest_path(struct warren_sandbox *s, const char *host, char *buf, size_t size);

#endif
