/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "html.h"
#include "svg.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT (SVG_WIDTH - 12)

/* ---- latency against percentile ---- */

enum { LATENCY_HEIGHT = 230, LATENCY_LEFT = 56, LATENCY_TOP = 10, LATENCY_BOTTOM = 190 };
#define NINES 4.0 /* up to 99.99 % */

static double total(const struct call_figure *c)
{
	double n = 0;

	for (size_t i = 0; i < c->n_buckets; i++)
		n += c->histogram[i].count;
	return n;
}

/* In the middle of a bucket: what lies between its bound and the next one's, which may be far away. */
static double middle(const struct call_figure *c, size_t i)
{
	return c->histogram[i].lower * 1.015;
}

/* How many nines the share of those below has; the number of calls limits how many can be told. */
static double nines(double share)
{
	return share >= 1 ? NINES : fmin(-log10(1 - share), NINES);
}

static void latency_curve(struct page *pg, const struct call_figure *c, const struct scale *x,
			  const struct scale *y)
{
	double n = total(c), seen = 0, last = -1;
	char class[32];

	html_class(pg, c->who, class, sizeof(class));
	fprintf(pg->to, "<path class=\"curve %s\" d=\"", class);
	for (size_t i = 0; i < c->n_buckets && last < NINES; i++) {
		double at = fmin(nines((seen + c->histogram[i].count / 2) / n), log10(n));
		seen += c->histogram[i].count;
		if (last >= 0 && svg_place(x, at) - svg_place(x, last) < 0.4 && i + 1 < c->n_buckets)
			continue; /* would not be seen */
		fprintf(pg->to, "%c%.1f %.1f", last < 0 ? 'M' : 'L', svg_place(x, last < 0 ? 0 : at),
			svg_place(y, middle(c, i)));
		last = at;
	}
	fputs("\"/>\n", pg->to);
}

/* The range of all curves up to the last nine. */
static bool latency_range(const struct page *pg, const char *call, const char *setting, struct scale *y)
{
	*y = (struct scale){
		.log = true, .low = INFINITY, .high = 0, .from = LATENCY_BOTTOM, .to = LATENCY_TOP};
	for (size_t i = 0; i < pg->f->n_calls; i++) {
		const struct call_figure *c = &pg->f->calls[i];
		double n = total(c), seen = 0;
		if (strcmp(c->call, call) || strcmp(c->setting, setting) || !(n > 0))
			continue;
		y->low = fmin(y->low, middle(c, 0));
		for (size_t j = 0; j < c->n_buckets && nines(seen / n) < NINES; j++) {
			y->high = fmax(y->high, middle(c, j));
			seen += c->histogram[j].count;
		}
	}
	return y->high > 0;
}

static void latency_axes(struct page *pg, const struct scale *x, const struct scale *y, const struct ticks *t)
{
	static const char *const names[] = {"50%", "90%", "99%", "99.9%", "99.99%"};
	static const double at[] = {0.30103, 1, 2, 3, 4};

	for (size_t i = 0; i < t->n; i++) {
		double place = svg_place(y, t->at[i]);
		svg_line(pg->to, LATENCY_LEFT, place, RIGHT, place, "grid");
		svg_text(pg->to, LATENCY_LEFT - 6, place + 4, "end", "tick", html_round_ns(t->at[i]).s);
	}
	for (size_t i = 0; i < WR_ARRAY_SIZE(at); i++) {
		double place = svg_place(x, at[i]);
		svg_line(pg->to, place, LATENCY_TOP, place, LATENCY_BOTTOM, "grid");
		svg_text(pg->to, fmin(place, RIGHT - 12), LATENCY_BOTTOM + 16, "middle", "tick", names[i]);
	}
	svg_line(pg->to, LATENCY_LEFT, LATENCY_BOTTOM, RIGHT, LATENCY_BOTTOM, "axis");
	svg_text(pg->to, (LATENCY_LEFT + RIGHT) / 2.0, LATENCY_BOTTOM + 34, "middle", "tick",
		 "share of calls that took no longer");
}

