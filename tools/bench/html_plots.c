/* SPDX-License-Identifier: Apache-2.0 */
/* The charts of throughput and of the parts of a notification. */
#define _GNU_SOURCE
#include "html.h"
#include "svg.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 10, BOTTOM = 190, HEIGHT = 230, LEFT = 50, RIGHT = SVG_WIDTH - 14 };

/* ---- rates ---- */

static double member(const struct rate_figure *r, enum rate_axis axis)
{
	double v = axis == BY_SANDBOXES ? r->sandboxes : axis == BY_THREADS ? r->threads : r->workers;
	return isnan(v) ? 1 : v;
}

struct rate_chart {
	enum rate_axis axis;
	double fixed[N_RATE_AXES]; /* of the other numbers; NAN: a line each */
	double low, high, most;	   /* of the axis; of the rates */
};

static bool belongs(const struct rate_chart *c, const struct rate_figure *r)
{
	if (!strcmp(r->who, "native")) /* ten times as many: only in the table */
		return false;
	for (int i = 0; i < N_RATE_AXES; i++) {
		double v = member(r, (enum rate_axis)i);
		if (i != (int)c->axis && !isnan(c->fixed[i]) && (v < c->fixed[i] || v > c->fixed[i]))
			return false;
	}
	return !isnan(figures_median(&r->per_second));
}

/* Sandboxes of one thread; threads of one sandbox; workers for most sandboxes of one thread. */
static struct rate_chart choose(const struct figures *f, enum rate_axis axis)
{
	struct rate_chart c = {.axis = axis, .fixed = {1, 1, NAN}, .low = INFINITY};

	if (axis == BY_WORKERS) {
		c.fixed[BY_SANDBOXES] = 0;
		for (size_t i = 0; i < f->n_rates; i++)
			c.fixed[BY_SANDBOXES] = fmax(c.fixed[BY_SANDBOXES], f->rates[i].sandboxes);
	}
	for (size_t i = 0; i < f->n_rates; i++) {
		const struct rate_figure *r = &f->rates[i];
		if (!belongs(&c, r))
			continue;
		c.low = fmin(c.low, member(r, axis));
		c.high = fmax(c.high, member(r, axis));
		c.most = fmax(c.most, figures_median(&r->per_second));
	}
	return c;
}

/* The line through those of one who and number of workers, in the order of the axis. `dashes` is how it is
 * drawn. */
static void rate_line(struct page *pg, const struct rate_chart *c, const struct rate_figure *of,
		      unsigned dashes, const struct scale *x, const struct scale *y)
{
	char class[32], begin = 'M';
	double last = -1;

	html_class(pg, of->who, class, sizeof(class));
	fprintf(pg->to, "<path class=\"curve %s workers%u\" d=\"", class, dashes % 4);
	for (;;) {
		const struct rate_figure *next = NULL;
		for (size_t i = 0; i < pg->f->n_rates; i++) {
			const struct rate_figure *r = &pg->f->rates[i];
			double at = member(r, c->axis);
			bool same_line =
				!strcmp(r->who, of->who) &&
				(c->axis == BY_WORKERS || !(member(r, BY_WORKERS) < member(of, BY_WORKERS) ||
							    member(r, BY_WORKERS) > member(of, BY_WORKERS)));
			if (same_line && belongs(c, r) && at > last && (!next || at < member(next, c->axis)))
				next = r;
		}
		if (!next)
			break;
		last = member(next, c->axis);
		fprintf(pg->to, "%c%.1f %.1f", begin, svg_place(x, last),
			svg_place(y, figures_median(&next->per_second)));
		begin = 'L';
	}
	fputs("\"/>\n", pg->to);
}

/* A line for each who and, where it is not the axis, number of workers; each is drawn at its first figure. */
static void rate_lines(struct page *pg, const struct rate_chart *c, const struct scale *x,
		       const struct scale *y)
{
	for (size_t i = 0; i < pg->f->n_rates; i++) {
		const struct rate_figure *r = &pg->f->rates[i];
		bool first = true;
		unsigned dashes = 0;
		if (!belongs(c, r))
			continue;
		for (size_t j = 0; j < i; j++) {
			const struct rate_figure *o = &pg->f->rates[j];
			bool equal = member(o, BY_WORKERS) <= member(r, BY_WORKERS) &&
				     member(o, BY_WORKERS) >= member(r, BY_WORKERS);
			if (belongs(c, o) && !strcmp(o->who, r->who) && (equal || c->axis == BY_WORKERS))
				first = false;
		}
		if (c->axis != BY_WORKERS)
			dashes = (unsigned)fmin(log2(fmax(member(r, BY_WORKERS), 1)), 3);
		if (first)
			rate_line(pg, c, r, dashes, x, y);
	}
}

