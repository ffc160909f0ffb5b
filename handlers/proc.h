/* SPDX-License-Identifier: Apache-2.0 */
/* /proc as a sandbox sees it: only its own processes, no host paths. */
#ifndef WARREN_HANDLERS_PROC_H
#define WARREN_HANDLERS_PROC_H

#include "../engine/policy.h"
#include <stdio.h>

enum wr_proc_kind {
	WR_PROC_FILE,	/* real: openat2 it below the host's /proc at rel */
	WR_PROC_TEXT,	/* real, but what is read of it comes from wr_proc_text() */
	WR_PROC_LINK,	/* a symlink whose text for the guest is in link */
	WR_PROC_OBJECT, /* a link to an object that has a name in the sandbox: open rel, and go on from there
			 */
	WR_PROC_MAGIC,	/* a link to an object without a name in the sandbox (pipe, socket, memfd, deleted
			   file ...): open rel itself */
};

/* What a WR_PROC_TEXT holds. */
enum wr_proc_text {
	WR_TEXT_MAPS, /* maps and smaps: a path behind each address range */
	WR_TEXT_NUMA, /* numa_maps: file=PATH */
	WR_TEXT_MOUNTS,
	WR_TEXT_MOUNTINFO,
	WR_TEXT_MOUNTSTATS,
	WR_TEXT_CGROUP,
	WR_TEXT_CPUSET,
	WR_TEXT_SWAPS,
};

struct wr_proc {
	enum wr_proc_kind kind;
	enum wr_proc_text text;
	char rel[128];	 /* below the host's /proc */
	size_t consumed; /* WR_PROC_LINK, OBJECT, MAGIC: how many bytes of the path name the link */
	pid_t pid;	 /* whose entry it is; 0: the system's */
	bool directory;	 /* WR_PROC_MAGIC: it leads to a (deleted) directory */
	bool foreign;	 /* WR_PROC_MAGIC: of another mount namespace, its name means nothing here */
	bool write_only; /* WR_PROC_MAGIC: not to be opened for reading */
	unsigned may;	 /* WR_MAY_* */
	char link[PATH_MAX];
};

/* Looks at a canonical path below /proc (without the leading "/proc/"). 0, or a negative errno (-ENOENT for
 * everything that is not shown). rq may be NULL: then nothing is shown. */
int wr_proc_lookup(struct warren_request *rq, const char *path, struct wr_proc *ret);
/* The same, for the name in a listing: does it exist? Cheaper, and decides nothing else. */
bool wr_proc_shows(struct warren_request *rq, const char *dir, const char *name);
/* True for a directory below /proc of which the kernel's own listing is the guest's: fd, fdinfo, task. */
bool wr_proc_lists_natively(const char *path);

/* Is fd, on the mount m, the directory of the fds of the task's own process? The kernel lets a process write
 * to that whatever its mode (fs/proc/fd.c, proc_fd_permission()), though it never does anything. */
bool wr_proc_is_own_fds(struct warren_request *rq, const struct wr_mount *m, int fd);

/* Opens what wr_proc_lookup() found, below the host's /proc at proc_fd, if it allows what is in need
 * (WR_MAY_*); tail: what the path ended in, "", "/" or "/."; follow: MAGIC is to be followed. pr->may is then
 * what the opened object allows. An fd, or a negative errno. */
int wr_proc_open(struct warren_request *rq, int proc_fd, struct wr_proc *pr, const struct open_how *how,
		 const char *tail, bool follow, unsigned need);

/* What readlink says of the link at path (as in wr_proc_lookup) when the kernel says raw. 0 or a negative
 * errno. */
int wr_proc_link_text(struct warren_request *rq, const char *path, const char *raw, char *buf, size_t size);

/* proc_text.c: a sealed, read-only memfd with what the guest reads of a WR_PROC_TEXT; fd is the host's file,
 * O_RDONLY. An fd, or a negative errno. */
int wr_proc_text(struct warren_request *rq, const struct wr_proc *pr, int fd);

/* The lines of a WR_TEXT_MAPS or WR_TEXT_NUMA, in the guest's terms. */
void wr_proc_put_lines(struct warren_request *rq, enum wr_proc_text text, FILE *in, FILE *out);

/* The guest's name for a host path as the kernel prints it in /proc: a mount's, or of a rewritten program. 0,
 * or -ENOENT. */
int wr_guest_visible_path(struct warren_request *rq, const char *host, char *buf, size_t size);
/* The same for whatever the kernel prints: things without a path are as they are, and what lies outside of
 * the sandbox is WR_OUTSIDE. Cannot fail. */
#define WR_OUTSIDE "(unreachable)"
void wr_guest_visible_text(struct warren_request *rq, const char *host, char *buf, size_t size);
/* exec.c: the guest path of a rewritten program's copy. */
int wr_exec_guest_path(struct warren_sandbox *s, const char *host, char *buf, size_t size);

#endif
