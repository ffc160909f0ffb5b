/* SPDX-License-Identifier: Apache-2.0 */
/* The figures on a terminal: no line is wider than WIDTH, and nothing is told by colour alone. */
#define _GNU_SOURCE
#include "show.h"
#include "../escape.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	     100
#define NAME_WIDTH   15
#define TIME_WIDTH   7
#define PAIR_WIDTH   15 /* a ratio and its spread */
#define PART_WIDTH   30
#define NATIVE_WIDTH 8
#define WHOS	     5 /* columns of the parts of a notification */

/* Filled up with blanks, also in front of it. */
static void cell(FILE *to, const char *s, int width)
{
	int n = escape_terminal(to, s, width);
	fprintf(to, "%*s", width - n, "");
}

static void right(FILE *to, const char *s, int width)
{
	fprintf(to, "%*s", width - escape_terminal(NULL, s, width), "");
	escape_terminal(to, s, width);
}

/* Words, wrapped, every line but the first behind `indent` blanks; `at` columns are taken already. */
static void wrapped(FILE *to, const char *s, int at, int indent)
{
	bool first = true;

	while (*s) {
		size_t len = strcspn(s, " ");
		char word[WIDTH * 4];
		snprintf(word, sizeof(word), "%.*s", (int)len, s);
		s += len + strspn(s + len, " ");
		if (!first && at + 1 + escape_terminal(NULL, word, WIDTH) > WIDTH) {
			fprintf(to, "\n%*s", indent, "");
			at = indent;
			first = true;
		}
		if (!first)
			putc(' ', to);
		at += !first + escape_terminal(to, word, WIDTH - at - !first);
		first = false;
	}
	putc('\n', to);
}

static const struct series *call_ns(const struct figures *f, const char *call, const char *setting,
				    const char *who)
{
	const struct call_figure *c = figures_call(f, call, setting, who);
	return c ? &c->ns : NULL;
}