void chart_latency(struct page *pg, const char *call, const char *setting)
{
	const struct scale x = {.low = 0, .high = NINES, .from = LATENCY_LEFT, .to = RIGHT};
	char title[300], desc[2000] = "Medians and 99th percentiles:";
	struct scale y;

	if (!latency_range(pg, call, setting, &y))
		return;
	struct ticks t = svg_ticks(&y, 7);
	snprintf(title, sizeof(title), "Latency of %.100s in %.100s", call, figures_setting(setting));
	for (size_t i = 0; i < pg->f->n_calls; i++) {
		const struct call_figure *c = &pg->f->calls[i];
		size_t n = strlen(desc);
		if (!strcmp(c->call, call) && !strcmp(c->setting, setting))
			snprintf(desc + n, sizeof(desc) - n, " %.100s %s, %s;", c->who, html_ns(c->p50).s,
				 html_ns(c->p99).s);
	}
	svg_begin(pg->to, ++pg->id, LATENCY_HEIGHT, title, desc);
	latency_axes(pg, &x, &y, &t);
	for (size_t i = 0; i < pg->f->n_calls; i++) {
		const struct call_figure *c = &pg->f->calls[i];
		if (!strcmp(c->call, call) && !strcmp(c->setting, setting) && total(c) > 0)
			latency_curve(pg, c, &x, &y);
	}
	svg_end(pg->to);
}

/* ---- bars ---- */

enum { BAR_LEFT = 104, BAR_RIGHT = SVG_WIDTH - 62, BAR_STEP = 24, BAR_HEIGHT = 14 };

static void bar(struct page *pg, const struct timed_figure *t, const struct spread *s, const struct scale *x,
		double y)
{
	bool ours = figures_ours(t->who);
	double one = svg_place(x, 1), end = svg_place(x, s->median), low = svg_place(x, s->low),
	       high = svg_place(x, s->high), middle_y = y + BAR_HEIGHT / 2.0;
	char label[24], value[64];

	snprintf(label, sizeof(label), "%.15s%s", t->who, strlen(t->who) > 15 ? "\xe2\x80\xa6" : "");
	svg_text(pg->to, BAR_LEFT - 8, middle_y + 4, "end", ours ? "label ours" : "label", label);
	if (!s->n) {
		svg_text(pg->to, one + 6, middle_y + 4, "start", "tick", "failed");
		return;
	}
	svg_bar(pg->to, fmin(one, end), y, fmax(fabs(end - one), 1.5), BAR_HEIGHT, ours ? "bar ours" : "bar");
	svg_line(pg->to, low, middle_y, high, middle_y, "whisker");
	svg_line(pg->to, low, middle_y - 3, low, middle_y + 3, "whisker");
	svg_line(pg->to, high, middle_y - 3, high, middle_y + 3, "whisker");
	snprintf(value, sizeof(value), "%s\xc3\x97", show_ratio(s->median).s);
	svg_text(pg->to, fmax(fmax(end, high), one) + 6, middle_y + 4, "start", ours ? "value ours" : "value",
		 value);
}

void chart_bars(struct page *pg, const struct timed_figure *list, size_t n, const char *name,
		const char *setting, double low, double high)
{
	const struct timed_figure *native = figures_native(list, n, name, setting);
	struct scale x = {.log = true, .low = low, .high = high, .from = BAR_LEFT, .to = BAR_RIGHT};
	struct ticks t = svg_ticks(&x, 7);
	char title[300], desc[2000] = "Ratios to native:";
	int rows = 0, y = 6;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(desc);
		if (strcmp(list[i].name, name) || strcmp(list[i].setting, setting) || &list[i] == native)
			continue;
		struct spread s = figures_ratio(&list[i].ns, native ? &native->ns : NULL);
		snprintf(desc + len, sizeof(desc) - len, " %.100s %s;", list[i].who, show_ratio(s.median).s);
		rows++;
	}
	snprintf(title, sizeof(title), "%.100s, time as a ratio to native", name);
	int bottom = y + rows * BAR_STEP;
	svg_begin(pg->to, ++pg->id, bottom + 24, title, desc);
	for (size_t i = 0; i < t.n; i++) {
		bool is_one = t.at[i] > 0.99 && t.at[i] < 1.01;
		double place = svg_place(&x, t.at[i]);
		char tick[64];
		snprintf(tick, sizeof(tick), "%g\xc3\x97", t.at[i]);
		svg_line(pg->to, place, 2, place, bottom, is_one ? "axis" : "grid");
		svg_text(pg->to, place, bottom + 16, "middle", "tick", tick);
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) || strcmp(list[i].setting, setting) || &list[i] == native)
			continue;
		struct spread s = figures_ratio(&list[i].ns, native ? &native->ns : NULL);
		bar(pg, &list[i], &s, &x, y + (BAR_STEP - BAR_HEIGHT) / 2.0);
		y += BAR_STEP;
	}
	svg_end(pg->to);
}
