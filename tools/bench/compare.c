/* SPDX-License-Identifier: Apache-2.0 */
/* Two results of warren bench beside each other: what of warren's own changed, and whether that is more than
 * chance. */
#define _GNU_SOURCE
#include "show.h"
#include "../escape.h"
#include "../../engine/base/cleanup.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 46
#define PER_IDLE   3 /* figures that are compared of idle sandboxes */

struct pair {
	char name[128];
	/* of each round, of warren: a time, or one divided by native's of the same round */
	double before[STATS_MAX], after[STATS_MAX];
	size_t n, m;
	double change; /* of the medians: above 1 is slower */
	double native; /* the same of native: what else changed; NAN: there is none */
	double p, adjusted;
	struct shown (*show)(double); /* of a value that is no ratio */
};

struct comparison {
	const struct figures *before, *after;
	bool by_native; /* the machines differ: only ratios within a run carry over */
	struct pair *pairs;
	size_t n;
};

static double median(const double *v, size_t n)
{
	return stats_spread(v, n).median;
}

static size_t count_ours(const struct figures *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_calls; i++)
		n += figures_ours(f->calls[i].who);
	for (size_t i = 0; i < f->n_layers; i++)
		n += figures_ours(f->layers[i].who);
	for (size_t i = 0; i < f->n_workloads; i++)
		n += figures_ours(f->workloads[i].who);
	for (size_t i = 0; i < f->n_starts; i++)
		n += figures_ours(f->starts[i].who);
	for (size_t i = 0; i < f->n_rates; i++)
		n += figures_ours(f->rates[i].who);
	return n + PER_IDLE * f->n_idle;
}

/* What is compared of a series; `base` is native's, or the bare loop's. */
static size_t values(const struct comparison *c, const struct series *s, const struct series *base,
		     double *to)
{
	size_t n = s->n;

	if (c->by_native && base && base->n < n)
		n = base->n;
	for (size_t i = 0; i < n; i++)
		to[i] = !c->by_native ? s->v[i] : base && base->v[i] > 0 ? s->v[i] / base->v[i] : NAN;
	return n;
}

static void add(struct comparison *c, const char *name, const struct series *before,
		const struct series *after, const struct series *base_before, const struct series *base_after)
{
	struct pair *p = &c->pairs[c->n];

	*p = (struct pair){.native = NAN, .show = show_ns};
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->n = values(c, before, base_before, p->before);
	p->m = values(c, after, base_after, p->after);
	p->change = median(p->after, p->m) / median(p->before, p->n);
	if (!isfinite(p->change))
		return; /* it failed in one of them */
	if (base_before && base_after)
		p->native = median(base_after->v, base_after->n) / median(base_before->v, base_before->n);
	p->p = stats_mann_whitney(p->before, p->n, p->after, p->m);
	c->n++;
}

static const struct series *of_call(const struct call_figure *c)
{
	return c ? &c->ns : NULL;
}

static const struct series *of_timed(const struct timed_figure *t)
{
	return t ? &t->ns : NULL;
}

static void add_calls(struct comparison *c)
{
	for (size_t i = 0; i < c->before->n_calls; i++) {
		const struct call_figure *b = &c->before->calls[i],
					 *a = figures_call(c->after, b->call, b->setting, b->who);
		char name[sizeof(c->pairs->name)];
		if (!a || !figures_ours(b->who))
			continue;
		snprintf(name, sizeof(name), "%.60s (%.30s)", b->call, b->setting);
		add(c, name, &b->ns, &a->ns, of_call(figures_call(c->before, b->call, b->setting, "native")),
		    of_call(figures_call(c->after, b->call, b->setting, "native")));
	}
}

static void add_timed(struct comparison *c, const struct timed_figure *before, size_t n,
		      const struct timed_figure *after, size_t m)
{
	for (size_t i = 0; i < n; i++) {
		const struct timed_figure *b = &before[i],
					  *a = figures_timed(after, m, b->name, b->setting, b->who);
		char name[sizeof(c->pairs->name)];
		if (!a || !figures_ours(b->who))
			continue;
		snprintf(name, sizeof(name), "%.50s (%.20s%s%.20s)", b->name, b->setting,
			 *b->setting ? ", " : "", b->who);
		add(c, name, &b->ns, &a->ns, of_timed(figures_native(before, n, b->name, b->setting)),
		    of_timed(figures_native(after, m, b->name, b->setting)));
	}
}

