/* SPDX-License-Identifier: Apache-2.0 */
/* The other sections of the page: each a heading, the charts, a table with every number. */
#define _GNU_SOURCE
#include "html.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- workloads and starts ---- */

/* What the axes of all charts have to hold. */
static void bar_range(const struct timed_figure *list, size_t n, double *low, double *high)
{
	*low = 0.9;
	*high = 2;
	for (size_t i = 0; i < n; i++) {
		const struct timed_figure *native = figures_native(list, n, list[i].name, list[i].setting);
		struct spread s = figures_ratio(&list[i].ns, native ? &native->ns : NULL);
		if (!s.n || native == &list[i])
			continue;
		*low = fmin(*low, s.low);
		*high = fmax(*high, s.high);
	}
}

static void timed_table(struct page *pg, const struct timed_figure *list, size_t n, const char *setting,
			const char *const *names, const char *const *whos)
{
	html_begin_table(pg, "Time as a ratio to native in the same round: median, lowest-highest");
	html_put(pg, "<thead><tr><th scope=\"col\"></th><th scope=\"col\">native</th>");
	for (const char *const *w = whos; *w; w++)
		if (strcmp(*w, "native"))
			html_put(pg, "<th scope=\"col\">%s</th>", *w);
	html_put(pg, "</tr></thead><tbody>\n");
	for (; *names; names++) {
		const struct timed_figure *native = figures_native(list, n, *names, setting);
		html_put(pg, "<tr><th scope=\"row\">%s</th>", *names);
		html_ns_cell(pg, figures_median(native ? &native->ns : NULL));
		for (const char *const *w = whos; *w; w++) {
			const struct timed_figure *t = figures_timed(list, n, *names, setting, *w);
			if (strcmp(*w, "native"))
				html_spread_cell(
					pg, figures_ratio(t ? &t->ns : NULL, native ? &native->ns : NULL),
					figures_ours(*w));
		}
		html_put(pg, "</tr>\n");
	}
	html_end_table(pg);
}

static void timed_charts(struct page *pg, const struct timed_figure *list, size_t n, const char *setting,
			 const char *const *names)
{
	double low, high;

	bar_range(list, n, &low, &high);
	html_put(pg, "<div class=\"charts\">\n");
	for (; *names; names++) {
		const struct timed_figure *native = figures_native(list, n, *names, setting);
		if (!native)
			continue;
		html_put(pg, "<figure><h4>%s</h4><figcaption>%s%snative %s</figcaption>\n", *names,
			 native->note, *native->note ? "; " : "", html_ns(figures_median(&native->ns)).s);
		chart_bars(pg, list, n, *names, setting, low, high);
		html_put(pg, "</figure>\n");
	}
	html_put(pg, "</div>\n");
}

static void timed(struct page *pg, const struct timed_figure *list, size_t n)
{
	_cleanup_free_ const char **settings = FIGURES_NAMES(list, n, setting);
	_cleanup_free_ const char **whos = FIGURES_NAMES(list, n, who);

	for (const char **s = settings; s && whos && *s; s++) {
		_cleanup_free_ const char **names = figures_timed_names(list, n, *s);
		if (!names)
			return;
		if (**s)
			html_put(pg, "<h3>In %s</h3>\n", figures_setting(*s));
		timed_charts(pg, list, n, *s, names);
		timed_table(pg, list, n, *s, names, whos);
	}
}

void html_layers(struct page *pg)
{
	if (!pg->f->n_layers)
		return;
	html_put(pg,
		 "<section><h2 id=\"layers\">Paths of a layer</h2>\n"
		 "<p>The same calls on paths that a layer never touched, that it copied up, and that it "
		 "deleted, next "
		 "to other ways to have one. <b>native</b> and <b>warren</b> have no layer: the same was "
		 "done to a "
		 "plain directory; <b>layer</b> is warren with --cow, <b>frozen</b> the same with "
		 "--lower-frozen, "
		 "<b>overlayfs</b> the kernel's. The axes are logarithmic and the same in all charts.</p>\n");
	timed(pg, pg->f->layers, pg->f->n_layers);
	html_put(pg,
		 "<p class=\"soft\">Again: <code>warren bench --only layers --rounds "
		 "%d</code></p>\n</section>\n",
		 (int)pg->f->layers[0].ns.n);
}

