/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees: each job's output kept apart, how far the batch is, and the summary. */
#define _GNU_SOURCE
#include "batch.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS	   200	/* of the progress line on a terminal */
#define PLAIN_SECS 10	/* between progress lines elsewhere */
#define MAX_LISTED 50	/* failed jobs in the summary */
#define MAX_LINE   8192 /* SHOW_FOLLOW: a longer one is cut in pieces */

static bool on_terminal(void)
{
	static atomic_int is = -1; /* -1: not asked yet */

	if (is < 0)
		is = isatty(2);
	return is;
}

static void clear_progress(const struct batch *b)
{
	if (on_terminal() && !b->quiet)
		fputs("\r\033[K", stderr);
}

static void follow_line(const struct job *job, FILE *to, const char *text, size_t len)
{
	fprintf(to, "[%s] ", job->id);
	fwrite(text, 1, len, to);
	putc('\n', to);
}

void output_follow(struct batch *b, const struct job *job, struct buffer *line, bool err, const char *data,
		   size_t len, bool end)
{
	FILE *to = err ? stderr : stdout;

	if (!line->data && !(line->data = malloc(MAX_LINE)))
		return;
	clear_progress(b);
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			line->data[line->len++] = data[i];
		if (data[i] == '\n' || line->len == MAX_LINE) {
			follow_line(job, to, line->data, line->len);
			line->len = 0;
		}
	}
	if (end && line->len)
		follow_line(job, to, line->data, line->len);
	fflush(to);
}

void how_it_ended(FILE *f, const struct result *r)
{
	switch (r->outcome) {
	case JOB_FAILED:
		fprintf(f, "exit status %d", r->exit);
		break;
	case JOB_SIGNAL:
		fprintf(f, "killed by signal %d (%s)", r->signal, strsignal(r->signal));
		break;
	case JOB_TIMEOUT:
		fprintf(f, "killed after its time of %.3g s", r->wall);
		break;
	case JOB_LIMIT:
		fprintf(f, "over its limit: %s", warren_limit_name(r->limit));
		break;
	case JOB_NO_OUTPUT:
		fputs(r->error ? r->error : "an output is missing", f);
		break;
	case JOB_NO_START:
		fprintf(f, "could not be started: %s", r->error ? r->error : "?");
		break;
	default:
		fputs(outcome_name(r->outcome), f);
	}
}

static void print_buffer(FILE *to, const struct buffer *buf, const char *id)
{
	if (buf->len)
		fwrite(buf->data, 1, buf->len, to);
	if (buf->dropped)
		fprintf(stderr, "warren batch: %llu bytes of output of job %s left out (--output-limit)\n",
			(unsigned long long)buf->dropped, id);
}

static void print_job(struct batch *b, size_t index)
{
	const struct job *job = &b->jobs.list[index];
	struct result *r = &b->results[index];

	clear_progress(b);
	if (b->show == SHOW_GROUPED) {
		print_buffer(stdout, &r->out, job->id);
		fflush(stdout);
		print_buffer(stderr, &r->err, job->id);
	}
	if (r->outcome != JOB_PASSED && !b->quiet) {
		fprintf(stderr, "warren batch: job %s: ", job->id);
		how_it_ended(stderr, r);
		fprintf(stderr, ": %s\n", job->command);
	}
	free(r->out.data);
	free(r->err.data);
	r->out = r->err = (struct buffer){0};
}

/* As it finished, or with --ordered as soon as all before it have. */
void output_job(struct batch *b, size_t index)
{
	if (!b->ordered) {
		print_job(b, index);
		return;
	}
	while (b->next_to_show < b->jobs.n &&
	       (b->finished[b->next_to_show] || b->jobs.list[b->next_to_show].done_before)) {
		if (!b->jobs.list[b->next_to_show].done_before)
			print_job(b, b->next_to_show);
		b->next_to_show++;
	}
}

/* ---- progress ---- */

static void print_duration(FILE *f, double s)
{
	if (s >= 3600)
		fprintf(f, "%.0fh%02.0fm", s / 3600 - 0.5 > 0 ? (double)(long)(s / 3600) : 0,
			(double)((long)(s / 60) % 60));
	else if (s >= 60)
		fprintf(f, "%ldm%02lds", (long)s / 60, (long)s % 60);
	else
		fprintf(f, "%.1fs", s);
}