/* A rate as the time for one, so that more is slower, too. For free(). */
static struct series inverse(const struct series *s)
{
	struct series r = {calloc(s->n + 1, sizeof(*r.v)), s->n};

	if (!r.v)
		r.n = 0;
	for (size_t i = 0; i < r.n; i++)
		r.v[i] = s->v[i] > 0 ? 1e9 / s->v[i] : NAN;
	return r;
}

static void add_rate(struct comparison *c, const struct rate_figure *b, const struct rate_figure *a)
{
	const struct rate_figure *bare_b = figures_bare(c->before, b), *bare_a = figures_bare(c->after, a);
	struct series before = inverse(&b->per_second), after = inverse(&a->per_second), base_b = {0},
		      base_a = {0};
	char name[sizeof(c->pairs->name)];

	if (bare_b && bare_a) {
		base_b = inverse(&bare_b->per_second);
		base_a = inverse(&bare_a->per_second);
	}
	int n = snprintf(name, sizeof(name), "a call; sandboxes %s, threads %s", show_count(b->sandboxes).s,
			 show_count(b->threads).s);
	if (!isnan(b->workers))
		snprintf(name + n, sizeof(name) - (size_t)n, ", workers %s", show_count(b->workers).s);
	add(c, name, &before, &after, base_b.v ? &base_b : NULL, base_a.v ? &base_a : NULL);
	free(before.v);
	free(after.v);
	free(base_b.v);
	free(base_a.v);
}

static void add_rates(struct comparison *c)
{
	for (size_t i = 0; i < c->before->n_rates; i++) {
		const struct rate_figure *b = &c->before->rates[i], *a;
		if (figures_ours(b->who) && (a = figures_rate(c->after, c->before, b)))
			add_rate(c, b, a);
	}
}

/* Beside idle sandboxes: a call, to one beside few; the memory for one, and the time to start it. */
static void add_idle(struct comparison *c)
{
	for (size_t i = 0; i < c->before->n_idle; i++) {
		const struct idle_figure *b = &c->before->idle[i], *a = figures_idle(c->after, b->sandboxes);
		char name[sizeof(c->pairs->name)];
		if (!a)
			continue;
		struct shown n = show_count(b->sandboxes);
		struct series before = inverse(&b->starts_per_second), after = inverse(&a->starts_per_second);
		snprintf(name, sizeof(name), "a call beside %s idle sandboxes", n.s);
		add(c, name, &b->ns, &a->ns, &b->ns_few, &a->ns_few);
		snprintf(name, sizeof(name), "start of one of %s idle sandboxes", n.s);
		add(c, name, &before, &after, NULL, NULL);
		snprintf(name, sizeof(name), "memory for each of %s idle sandboxes", n.s);
		size_t at = c->n;
		add(c, name, &b->memory, &a->memory, NULL, NULL);
		if (c->n > at)
			c->pairs[at].show = show_bytes;
		free(before.v);
		free(after.v);
	}
}

/* ---- telling ---- */

/* Says of each thing by which the machines differ what it was; is there any? */
static bool machines_differ(FILE *to, const struct figures *a, const struct figures *b)
{
	const struct {
		const char *what, *before, *after;
	} texts[] = {{"CPU", a->cpu, b->cpu}, {"kernel", a->kernel, b->kernel}};
	bool differ = false;

	for (size_t i = 0; i < 2; i++)
		if (strcmp(texts[i].before, texts[i].after)) {
			fprintf(to, "another %s: ", texts[i].what);
			escape_terminal(to, texts[i].before, 300);
			fputs("; now ", to);
			escape_terminal(to, texts[i].after, 300);
			putc('\n', to);
			differ = true;
		}
	if (a->cpus < b->cpus || a->cpus > b->cpus) {
		fprintf(to, "another number of CPUs: %.0f; now %.0f\n", a->cpus, b->cpus);
		differ = true;
	}
	if (a->memory < b->memory * 0.9 || a->memory > b->memory * 1.1)
		fprintf(to, "another memory size: %s; now %s\n", show_bytes(a->memory).s,
			show_bytes(b->memory).s);
	return differ;
}

static bool significant(const struct pair *p)
{
	return p->adjusted <= SHOW_FALSE_DISCOVERY;
}