void html_workloads(struct page *pg)
{
	if (!pg->f->n_workloads)
		return;
	html_put(pg, "<section><h2 id=\"workloads\">Whole workloads</h2>\n"
		     "<p>The same work natively, in warren and in its peers, in turns, each time from a "
		     "fresh copy of the same files. A bar "
		     "is the median of the ratios to native; the thin line goes from the lowest to the "
		     "highest of the rounds. The axes "
		     "are logarithmic and the same in all charts. <b>warren</b> writes in place, "
		     "<b>layer</b> is warren with --cow, <b>frozen</b> the same with --lower-frozen.</p>\n");
	timed(pg, pg->f->workloads, pg->f->n_workloads);
	html_put(pg,
		 "<p class=\"soft\">Again: <code>warren bench --workloads --rounds %d"
		 "</code></p>\n</section>\n",
		 (int)pg->f->workloads[0].ns.n);
}

void html_starts(struct page *pg)
{
	if (!pg->f->n_starts)
		return;
	html_put(pg, "<section><h2 id=\"starts\">Starts</h2>\n"
		     "<p>From the request for a sandbox to the first instruction of a static program in it, "
		     "and to its end; natively: the "
		     "same program without a sandbox.</p>\n");
	timed(pg, pg->f->starts, pg->f->n_starts);
	html_put(pg, "</section>\n");
}

/* ---- throughput ---- */

static void rate_legend(struct page *pg)
{
	_cleanup_free_ const char **whos = FIGURES_NAMES(pg->f->rates, pg->f->n_rates, who);

	html_put(pg, "<ul class=\"legend\">\n");
	for (const char **w = whos; w && *w; w++) {
		char class[32];
		if (!strcmp(*w, "native")) /* only in the table */
			continue;
		html_class(pg, *w, class, sizeof(class));
		html_put(pg,
			 "<li><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"key\" viewBox=\"0 0 30 10\" "
			 "aria-hidden=\"true\"><path d=\"M0 "
			 "5L30 5\" class=\"curve %s "
			 "workers0\"/></svg>%s</li>\n",
			 class, *w);
	}
	html_put(pg, "<li>drawn through: one worker; dashed: two, four, more</li></ul>\n");
}

static void rate_table(struct page *pg)
{
	html_begin_table(pg, "Calls in a second, of all sandboxes together");
	html_put(pg, "<thead><tr><th scope=\"col\">who</th><th scope=\"col\">sandboxes</th><th "
		     "scope=\"col\">threads of each</th>"
		     "<th scope=\"col\">workers</th><th scope=\"col\">calls a second</th><th "
		     "scope=\"col\">to the bare loop</th></tr>"
		     "</thead><tbody>\n");
	for (size_t i = 0; i < pg->f->n_rates; i++) {
		const struct rate_figure *r = &pg->f->rates[i], *bare = figures_bare(pg->f, r);
		html_put(pg, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td>",
			 r->who, show_count(r->sandboxes).s, show_count(r->threads).s,
			 show_count(r->workers).s, show_count(figures_median(&r->per_second)).s);
		html_spread_cell(pg,
				 bare && bare != r ? figures_ratio(&r->per_second, &bare->per_second)
						   : stats_spread(NULL, 0),
				 true);
		html_put(pg, "</tr>\n");
	}
	html_end_table(pg);
}

void html_rates(struct page *pg)
{
	if (!pg->f->n_rates)
		return;
	html_put(pg, "<section><h2 id=\"throughput\">Throughput</h2>\n"
		     "<p>Calls answered in a second while all guests call without a pause. <b>bare</b> is a "
		     "loop of receive and send over "
		     "as many listeners, written by hand, which looks at nothing.</p>\n");
	rate_legend(pg);
	html_put(pg, "<div class=\"charts\">\n");
	for (int i = 0; i < N_RATE_AXES; i++)
		chart_rates(pg, (enum rate_axis)i);
	html_put(pg, "</div>\n");
	rate_table(pg);
	html_put(pg, "</section>\n");
}