static void machine(FILE *to, const struct figures *f)
{
	char line[1000];
	size_t n;

	n = (size_t)snprintf(line, sizeof(line), "%.200s, %s CPUs, %s, %.300s", f->cpu, show_count(f->cpus).s,
			     show_bytes(f->memory).s, f->kernel);
	if (!isnan(f->load))
		n += (size_t)snprintf(line + n, sizeof(line) - n, ", load %.2f", f->load);
	for (size_t i = 0; f->features[i] && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s %s", i ? "," : ";", f->features[i]);
	wrapped(to, line, 0, 0);
	snprintf(line, sizeof(line), "warren %.50s, %.50s", f->warren, f->made);
	wrapped(to, line, 0, 0);
}

/* ---- calls ---- */

static void times(FILE *to, const struct call_figure *c)
{
	const double p[] = {c->p50, c->p90, c->p99, c->p999};
	char calls[16] = "-";

	for (size_t i = 0; i < 4; i++)
		fprintf(to, "%*s", TIME_WIDTH, show_ns(p[i]).s);
	if (!isnan(c->supervisor_calls))
		snprintf(calls, sizeof(calls), "%.1f", c->supervisor_calls);
	fprintf(to, "%6s\n", calls);
}

/* One line for warren beside native and floor, and one for each other who. */
static void call_lines(FILE *to, const struct figures *f, const char *call, const char *setting)
{
	const struct series *native = call_ns(f, call, setting, "native"),
			    *floor = call_ns(f, call, setting, "floor");
	bool first = true;

	for (int others = 0; others < 2; others++)
		for (size_t i = 0; i < f->n_calls; i++) {
			const struct call_figure *c = &f->calls[i];
			bool is_warren = !strcmp(c->who, "warren");
			char name[64];
			if (strcmp(c->call, call) || strcmp(c->setting, setting) ||
			    is_warren == (others == 1) || &c->ns == native || &c->ns == floor)
				continue;
			snprintf(name, sizeof(name), "%s%.50s", is_warren ? "" : "  ",
				 is_warren ? call : c->who);
			cell(to, name, NAME_WIDTH);
			fprintf(to, "%*s", TIME_WIDTH, is_warren ? show_ns(figures_median(native)).s : "");
			fprintf(to, "%*s", TIME_WIDTH, is_warren ? show_ns(figures_median(floor)).s : "");
			fprintf(to, "%*s", TIME_WIDTH, show_ns(figures_median(&c->ns)).s);
			fprintf(to, "%*s", PAIR_WIDTH,
				show_spread(figures_ratio(&c->ns, native), PAIR_WIDTH - 1).s);
			fprintf(to, "%*s", PAIR_WIDTH,
				show_spread(figures_ratio(&c->ns, floor), PAIR_WIDTH - 1).s);
			times(to, c);
			first = false;
		}
	if (first && (native || floor)) { /* nothing to put beside them */
		cell(to, call, NAME_WIDTH);
		fprintf(to, "%*s%*s\n", TIME_WIDTH, show_ns(figures_median(native)).s, TIME_WIDTH,
			show_ns(figures_median(floor)).s);
	}
}

static void calls(FILE *to, const struct figures *f)
{
	_cleanup_free_ const char **settings = FIGURES_NAMES(f->calls, f->n_calls, setting);
	_cleanup_free_ const char **names = FIGURES_NAMES(f->calls, f->n_calls, call);

	if (!settings || !names || !f->n_calls)
		return;
	wrapped(to,
		"Single calls: medians of the rounds; ratios within one round, as median and lowest-highest "
		"of "
		"the rounds; percentiles of warren's calls; calls: the supervisor's, for one of the guest's",
		0, 0);
	for (const char **s = settings; *s; s++) {
		fputs("\nin ", to);
		escape_terminal(to, figures_setting(*s), WIDTH - 3);
		fprintf(to, "\n%-*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%6s\n", NAME_WIDTH, "call", TIME_WIDTH,
			"native", TIME_WIDTH, "floor", TIME_WIDTH, "warren", PAIR_WIDTH, "to native",
			PAIR_WIDTH, "to the floor", TIME_WIDTH, "p50", TIME_WIDTH, "p90", TIME_WIDTH, "p99",
			TIME_WIDTH, "p99.9", "calls");
		for (const char **c = names; *c; c++)
			call_lines(to, f, *c, *s);
	}
	putc('\n', to);
}

/* ---- what is timed as a whole: workloads, starts ---- */

static const struct series *timed_ns(const struct timed_figure *list, size_t n, const char *name,
				     const char *setting, const char *who)
{
	const struct timed_figure *t = figures_timed(list, n, name, setting, who);
	return t ? &t->ns : NULL;
}

/* A block of as many peers as fit beside each other. */
static void timed_block(FILE *to, const struct timed_figure *list, size_t n, const char *title,
			int name_width, const char *setting, const char *const *names,
			const char *const *peers, size_t n_peers)
{
	cell(to, title, name_width);
	right(to, "native", NATIVE_WIDTH);
	for (size_t i = 0; i < n_peers; i++)
		right(to, peers[i], PAIR_WIDTH);
	putc('\n', to);
	for (const char *const *name = names; *name; name++) {
		const struct timed_figure *t = figures_native(list, n, *name, setting);
		const struct series *native = t ? &t->ns : NULL;
		cell(to, *name, name_width);
		right(to, show_ns(figures_median(native)).s, NATIVE_WIDTH);
		for (size_t i = 0; i < n_peers; i++) {
			const struct series *ns = timed_ns(list, n, *name, setting, peers[i]);
			right(to,
			      native ? show_spread(figures_ratio(ns, native), PAIR_WIDTH - 1).s
				     : show_ns(figures_median(ns)).s,
			      PAIR_WIDTH);
		}
		putc('\n', to);
	}
}

static void timed(FILE *to, const struct timed_figure *list, size_t n, const char *heading, const char *title)
{
	_cleanup_free_ const char **settings = FIGURES_NAMES(list, n, setting);
	_cleanup_free_ const char **peers = FIGURES_NAMES(list, n, who);
	size_t n_peers = 0, columns;
	int name_width = NAME_WIDTH;

	if (!settings || !peers || !n)
		return;
	for (const char **p = peers; *p; p++)
		if (strcmp(*p, "native"))
			peers[n_peers++] = *p;
	for (size_t i = 0; i < n; i++) {
		int width = escape_terminal(NULL, list[i].name, WIDTH / 3);
		name_width = width > name_width ? width : name_width;
	}
	columns = (size_t)((WIDTH - name_width - NATIVE_WIDTH) / PAIR_WIDTH);
	wrapped(to, heading, 0, 0);
	for (const char **s = settings; *s; s++) {
		_cleanup_free_ const char **names = figures_timed_names(list, n, *s);
		if (**s) {
			fputs("\nin ", to);
			escape_terminal(to, figures_setting(*s), WIDTH - 3);
		}
		putc('\n', to);
		for (size_t i = 0; names && i < n_peers; i += columns) {
			if (i)
				putc('\n', to);
			timed_block(to, list, n, title, name_width, *s, names, peers + i,
				    n_peers - i < columns ? n_peers - i : columns);
		}
	}
	putc('\n', to);
}

/* ---- the rest ---- */

static void rates(FILE *to, const struct figures *f)
{
	if (!f->n_rates)
		return;
	wrapped(to,
		"Calls in a second, of all sandboxes together; and as a ratio to a bare loop over as many "
		"listeners",
		0, 0);
	fprintf(to, "\n%9s %7s %7s  %-16s%14s %*s\n", "sandboxes", "threads", "workers", "who", "a second",
		PAIR_WIDTH, "to the bare");
	for (size_t i = 0; i < f->n_rates; i++) {
		const struct rate_figure *r = &f->rates[i], *bare = figures_bare(f, r);
		fprintf(to, "%9s %7s %7s  ", show_count(r->sandboxes).s, show_count(r->threads).s,
			show_count(r->workers).s);
		cell(to, r->who, 16);
		fprintf(to, "%14s", show_count(figures_median(&r->per_second)).s);
		if (bare)
			fprintf(to, " %*s", PAIR_WIDTH,
				show_spread(figures_ratio(&r->per_second, &bare->per_second), PAIR_WIDTH).s);
		putc('\n', to);
	}
	putc('\n', to);
}

static void idle(FILE *to, const struct figures *f)
{
	if (!f->n_idle)
		return;
	wrapped(to,
		"Idle sandboxes: a null call of one more beside them, as a ratio to the same beside few; "
		"memory for each",
		0, 0);
	fprintf(to, "\n%9s%8s%10s%*s%12s%18s\n", "sandboxes", "few", "a call", PAIR_WIDTH, "to few", "memory",
		"starts a second");
	for (size_t i = 0; i < f->n_idle; i++) {
		const struct idle_figure *d = &f->idle[i];
		fprintf(to, "%9s%8s%10s", show_count(d->sandboxes).s, show_count(d->few).s,
			show_ns(figures_median(&d->ns)).s);
		fprintf(to, "%*s", PAIR_WIDTH,
			show_spread(figures_ratio(&d->ns, &d->ns_few), PAIR_WIDTH - 1).s);
		fprintf(to, "%12s%18s\n", show_bytes(figures_median(&d->memory)).s,
			show_count(figures_median(&d->starts_per_second)).s);
	}
	putc('\n', to);
}

static void parts(FILE *to, const struct figures *f)
{
	_cleanup_free_ const char **calls_of = FIGURES_NAMES(f->parts, f->n_parts, call);
	_cleanup_free_ const char **names = FIGURES_NAMES(f->parts, f->n_parts, part);
	_cleanup_free_ const char **whos = FIGURES_NAMES(f->parts, f->n_parts, who);

	if (!f->n_parts || !calls_of || !names || !whos)
		return;
	fputs("Where the time of one notification goes\n\n", to);
	cell(to, "call", NAME_WIDTH + 1);
	cell(to, "part", PART_WIDTH);
	for (size_t w = 0; w < WHOS && whos[w]; w++)
		fprintf(to, "%9.8s", whos[w]);
	for (const char **c = calls_of; *c; c++)
		for (const char **p = names; *p; p++) {
			putc('\n', to);
			cell(to, p == names ? *c : "", NAME_WIDTH + 1);
			cell(to, *p, PART_WIDTH);
			for (size_t w = 0; w < WHOS && whos[w]; w++)
				fprintf(to, "%9s", show_ns(figures_part(f, *c, whos[w], *p)).s);
		}
	fputs("\n\n", to);
}

static void left_out(FILE *to, const struct figures *f)
{
	if (f->n_left_out)
		fputs("Left out:\n", to);
	for (size_t i = 0; i < f->n_left_out; i++) {
		fputs("  ", to);
		int n = escape_terminal(to, f->left_out[i].who, WIDTH / 2);
		fputs(": ", to);
		wrapped(to, f->left_out[i].why, n + 4, 4);
	}
}

void table_print(FILE *to, const struct figures *f)
{
	machine(to, f);
	putc('\n', to);
	calls(to, f);
	timed(to, f->layers, f->n_layers,
	      "Calls on paths of a layer (warren: without one, layer: --cow, frozen: --lower-frozen): time "
	      "as a "
	      "ratio to native in the same round, median and lowest-highest",
	      "call");
	timed(to, f->workloads, f->n_workloads,
	      "Whole workloads: time as a ratio to native in the same round, median and lowest-highest",
	      "workload");
	timed(to, f->starts, f->n_starts,
	      "Starts of a sandbox: time as a ratio to native in the same round, median and lowest-highest",
	      "start");
	rates(to, f);
	idle(to, f);
	parts(to, f);
	left_out(to, f);
}
