/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's private types. handlers/ sees struct warren_request, the verdicts, guest memory and the
 * substitution; it never sees a listener. */
#ifndef WARREN_ENGINE_INTERNAL_H
#define WARREN_ENGINE_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <warren/warren.h>
#include "base/cleanup.h"
#include "base/raw.h"

/* ---- the table of system calls (handlers/table.def makes it, the engine is handed it) ---- */
enum wr_role { /* what an argument means; for decoding, trace and docs */
	       WR_ROLE_NONE,
	       WR_ROLE_INT,
	       WR_ROLE_FD,    /* an fd the call works on */
	       WR_ROLE_DIRFD, /* the base of the path that follows */
	       WR_ROLE_PATH,
	       WR_ROLE_FLAGS,
	       WR_ROLE_MODE,
	       WR_ROLE_PTR, /* a buffer or structure */
	       WR_ROLE_SIZE,
};
struct wr_arg {
	uint8_t role;
	int8_t reg; /* 0..5: this register of the call as made; -1: the constant */
	int64_t constant;
};
enum wr_trapped { /* in which sandboxes */
		  WR_ALWAYS,
		  WR_IF_GUARDED,   /* where not all that a guest holds may be changed by it (policy.h) */
		  WR_BY_ARGUMENTS, /* filter.c knows which */
		  WR_IF_LAYERED,   /* where there is a layer */
		  WR_UNLESS_IPC,   /* denied where System V IPC with the host is not allowed */
};
struct wr_syscall {
	const char *name;
	const char *canonical;
	int nr;			   /* -1: not on this architecture */
	warren_handler_fn handler; /* NULL: denied in the filter with error */
	struct wr_arg args[6];
	enum wr_trapped trapped;
	enum warren_support support;
	int error; /* of a denied call, positive */
	const char *note;
};
/* Defined by handlers/table.c. */
extern const struct wr_syscall wr_table[];
extern const unsigned wr_table_len;
/* The highest system call number known to the table's author; newer ones get ENOSYS. */
extern const int wr_table_max_nr;

/* ---- a notification being served ---- */
#define WR_PATH_BUFS 6
struct wr_scratch { /* per worker, so that no handler allocates; each buffer is one idea's, see its user */
	char path[WR_PATH_BUFS][2 * PATH_MAX];
	char given[2][PATH_MAX]; /* paths that custom handlers asked for */
	char bytes[65536];
};

struct warren_request {
	uint64_t id;
	pid_t tid;
	const struct wr_syscall *row;
	uint64_t args[6]; /* canonical: as the *at form has them */
	uint64_t raw[6];  /* as the guest made the call */
	struct warren_sandbox *sandbox;
	struct wr_scratch *scratch;
	struct wr_thread *thread;	      /* the serving thread's own state (umask ...) */
	const char *path;		      /* first path argument once read, for trace; NULL */
	const struct warren_verdict *builtin; /* for WARREN_AFTER handlers */
	uint8_t given[2];		      /* argument + 1 that scratch->given holds, 0: none */
};

/* ---- guest memory (guest.c) ---- */
/* All read or write the memory of the notified task; short is -EFAULT. A read of a path is 0 and
 * NUL-terminated, -EFAULT, or -ENAMETOOLONG at PATH_MAX without a NUL. */
int wr_guest_read(struct warren_request *rq, uint64_t addr, void *buf, size_t len);
int wr_guest_write(struct warren_request *rq, uint64_t addr, const void *buf, size_t len);
int wr_guest_read_str(struct warren_request *rq, uint64_t addr, char *buf, size_t size);
/* An extensible structure of size bytes, of which the guest gave guest_size. */
int wr_guest_read_struct(struct warren_request *rq, uint64_t addr, uint64_t guest_size, void *buf,
			 size_t size);
/* Path argument i of the call into scratch path buffer b. */
int wr_guest_path(struct warren_request *rq, unsigned i, char *buf);
/* True while the task still waits in this notification: call between reading memory and acting on it. */
bool wr_request_alive(struct warren_request *rq);

/* ---- the guest's fds (guest_fd.c) ---- */
/* A pidfd of the notified thread; or a negative errno. */
int wr_guest_pidfd(struct warren_request *rq);
/* A copy of the guest's fd, close-on-exec; -EBADF. pidfd: of wr_guest_pidfd(), -1: it is opened for this. */
int wr_guest_fd(struct warren_request *rq, int pidfd, uint64_t fd);
/* guest_swap.c: where the guest's descriptor n is that of the object old, open for reading, its copy (any fd)
 * takes its place, if nobody can tell the difference by anything but the change. Else all stays as it is. */