/* ---- idle sandboxes ---- */

static void idle_table(struct page *pg)
{
	html_begin_table(pg, "One sandbox that calls beside many that do nothing");
	html_put(pg, "<thead><tr><th scope=\"col\">sandboxes</th><th scope=\"col\">a null call</th>"
		     "<th scope=\"col\">to the same beside few</th><th scope=\"col\">few</th>"
		     "<th scope=\"col\">memory of the supervisor for one</th><th scope=\"col\">starts a "
		     "second</th></tr></thead>"
		     "<tbody>\n");
	for (size_t i = 0; i < pg->f->n_idle; i++) {
		const struct idle_figure *d = &pg->f->idle[i];
		html_put(pg, "<tr><th scope=\"row\">%s</th>", show_count(d->sandboxes).s);
		html_ns_cell(pg, figures_median(&d->ns));
		html_spread_cell(pg, figures_ratio(&d->ns, &d->ns_few), true);
		html_put(pg, "<td>%s</td><td>%s</td><td>%s</td></tr>\n", show_count(d->few).s,
			 show_bytes(figures_median(&d->memory)).s,
			 show_count(figures_median(&d->starts_per_second)).s);
	}
	html_end_table(pg);
}

void html_idle(struct page *pg)
{
	if (!pg->f->n_idle)
		return;
	html_put(pg, "<section><h2 id=\"idle\">Idle sandboxes</h2>\n"
		     "<p>What sandboxes cost that do nothing: the memory that the supervisor needs for each, "
		     "and how much longer a call of "
		     "another one takes.</p>\n");
	idle_table(pg);
	html_put(pg, "</section>\n");
}

/* ---- parts of a notification ---- */

static void part_table(struct page *pg, const char *const *calls, const char *const *whos,
		       const char *const *parts)
{
	html_begin_table(pg, "Time of each part of one notification");
	html_put(pg, "<thead><tr><th scope=\"col\">call</th><th scope=\"col\" class=\"text\">who</th>");
	for (const char *const *p = parts; *p; p++)
		html_put(pg, "<th scope=\"col\">%s</th>", *p);
	html_put(pg, "</tr></thead><tbody>\n");
	for (; *calls; calls++)
		for (const char *const *w = whos; *w; w++) {
			html_put(pg, "<tr><th scope=\"row\">%s</th><td class=\"text\">%s</td>", *calls, *w);
			for (const char *const *p = parts; *p; p++)
				html_ns_cell(pg, figures_part(pg->f, *calls, *w, *p));
			html_put(pg, "</tr>\n");
		}
	html_end_table(pg);
}

void html_parts(struct page *pg)
{
	const struct figures *f = pg->f;
	_cleanup_free_ const char **calls = FIGURES_NAMES(f->parts, f->n_parts, call);
	_cleanup_free_ const char **whos = FIGURES_NAMES(f->parts, f->n_parts, who);
	_cleanup_free_ const char **parts = FIGURES_NAMES(f->parts, f->n_parts, part);
	double most = 0;

	if (!f->n_parts || !calls || !whos || !parts)
		return;
	for (size_t i = 0; i < f->n_parts; i++) {
		double sum = 0;
		for (const char **p = parts; *p; p++) {
			double ns = figures_part(f, f->parts[i].call, f->parts[i].who, *p);
			sum += ns > 0 ? ns : 0;
		}
		most = fmax(most, sum);
	}
	html_put(pg, "<section><h2 id=\"breakdown\">Where the time of a notification goes</h2>\n<ul "
		     "class=\"legend\">\n");
	for (unsigned i = 0; parts[i]; i++)
		html_put(pg, "<li><i class=\"part%u\"></i>%s</li>\n", i % 6, parts[i]);
	html_put(pg, "</ul>\n<div class=\"charts\">\n");
	for (const char **c = calls; *c; c++) {
		html_put(pg, "<figure><h4>%s</h4>\n", *c);
		chart_parts(pg, *c, parts, most);
		html_put(pg, "</figure>\n");
	}
	html_put(pg, "</div>\n");
	part_table(pg, calls, whos, parts);
	html_put(pg, "</section>\n");
}
