/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the page. html.c is the whole and what is said once, html_style.c its style, html_calls.c and
 * html_sections.c the sections, html_table.c their tables, html_charts.c and html_plots.c the charts. The
 * page is XML as well as HTML, so that a test can read it strictly. */
#ifndef WARREN_TOOLS_BENCH_HTML_H
#define WARREN_TOOLS_BENCH_HTML_H

#include "show.h"

struct page {
	FILE *to;
	const struct figures *f;
	unsigned id; /* of the last chart or table */
};

extern const char html_style[];

/* Escapes every %s. */
void html_put(struct page *pg, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 2.88us as 2.88 µs */
struct shown html_ns(double ns);
/* The same without zeros behind the point, for axes. */
struct shown html_round_ns(double ns);
/* The class of a series: by who for those that every page has, else by its number among the others. */
void html_class(const struct page *pg, const char *who, char *to, size_t size);

/* ---- html_table.c ---- */
/* A table that is wider than the page is scrolled by itself, with the keyboard as well; what it is called
 * stays. */
void html_begin_table(struct page *pg, const char *name);
void html_end_table(struct page *pg);
void html_ns_cell(struct page *pg, double ns);
void html_spread_cell(struct page *pg, struct spread s, bool main);
void html_decimal_cell(struct page *pg, double v);

/* ---- html_calls.c, html_sections.c: a section each; nothing if there are no figures for it ---- */
void html_calls(struct page *pg);
void html_layers(struct page *pg);
void html_workloads(struct page *pg);
void html_starts(struct page *pg);
void html_rates(struct page *pg);
void html_idle(struct page *pg);
void html_parts(struct page *pg);

/* ---- html_charts.c, html_plots.c ---- */
/* Latency against percentile, of everyone who made the call. */
void chart_latency(struct page *pg, const char *call, const char *setting);
/* Ratios to native, a bar each. low and high: what the axes of all charts beside each other have to hold. */
void chart_bars(struct page *pg, const struct timed_figure *list, size_t n, const char *name,
		const char *setting, double low, double high);

enum rate_axis { BY_SANDBOXES, BY_THREADS, BY_WORKERS, N_RATE_AXES };
/* Rates against one number while the others stay; nothing if there is only one value of it. */
void chart_rates(struct page *pg, enum rate_axis axis);
/* The parts of a notification, on top of each other; high: as above. */
void chart_parts(struct page *pg, const char *call, const char *const *parts, double high);

#endif
