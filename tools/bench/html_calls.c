/* SPDX-License-Identifier: Apache-2.0 */
/* The section of single calls. */
#define _GNU_SOURCE
#include "html.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void key(struct page *pg, const char *who)
{
	char class[32];

	html_class(pg, who, class, sizeof(class));
	html_put(pg,
		 "<li><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"key\" viewBox=\"0 0 30 10\" "
		 "aria-hidden=\"true\"><path d=\"M0 5L30 5\" "
		 "class=\"curve %s\"/>"
		 "</svg>%s</li>\n",
		 class, who);
}

static const struct series *ns_of(const struct figures *f, const char *call, const char *setting,
				  const char *who)
{
	const struct call_figure *c = figures_call(f, call, setting, who);
	return c ? &c->ns : NULL;
}

static void call_row(struct page *pg, const struct call_figure *c)
{
	const struct series *native = ns_of(pg->f, c->call, c->setting, "native"),
			    *floor = ns_of(pg->f, c->call, c->setting, "floor");
	bool ours = !strcmp(c->who, "warren");

	html_put(pg, "<tr class=\"%s\"><th scope=\"row\">%s</th>", ours ? "" : "sub",
		 ours ? c->call : c->who);
	html_ns_cell(pg, figures_median(&c->ns));
	html_spread_cell(pg, strcmp(c->who, "native") ? figures_ratio(&c->ns, native) : stats_spread(NULL, 0),
			 ours);
	html_spread_cell(pg,
			 strcmp(c->who, "native") && strcmp(c->who, "floor") ? figures_ratio(&c->ns, floor)
									     : stats_spread(NULL, 0),
			 ours);
	html_ns_cell(pg, c->p50);
	html_ns_cell(pg, c->p90);
	html_ns_cell(pg, c->p99);
	html_ns_cell(pg, c->p999);
	html_ns_cell(pg, c->cpu_ns);
	html_decimal_cell(pg, c->supervisor_calls);
	html_decimal_cell(pg, c->switches);
	html_put(pg, "</tr>\n");
}

static void call_table(struct page *pg, const char *setting, const char *const *calls)
{
	char name[300];

	snprintf(name, sizeof(name), "Single calls in %.200s: warren, and below it what it is compared with",
		 figures_setting(setting));
	html_begin_table(pg, name);
	html_put(pg, "<thead><tr><th scope=\"col\">call</th><th scope=\"col\">median</th><th "
		     "scope=\"col\">to native</th>"
		     "<th scope=\"col\">to the floor</th><th scope=\"col\">p50</th><th scope=\"col\">p90</th>"
		     "<th scope=\"col\">p99</th><th scope=\"col\">p99.9</th><th scope=\"col\">CPU time</th>"
		     "<th scope=\"col\">supervisor<br/>calls</th><th "
		     "scope=\"col\">context<br/>switches</th></tr></thead>"
		     "<tbody>\n");
	for (; *calls; calls++) {
		const struct call_figure *ours = figures_call(pg->f, *calls, setting, "warren");
		if (ours)
			call_row(pg, ours);
		for (size_t i = 0; i < pg->f->n_calls; i++) {
			const struct call_figure *c = &pg->f->calls[i];
			if (c != ours && !strcmp(c->call, *calls) && !strcmp(c->setting, setting))
				call_row(pg, c);
		}
	}
	html_end_table(pg);
}

static void call_figure_of(struct page *pg, const char *call, const char *setting)
{
	const struct figures *f = pg->f;
	const struct call_figure *ours = figures_call(f, call, setting, "warren"), *any = ours;
	bool drawn = false;

	for (size_t i = 0; i < f->n_calls; i++)
		if (!strcmp(f->calls[i].call, call) && !strcmp(f->calls[i].setting, setting)) {
			any = any ? any : &f->calls[i];
			drawn |= f->calls[i].n_buckets > 0;
		}
	if (!any || !drawn)
		return;
	html_put(pg, "<figure><h4>%s</h4><figcaption>%s", call, any->note);
	if (ours) {
		struct spread to_floor = figures_ratio(&ours->ns, ns_of(f, call, setting, "floor")),
			      to_native = figures_ratio(&ours->ns, ns_of(f, call, setting, "native"));
		html_put(pg, "<br/>warren %s", html_ns(figures_median(&ours->ns)).s);
		if (to_floor.n)
			html_put(pg, ", %s\xc3\x97 floor", show_ratio(to_floor.median).s);
		if (to_native.n)
			html_put(pg, ", %s\xc3\x97 native", show_ratio(to_native.median).s);
	}
	html_put(pg, "</figcaption>\n");
	chart_latency(pg, call, setting);
	html_put(pg, "</figure>\n");
}

void html_calls(struct page *pg)
{
	const struct figures *f = pg->f;
	_cleanup_free_ const char **settings = FIGURES_NAMES(f->calls, f->n_calls, setting);
	_cleanup_free_ const char **calls = FIGURES_NAMES(f->calls, f->n_calls, call);
	_cleanup_free_ const char **whos = FIGURES_NAMES(f->calls, f->n_calls, who);
	const char *open = "root";

	if (!f->n_calls || !settings || !calls || !whos)
		return;
	html_put(pg,
		 "<section><h2 id=\"calls\">Single calls</h2>\n"
		 "<p>What one system call of the guest costs. <b>native</b> is the call without a sandbox; "
		 "<b>floor</b> the simplest "
		 "program that answers the same call correctly, written by hand, which knows nothing of "
		 "warren. Medians are of "
		 "rounds in which all take turns; ratios are made within a round, and given as their median "
		 "with the lowest and "
		 "the highest. Percentiles are of all calls of all rounds, in the clock of the guest.</p>\n"
		 "<p>In the charts a curve says how long all but the slowest calls took, on a logarithmic "
		 "axis: to the right are "
		 "the slow ones, ten times rarer with each step.</p>\n<ul class=\"legend\">\n");
	for (const char **w = whos; *w; w++)
		key(pg, *w);
	html_put(pg, "</ul>\n");
	for (const char **s = settings; *s; s++)
		if (!strcmp(*s, "foreign"))
			open = *s;
	for (const char **s = settings; *s; s++) {
		bool first = s == settings ? strcmp(open, "foreign") != 0 : false;
		html_put(pg, first || !strcmp(*s, open) ? "<details open=\"open\">" : "<details>");
		html_put(pg, "<summary>In %s</summary>\n<div class=\"charts\">\n", figures_setting(*s));
		for (const char **c = calls; *c; c++)
			call_figure_of(pg, *c, *s);
		html_put(pg, "</div>\n");
		call_table(pg, *s, calls);
		html_put(pg,
			 "<p class=\"soft\">Again: <code>warren bench --setting %s --rounds "
			 "%d</code></p>\n</details>\n",
			 *s, (int)f->calls[0].ns.n);
	}
	html_put(pg, "</section>\n");
}
