/* SPDX-License-Identifier: Apache-2.0 */
/* The reply step: turns a verdict into the one answer that the notification gets. */
#define _GNU_SOURCE
#include "engine.h"

static void send_answer(struct warren_request *rq, int64_t value, uint32_t flags)
{
	struct seccomp_notif_resp resp = {.id = rq->id, .flags = flags};

	if (value < 0)
		resp.error = (int32_t)value;
	else
		resp.val = value;
	/* ENOENT: the task was killed meanwhile, nobody waits for the answer. */
	(void)wr_notif_send(rq->sandbox->listener, &resp);
}

/* ADDFD with SEND waits until the task has taken the descriptor. If that wait is interrupted (by a signal, or
 * by task work of a ring that does not defer it) the kernel takes the descriptor back but leaves the answer
 * as given, and open(2) returns 0 (kernel/seccomp.c: seccomp_notify_addfd() sets the state to REPLIED before
 * it waits). So only a thread that nothing interrupts does both in one; others install first and answer then,
 * which costs the task one more wake-up. A supervisor that is stopped (SIGSTOP, a debugger) in just that
 * moment is left. */
static int add_fd(struct warren_request *rq, struct seccomp_notif_addfd *add, bool answer)
{
	int r;

	if (answer) {
		add->flags = SECCOMP_ADDFD_FLAG_SEND;
		return wr_notif_addfd(rq->sandbox->listener, add);
	}
	do
		r = wr_notif_addfd(rq->sandbox->listener, add);
	while (r == -EINTR); /* it was not installed then */
	return r;
}

static void inject(struct warren_request *rq, struct warren_verdict *v)
{
	struct seccomp_notif_addfd add = {
		.id = rq->id, .srcfd = (uint32_t)v->fd, .newfd_flags = v->cloexec ? O_CLOEXEC : 0};
	bool answer = rq->thread->undisturbed && !v->close_first;
	int r = add_fd(rq, &add, answer);

	close(v->fd);
	v->fd = -1;
	v->value = r;
	if (!answer && r >= 0)
		send_answer(rq, r, 0);
	if (r < 0 && r != -ENOENT) /* EMFILE: the guest's own limit */
		send_answer(rq, r, 0);
}

void wr_reply(struct warren_request *rq, struct warren_verdict *v)
{
	switch (v->kind) {
	case WARREN_RETURN:
		send_answer(rq, v->value, 0);
		break;
	case WARREN_CONTINUE:
		send_answer(rq, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		break;
	case WARREN_INJECT:
		inject(rq, v);
		break;
	case WARREN_SUBSTITUTE:
		v->sub->listener = rq->sandbox->listener;
		v->sub->id = rq->id;
		v->sub->tid = rq->tid;
		v->sub->sandbox = wr_sandbox_ref(rq->sandbox);
		wr_tracers_submit(rq->sandbox->engine->tracers, v->sub);
		v->sub = NULL;
		break;
	case WARREN_DEFERRED:
		break;
	default: /* a handler's mistake must not become CONTINUE */
		send_answer(rq, -ENOSYS, 0);
		break;
	}
}
