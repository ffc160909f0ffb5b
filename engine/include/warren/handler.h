/* SPDX-License-Identifier: Apache-2.0 */
/* Custom handlers: code of a library user that sees a trapped system call before or after warren's own;
 * docs/examples/handlers.c is a program with three of them.
 *
 * A handler gets a request and returns a verdict; it never touches the listener. It runs on a worker thread,
 * several at once and for several sandboxes, so it must be thread-safe (user is shared, too) and must not
 * block or make the guest's thread wait for another: a worker serves many sandboxes. It may allocate, open
 * files, use any library; but work that it does for the guest is done with the supervisor's rights.
 *
 * Legacy calls arrive in their canonical form: a handler of "openat" sees open and creat, one of "unlinkat"
 * unlink and rmdir, with the arguments mapped (`warren syscalls` shows what is served as what). Calls that
 * warren does not trap, or not with these arguments or in this sandbox (see the notes there), are not seen.
 *
 * A guest is hostile: its memory changes under a handler. Paths that a handler has read by
 * warren_request_path() are what warren's own handler goes on to use; anything else is read again. What a
 * path means may change at any time, too: a decision about an object that must not be wrong is a rule of the
 * policy, which warren checks on the object that was reached. */
#ifndef WARREN_HANDLER_H
#define WARREN_HANDLER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct warren_request;
struct warren_substitution;

enum warren_verdict_kind {
	WARREN_PASS,	   /* custom handlers only: go on with the next handler */
	WARREN_RETURN,	   /* answer with value: a result >= 0 or a negative errno */
	WARREN_CONTINUE,   /* let the kernel run the call as it stands. It reads the guest's memory again, so
			    * this decides nothing: for calls that may do whatever they do. Landlock is then all
			    * that stands between a path and the host's files. */
	WARREN_INJECT,	   /* install fd in the guest; its number there is the result */
	WARREN_SUBSTITUTE, /* run another call in the task instead (internal) */
	WARREN_DEFERRED,   /* another thread answers later (internal) */
	WARREN_VERDICT_KINDS
};

struct warren_verdict {
	enum warren_verdict_kind kind;
	int64_t value;			 /* WARREN_RETURN */
	int fd;				 /* WARREN_INJECT: owned by the reply step, which closes it */
	int cloexec;			 /* WARREN_INJECT: O_CLOEXEC as the guest asked for it */
	struct warren_substitution *sub; /* WARREN_SUBSTITUTE: owned by the reply step */
	/* WARREN_INJECT: the supervisor's copy of fd is closed before the guest goes on, not at the same
	 * time; for objects that show how many hold them open (FIFOs). Costs a second wake-up of the guest.
	 */
	int close_first;
};

typedef struct warren_verdict (*warren_handler_fn)(struct warren_request *rq, void *user);

enum warren_handler_when {
	WARREN_BEFORE, /* before the built-in handler; WARREN_PASS goes on to it */
	WARREN_AFTER,  /* after it, with warren_request_verdict() at hand; WARREN_PASS keeps that verdict */
};

/* What a request is about. All are valid only until the handler returns. */
const char *warren_request_syscall(const struct warren_request *rq); /* canonical name, e.g. "openat" */
pid_t warren_request_tid(const struct warren_request *rq);	     /* the calling thread, host's view */
uint64_t warren_request_arg(const struct warren_request *rq, unsigned i); /* canonical argument 0..5 */
/* The (first) path argument as the guest gave it: bytes, relative perhaps; NULL when the call has none or it
 * cannot be read. Read once: warren's own handler uses the same text. _arg: that of canonical argument i;
 * link and rename have two. */
const char *warren_request_path(struct warren_request *rq);
const char *warren_request_path_arg(struct warren_request *rq, unsigned i);
/* The one absolute name, in the sandbox, of what path argument i leads to from the dirfd before it: without
 * links, "." and "..". nofollow: of the link itself that the path ends in. 0, or a negative errno: -ENOENT
 * (nothing is there), -EINVAL (argument i is no path), -EFAULT, -ENAMETOOLONG (size), and what walks give. */
int warren_request_resolve(struct warren_request *rq, unsigned i, int nofollow, char *buf, size_t size);
/* For WARREN_AFTER: the built-in handler's verdict. */
const struct warren_verdict *warren_request_verdict(const struct warren_request *rq);
/* Memory of the task: 0, or -EFAULT. Nothing is partially reported: short copies are -EFAULT. */
int warren_request_read(struct warren_request *rq, uint64_t addr, void *buf, size_t len);
int warren_request_write(struct warren_request *rq, uint64_t addr, const void *buf, size_t len);

static inline struct warren_verdict warren_return(int64_t value)
{
	struct warren_verdict v = {WARREN_RETURN, value, -1, 0, NULL, 0};
	return v;
}
static inline struct warren_verdict warren_pass(void)
{
	struct warren_verdict v = {WARREN_PASS, 0, -1, 0, NULL, 0};
	return v;
}
static inline struct warren_verdict warren_continue(void)
{
	struct warren_verdict v = {WARREN_CONTINUE, 0, -1, 0, NULL, 0};
	return v;
}
static inline struct warren_verdict warren_inject(int fd, int cloexec)
{
	struct warren_verdict v = {WARREN_INJECT, 0, fd, cloexec, NULL, 0};
	return v;
}

#ifdef __cplusplus
}
#endif
#endif