void progress_show(struct batch *b, bool last)
{
	size_t total = b->jobs.n - b->skipped;
	double spent = now_seconds() - b->began, rate = spent > 0 ? (double)b->done / spent : 0;

	if (b->quiet)
		return;
	clear_progress(b);
	fprintf(stderr, "%s%zu/%zu done, %zu failed, %u running, %.1f/s",
		on_terminal() ? "" : "warren batch: ", b->done, total, b->failed, atomic_load(&b->running),
		rate);
	if (rate > 0 && b->done < total && !last) {
		fputs(", ", stderr);
		print_duration(stderr, (double)(total - b->done) / rate);
		fputs(" to go", stderr);
	}
	if (!on_terminal())
		putc('\n', stderr);
	fflush(stderr);
}

void *progress_thread(void *batch)
{
	struct batch *b = batch;
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
	unsigned ticks = 0;

	while (!atomic_load(&b->stop)) {
		nanosleep(&tick, NULL);
		ticks++;
		if (on_terminal() ? 0 : ticks % (PLAIN_SECS * 1000 / TICK_MS))
			continue;
		pthread_mutex_lock(&b->lock);
		if (!atomic_load(&b->stop))
			progress_show(b, false);
		pthread_mutex_unlock(&b->lock);
	}
	return NULL;
}

/* ---- summary ---- */

static void how_to_rerun(const struct batch *b, const struct job *job)
{
	char *line = b->zygote ? shell_quote(job->command) : NULL;

	if (b->zygote) {
		fprintf(stderr, "printf '%%s\\n' %s | %s -\n", line ? line : "", b->rerun);
		free(line);
		return;
	}
	fprintf(stderr, "%s --", b->rerun);
	for (char **a = job->argv; *a; a++) {
		char *q = shell_quote(*a);
		fprintf(stderr, " %s", q ? q : *a);
		free(q);
	}
	putc('\n', stderr);
}

static void list_failed(struct batch *b)
{
	size_t listed = 0;

	for (size_t i = 0; i < b->jobs.n; i++) {
		const struct result *r = &b->results[i];
		const struct job *job = &b->jobs.list[i];
		if (!b->finished[i] || r->outcome == JOB_PASSED)
			continue;
		if (listed++ == MAX_LISTED) {
			fprintf(stderr, "  ... and %zu more: see --results\n", b->failed - MAX_LISTED);
			return;
		}
		fprintf(stderr, "  %s: ", job->id);
		how_it_ended(stderr, r);
		fprintf(stderr, "%s\n    ", r->attempts > 1 ? ", every time" : "");
		how_to_rerun(b, job);
		if (r->layer)
			fprintf(stderr, "    its layer: warren shell %s\n", r->layer);
	}
}

void summary(struct batch *b)
{
	size_t flaky = 0, slowest = b->jobs.n;

	clear_progress(b);
	if (b->quiet)
		return;
	for (size_t i = 0; i < b->jobs.n; i++) {
		if (!b->finished[i])
			continue;
		flaky += b->results[i].outcome == JOB_PASSED && b->results[i].attempts > 1;
		if (slowest == b->jobs.n || b->results[i].wall > b->results[slowest].wall)
			slowest = i;
	}
	if (b->failed) {
		fprintf(stderr, "warren batch: failed, and how to run one alone:\n");
		list_failed(b);
	}
	if (flaky) {
		fprintf(stderr, "warren batch: flaky, passed only when tried again:\n");
		for (size_t i = 0; i < b->jobs.n; i++)
			if (b->finished[i] && b->results[i].outcome == JOB_PASSED &&
			    b->results[i].attempts > 1)
				fprintf(stderr, "  %s (%u tries)\n", b->jobs.list[i].id,
					b->results[i].attempts);
	}
	size_t left = b->jobs.n - b->skipped - b->done;
	fprintf(stderr, "warren batch: %zu passed, %zu failed", b->done - b->failed, b->failed);
	if (b->skipped)
		fprintf(stderr, ", %zu done before", b->skipped);
	if (left)
		fprintf(stderr, ", %zu not run", left);
	fputs(" in ", stderr);
	print_duration(stderr, now_seconds() - b->began);
	if (slowest < b->jobs.n && b->done > 1)
		fprintf(stderr, "; slowest: %s, %.2fs", b->jobs.list[slowest].id, b->results[slowest].wall);
	putc('\n', stderr);
}
