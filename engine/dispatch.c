/* SPDX-License-Identifier: Apache-2.0 */
/* From a notification to its verdict: row, canonical arguments, custom handlers, built-in handler, reply,
 * count. */
#define _GNU_SOURCE
#include "engine.h"
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

uint64_t wr_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void decode(struct warren_request *rq)
{
	for (unsigned i = 0; i < 6; i++) {
		const struct wr_arg *a = &rq->row->args[i];
		if (a->role == WR_ROLE_NONE)
			break;
		rq->args[i] = a->reg >= 0 ? rq->raw[a->reg] : (uint64_t)a->constant;
	}
}

static struct warren_verdict run_handlers(struct warren_request *rq, unsigned row)
{
	struct warren_engine *e = rq->sandbox->engine;

	for (struct wr_custom *c = e->before[row]; c; c = c->next) {
		struct warren_verdict v = c->fn(rq, c->user);
		if (v.kind != WARREN_PASS)
			return v;
	}
	struct warren_verdict v = rq->row->handler(rq, NULL);
	for (struct wr_custom *c = e->after[row]; c; c = c->next) {
		rq->builtin = &v;
		struct warren_verdict w = c->fn(rq, c->user);
		if (w.kind == WARREN_PASS)
			continue;
		if (v.kind == WARREN_INJECT && v.fd != w.fd)
			close(v.fd);
		wr_subst_free(v.sub);
		v = w;
	}
	return v;
}

static const char *const verdict_names[] = {"pass", "return", "continue", "inject", "substitute", "deferred"};

static void trace(struct warren_request *rq, const struct warren_verdict *v, uint64_t start, uint64_t ns)
{
	FILE *f = rq->sandbox->engine->trace;

	flockfile(f);
	fprintf(f, "%" PRIu64 ".%06" PRIu64 " %d %s ", start / 1000000000, start / 1000 % 1000000, rq->tid,
		rq->row->name);
	if (rq->path && !rq->path[0])
		fputs("\\x00", f); /* no path has this byte: the empty one */
	for (const char *c = rq->path ? rq->path : "-"; *c; c++) {
		if (*c > ' ' && *c != '\\' && *c < 0x7f)
			putc_unlocked(*c, f);
		else
			fprintf(f, "\\x%02x", (unsigned char)*c);
	}
	fprintf(f, " %s %" PRId64 " %" PRIu64 "\n", verdict_names[v->kind], v->value, ns);
	funlockfile(f);
}

static struct warren_verdict handle(struct warren_request *rq, unsigned row)
{
	struct warren_engine *e = rq->sandbox->engine;
	struct warren_verdict v;

	/* The tracer thread set these registers and checks what was reached before the task goes on. */
	int entered =
		wr_tracers_enter(e->tracers, rq->sandbox->listener, rq->id, rq->tid, rq->row->nr, rq->raw);
	if (entered)
		return entered > 0 ? warren_continue() : warren_return(entered);
	do {
		wr_kicked = 0;
		v = run_handlers(rq, row);
	} while (wr_kicked && v.kind == WARREN_RETURN && v.value == -EINTR);
	return v;
}

void wr_dispatch(struct wr_thread *t, struct wr_scratch *scratch, struct warren_sandbox *s,
		 const struct seccomp_notif *n)
{
	struct warren_engine *e = s->engine;
	struct warren_request rq = {
		.id = n->id, .tid = (pid_t)n->pid, .sandbox = s, .scratch = scratch, .thread = t};
	unsigned nr = (unsigned)n->data.nr;
	int row = nr < WR_ARRAY_SIZE(e->row_of) ? e->row_of[nr] : -1;
	uint64_t start = wr_now_ns();

	memcpy(rq.raw, n->data.args, sizeof(rq.raw));
	struct warren_verdict v;
	if (row < 0) {
		v = warren_return(-ENOSYS);
		wr_reply(&rq, &v);
		return;
	}
	rq.row = &wr_table[row];
	decode(&rq);
	v = handle(&rq, (unsigned)row);
	struct warren_verdict done = v;
	wr_reply(&rq, &done);
	uint64_t ns = wr_now_ns() - start;
	v.value = done.value;
	wr_count(s->counters, (unsigned)row, &v, ns);
	if (e->trace)
		trace(&rq, &v, start, ns);
}

int wr_server_init(struct wr_server *v)
{
	v->scratch = malloc(sizeof(*v->scratch));
	if (!v->scratch)
		return -ENOMEM;
	return wr_thread_begin(&v->thread);
}

/* From here on no signal is sent to the thread, and one that was sent has come: it is pending before the
 * state is idle again, and a system call does not return without it. */
static void shut_out_kicks(struct wr_server *v)
{
	unsigned idle = WR_IDLE;

	while (!atomic_compare_exchange_weak_explicit(&v->state, &idle, WR_SERVING, memory_order_acq_rel,
						      memory_order_acquire)) {
		if (idle == WR_KICKED)
			sched_yield();
		idle = WR_IDLE;
	}
	if (atomic_load_explicit(&v->kicked, memory_order_relaxed)) {
		atomic_store(&v->kicked, false);
		syscall(SYS_getppid);
	}
}

bool wr_serve(struct wr_server *v, struct warren_sandbox *s, const struct seccomp_notif *n)
{
	unsigned serving = WR_SERVING;

	atomic_store_explicit(&v->served, atomic_load_explicit(&v->served, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	v->serving = s;
	shut_out_kicks(v);
	wr_dispatch(&v->thread, v->scratch, s, n);
	if (atomic_compare_exchange_strong_explicit(&v->state, &serving, WR_IDLE, memory_order_acq_rel,
						    memory_order_acquire))
		return true;
	pthread_mutex_lock(&v->engine->lock); /* what is being moved has been moved */
	atomic_store(&v->state, WR_IDLE);
	wr_worker_unstuck(s);
	pthread_mutex_unlock(&v->engine->lock);
	return false;
}