static struct shown short_count(double v)
{
	struct shown r;

	if (v >= 999.5e3)
		snprintf(r.s, sizeof(r.s), "%gM", v / 1e6);
	else if (v >= 1000)
		snprintf(r.s, sizeof(r.s), "%gk", v / 1000);
	else
		snprintf(r.s, sizeof(r.s), "%g", v);
	return r;
}

void chart_rates(struct page *pg, enum rate_axis axis)
{
	static const char *const names[] = {"sandboxes", "threads of one sandbox", "workers"};
	static const char *const titles[] = {"Against sandboxes of one thread",
					     "Against threads of one sandbox",
					     "Against workers, with most sandboxes"};
	struct rate_chart c = choose(pg->f, axis);
	struct scale x = {.log = true, .low = c.low, .high = c.high, .from = LEFT, .to = RIGHT},
		     y = {.low = 0, .high = c.most, .from = BOTTOM, .to = TOP};
	char title[200];

	if (!(c.high > c.low))
		return;
	struct ticks tx = svg_ticks(&x, 7), ty = svg_ticks(&y, 5);
	snprintf(title, sizeof(title), "Calls in a second against %s", names[axis]);
	html_put(pg, "<figure><h4>%s</h4>\n", titles[axis]);
	svg_begin(pg->to, ++pg->id, HEIGHT, title, "Every number is in the table of this section.");
	for (size_t i = 0; i < ty.n; i++) {
		double place = svg_place(&y, ty.at[i]);
		svg_line(pg->to, LEFT, place, RIGHT, place, i ? "grid" : "axis");
		svg_text(pg->to, LEFT - 6, place + 4, "end", "tick", short_count(ty.at[i]).s);
	}
	for (size_t i = 0; i < tx.n; i++) {
		double place = svg_place(&x, tx.at[i]);
		svg_line(pg->to, place, TOP, place, BOTTOM, "grid");
		svg_text(pg->to, place, BOTTOM + 16, "middle", "tick", short_count(tx.at[i]).s);
	}
	svg_text(pg->to, (LEFT + RIGHT) / 2.0, BOTTOM + 34, "middle", "tick", names[axis]);
	rate_lines(pg, &c, &x, &y);
	svg_end(pg->to);
	html_put(pg, "</figure>\n");
}

/* ---- parts of a notification ---- */

enum { PART_LEFT = 70, PART_RIGHT = SVG_WIDTH - 66, PART_STEP = 34, PART_HEIGHT = 20 };

static void part_row(struct page *pg, const char *call, const char *who, const char *const *parts,
		     const struct scale *x, double y)
{
	double sum = 0;
	char label[24];

	snprintf(label, sizeof(label), "%.9s%s", who, strlen(who) > 9 ? "\xe2\x80\xa6" : "");
	svg_text(pg->to, PART_LEFT - 8, y + PART_HEIGHT / 2.0 + 4, "end", "label", label);
	for (unsigned i = 0; parts[i]; i++) {
		double ns = figures_part(pg->f, call, who, parts[i]), at = svg_place(x, sum);
		char class[24];
		snprintf(class, sizeof(class), "part%u", i % 6);
		if (!(ns > 0))
			continue;
		sum += ns;
		svg_bar(pg->to, at, y, fmax(svg_place(x, sum) - at - 1, 0.5), PART_HEIGHT, class);
	}
	svg_text(pg->to, svg_place(x, sum) + 6, y + PART_HEIGHT / 2.0 + 4, "start", "value", html_ns(sum).s);
}

void chart_parts(struct page *pg, const char *call, const char *const *parts, double high)
{
	_cleanup_free_ const char **whos = FIGURES_NAMES(pg->f->parts, pg->f->n_parts, who);
	const struct scale x = {.low = 0, .high = fmax(high, 1), .from = PART_LEFT, .to = PART_RIGHT};
	int rows = 0;
	char title[200];

	while (whos && whos[rows])
		rows++;
	snprintf(title, sizeof(title), "Where the time of %.100s goes", call);
	svg_begin(pg->to, ++pg->id, rows * PART_STEP + 6, title,
		  "Every number is in the table of this section.");
	svg_line(pg->to, PART_LEFT, 2, PART_LEFT, rows * PART_STEP, "axis");
	for (int i = 0; i < rows; i++)
		part_row(pg, call, whos[i], parts, &x, i * PART_STEP + (PART_STEP - PART_HEIGHT) / 2.0);
	svg_end(pg->to);
}
