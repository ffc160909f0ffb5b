/* SPDX-License-Identifier: Apache-2.0 */
/* Custom handlers: code of a library user that sees a trapped system call before or after warren's own.
 *
 * A handler gets a request and returns a verdict; it never touches the listener. It runs on a worker thread,
 * several at once, so it must be thread-safe and must not block: a worker serves many sandboxes. */
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
	WARREN_CONTINUE,   /* let the kernel run the call as it stands; see docs/security.md before use */
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
/* The path argument as the guest gave it; NULL when the call has none or it cannot be read. */
const char *warren_request_path(struct warren_request *rq);
/* For WARREN_AFTER: the built-in handler's verdict. */
const struct warren_verdict *warren_request_verdict(const struct warren_request *rq);
/* Memory of the task: 0, or -EFAULT. Nothing is partially reported: short copies are -EFAULT. */
int warren_request_read(struct warren_request *rq, uint64_t addr, void *buf, size_t len);
int warren_request_write(struct warren_request *rq, uint64_t addr, const void *buf, size_t len);

static inline struct warren_verdict warren_return(int64_t value)
{
	struct warren_verdict v = {WARREN_RETURN, value, -1, 0, NULL};
	return v;
}
static inline struct warren_verdict warren_pass(void)
{
	struct warren_verdict v = {WARREN_PASS, 0, -1, 0, NULL};
	return v;
}
static inline struct warren_verdict warren_continue(void)
{
	struct warren_verdict v = {WARREN_CONTINUE, 0, -1, 0, NULL};
	return v;
}
static inline struct warren_verdict warren_inject(int fd, int cloexec)
{
	struct warren_verdict v = {WARREN_INJECT, 0, fd, cloexec, NULL};
	return v;
}

#ifdef __cplusplus
}
#endif
#endif