struct stat;
void wr_guest_fd_swap(struct warren_request *rq, int n, const struct stat *old, int copy);
/* Descriptors in messages live here while the message waits: room for n more copies, in the sandbox and in
 * the engine? If so they are counted until given back. */
#define WR_SENT_FDS_MAX 1024 /* of a sandbox */
bool wr_guest_fds_take(struct warren_sandbox *s, unsigned n);
void wr_guest_fds_give(struct warren_sandbox *s, unsigned n);
/* Sends a signal to the notified thread. */
void wr_guest_signal(struct warren_request *rq, int sig);

/* ---- things about the guest's task (task.c) ---- */
pid_t wr_task_tgid(pid_t tid); /* or negative errno */
/* A pidfd of the very thread, or before Linux 6.9 of its process, whose fds nearly every thread shares. The
 * number may be another task's by now. */
int wr_task_pidfd(pid_t tid);
/* The flags of an fd as its /proc/TID/fdinfo tells them, O_CLOEXEC and O_PATH included; or negative errno. */
int wr_task_fd_flags(pid_t tid, int fd);
int wr_task_umask(struct warren_request *rq); /* the guest's umask, or negative errno */
/* Puts the guest's umask in force for the serving thread (workers have an fs_struct of their own). */
int wr_apply_umask(struct warren_request *rq);
/* The device of the task's controlling terminal; 0: it has none. */
dev_t wr_task_terminal(pid_t tid);
/* Has the guest no number for one more fd? The kernel takes it before it looks at a path; so an open that
 * creates asks first, and one that failed asks why. */
bool wr_task_fds_full(struct warren_request *rq);
/* Is this process one of the sandbox's? (tag.c) */
bool wr_task_in_sandbox(const struct warren_sandbox *s, pid_t pid);
/* A signal to the sandbox's processes of a group (0: to all) but one (0: none): 0 or -ESRCH. */
int wr_sandbox_signal(const struct warren_sandbox *s, pid_t group, pid_t except, int sig);

/* A process of the sandbox wants to fork: may it? If not, the sandbox is ended (limits.c). */
bool wr_limit_fork(struct warren_sandbox *s);
/* CPU time of a process, and of those it waited for, in microseconds; memory in bytes, exact: pages that are
 * shared count by their share, which is dear. 0 when it is gone. */
uint64_t wr_process_cpu_us(pid_t pid);
uint64_t wr_process_memory(pid_t pid, bool exact);
/* What the files without a name take that processes with this tag have open, on one file system. */
uint64_t wr_unlinked_bytes(uint64_t tag, dev_t dev);

/* ---- pseudo-terminals that a sandbox made (handlers/pts.c) ---- */
struct wr_ptys {
	pthread_mutex_t lock;
	struct wr_pty {
		unsigned nr;
		int fd; /* O_PATH of its node in /dev/pts */
	} * list;
	unsigned n;
};

/* ---- what handlers may know of a sandbox (sandbox.c) ---- */
struct warren_policy;
struct wr_exec_cache;
/* Not the user's reference: warren_sandbox_unref() is for that one. */
struct warren_sandbox *wr_sandbox_ref(struct warren_sandbox *s);
void wr_sandbox_unref(struct warren_sandbox *s);
const struct warren_policy *wr_sandbox_policy(const struct warren_sandbox *s);
atomic_bool *wr_sandbox_umask_changed(struct warren_sandbox *s);
struct wr_ptys *wr_sandbox_ptys(struct warren_sandbox *s);
atomic_bool *wr_sandbox_lists_served(struct warren_sandbox *s);
struct wr_exec_cache *
wr_sandbox_exec_cache(struct warren_sandbox *s); /* where names of programs are linked */
/* The one for copies. NULL: there is no room for it, or none yet and it is not to be made. */
struct wr_exec_cache *wr_sandbox_copies(struct warren_sandbox *s, bool make);
/* A number that no other running sandbox of the host has. */
uint64_t wr_sandbox_tag(const struct warren_sandbox *s);
bool wr_sandbox_root_is_host(const struct warren_sandbox *s);

/* ---- substitution (substitute.c): another call is run in the task in place of the notified one ---- */
#endif