static void line(FILE *to, const struct pair *p, bool by_native)
{
	double before = median(p->before, p->n), after = median(p->after, p->m);
	int n = escape_terminal(to, p->name, NAME_WIDTH);

	fprintf(to, "%*s%9s%9s%9s", NAME_WIDTH - n, "", by_native ? show_ratio(before).s : p->show(before).s,
		by_native ? show_ratio(after).s : p->show(after).s, show_ratio(p->change).s);
	fprintf(to, "%8s%9.4f%s\n", isnan(p->native) ? "-" : show_ratio(p->native).s, p->adjusted,
		!significant(p) ? ""
		: p->change > 1 ? "  slower"
				: "  faster");
}

/* What a person must know who reads "significant", or misses it. */
static void statement(FILE *to, const struct comparison *c)
{
	double least = 1;
	size_t slower = 0, faster = 0, of_one = count_ours(c->before) + count_ours(c->after) - 2 * c->n;

	for (size_t i = 0; i < c->n; i++) {
		least = fmin(least, stats_least_p(c->pairs[i].n, c->pairs[i].m));
		slower += significant(&c->pairs[i]) && c->pairs[i].change > 1;
		faster += significant(&c->pairs[i]) && c->pairs[i].change < 1;
	}
	fprintf(to, "\n%zu compared: %zu slower, %zu faster, of the others no change is shown.\n", c->n,
		slower, faster);
	fprintf(to,
		"p: Mann-Whitney U over the rounds, two-sided, adjusted for %zu comparisons after Benjamini "
		"and "
		"Hochberg;\nof those called slower or faster at most one in %.0f is expected to be chance.\n"
		"The rounds of a run share its conditions: 'native' says by how much these changed "
		"(new/old).\n",
		c->n, 1 / SHOW_FALSE_DISCOVERY);
	if (c->n && least > SHOW_FALSE_DISCOVERY)
		fprintf(to, "So few rounds cannot show anything: p is at least %.2f. Take more (--rounds).\n",
			least);
	else if (c->n && least * (double)c->n > SHOW_FALSE_DISCOVERY)
		fprintf(to,
			"So few rounds for so many comparisons show a change only where at least %.0f "
			"changed; "
			"take more (--rounds).\n",
			ceil(least * (double)c->n / SHOW_FALSE_DISCOVERY));
	if (of_one)
		fprintf(to, "%zu figures are in one of the files alone, or failed in one.\n", of_one);
}

static void adjust(struct comparison *c)
{
	_cleanup_free_ double *p = calloc(c->n + 1, sizeof(*p));

	for (size_t i = 0; i < c->n; i++) {
		c->pairs[i].adjusted = 1; /* without memory nothing is significant */
		if (p)
			p[i] = c->pairs[i].p;
	}
	if (!p)
		return;
	stats_benjamini_hochberg(p, c->n, p);
	for (size_t i = 0; i < c->n; i++)
		c->pairs[i].adjusted = p[i];
}

int compare_print(FILE *to, const struct figures *before, const struct figures *after, double fail_over)
{
	struct comparison c = {.before = before, .after = after};
	bool failed = false;

	c.pairs = calloc(count_ours(before) + 1, sizeof(*c.pairs));
	if (!c.pairs)
		return -ENOMEM;
	c.by_native = machines_differ(to, before, after);
	if (c.by_native)
		fputs("The machines differ: compared are ratios to native (of throughput: to the bare loop), "
		      "not "
		      "times.\n\n",
		      to);
	add_calls(&c);
	add_timed(&c, before->layers, before->n_layers, after->layers, after->n_layers);
	add_timed(&c, before->workloads, before->n_workloads, after->workloads, after->n_workloads);
	add_timed(&c, before->starts, before->n_starts, after->starts, after->n_starts);
	add_rates(&c);
	add_idle(&c);
	adjust(&c);
	fprintf(to, "%-*s%9s%9s%9s%8s%9s\n", NAME_WIDTH, c.by_native ? "warren, to native" : "warren", "old",
		"new", "new/old", "native", "p");
	for (size_t i = 0; i < c.n; i++) {
		line(to, &c.pairs[i], c.by_native);
		failed |=
			fail_over >= 0 && significant(&c.pairs[i]) && c.pairs[i].change > 1 + fail_over / 100;
	}
	statement(to, &c);
	free(c.pairs);
	return failed;
}
