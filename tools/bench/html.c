/* SPDX-License-Identifier: Apache-2.0 */
/* The page as a whole: what was measured and where, the figures that sum it up, how to get them again. */
#define _GNU_SOURCE
#include "html.h"
#include "../escape.h"
#include "../../engine/base/cleanup.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_CLASSES 5 /* s0 to s4 of the style */

void html_put(struct page *pg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (const char *c = fmt; *c; c++) {
		if (*c != '%') {
			putc(*c, pg->to);
			continue;
		}
		switch (*++c) {
		case 's':
			escape_xml(pg->to, va_arg(ap, const char *));
			break;
		case 'd':
			fprintf(pg->to, "%d", va_arg(ap, int));
			break;
		case 'u':
			fprintf(pg->to, "%u", va_arg(ap, unsigned));
			break;
		default:
			putc(*c, pg->to);
		}
	}
	va_end(ap);
}

/* A unit behind the first n characters. */
static struct shown with_space(const char *plain, size_t n, const char *unit)
{
	struct shown r;
	bool micro = *unit == 'u';

	snprintf(r.s, sizeof(r.s), "%.*s\xc2\xa0%s%.3s", (int)n, plain, micro ? "\xc2\xb5" : "",
		 unit + micro);
	return r;
}

struct shown html_ns(double ns)
{
	struct shown plain = show_ns(ns);
	size_t n = strspn(plain.s, "0123456789.");

	return n ? with_space(plain.s, n, plain.s + n) : plain;
}

struct shown html_round_ns(double ns)
{
	struct shown plain = show_ns(ns);
	size_t n = strspn(plain.s, "0123456789."), digits = n;

	if (memchr(plain.s, '.', n)) {
		while (plain.s[digits - 1] == '0')
			digits--;
		digits -= plain.s[digits - 1] == '.';
	}
	return n ? with_space(plain.s, digits, plain.s + n) : plain;
}

void html_class(const struct page *pg, const char *who, char *to, size_t size)
{
	static const char *const known[] = {"native", "floor", "warren", "bare"};
	unsigned n = 0;

	for (size_t i = 0; i < WR_ARRAY_SIZE(known); i++)
		if (!strcmp(who, known[i])) {
			snprintf(to, size, "%s", who);
			return;
		}
	_cleanup_free_ const char **whos = FIGURES_NAMES(pg->f->calls, pg->f->n_calls, who);
	for (const char **w = whos; w && *w && strcmp(*w, who); w++) {
		bool is_known = false;
		for (size_t i = 0; i < WR_ARRAY_SIZE(known); i++)
			is_known |= !strcmp(*w, known[i]);
		n += !is_known;
	}
	snprintf(to, size, "s%u", n % OTHER_CLASSES);
}

/* ---- the figures that sum it up ---- */

static void tile(struct page *pg, const char *value, const char *what, const char *note)
{
	html_put(pg, "<li><b>%s</b><span>%s</span><small>%s</small></li>\n", value, what, note);
}

static void ratio_tile(struct page *pg, struct spread s, const char *what, const char *note)
{
	char value[64];

	if (!s.n)
		return;
	snprintf(value, sizeof(value), "%s\xc3\x97", show_ratio(s.median).s);
	tile(pg, value, what, note);
}

/* A call in the first setting of those given in which it was measured. */
static const struct call_figure *somewhere(const struct figures *f, const char *call, const char *who)
{
	static const char *const settings[] = {"foreign", "root", "layer", "touched"};
	const struct call_figure *c = NULL;

	for (size_t i = 0; !c && i < WR_ARRAY_SIZE(settings); i++)
		c = figures_call(f, call, settings[i], who);
	return c;
}

static void call_tile(struct page *pg, const char *call)
{
	const struct call_figure *ours = somewhere(pg->f, call, "warren");
	char what[100], note[300] = "";

	if (!ours)
		return;
	const struct call_figure *floor = figures_call(pg->f, call, ours->setting, "floor"),
				 *native = figures_call(pg->f, call, ours->setting, "native");
	struct spread to_native = figures_ratio(&ours->ns, native ? &native->ns : NULL);
	snprintf(what, sizeof(what), "%.40s, to the floor", call);
	snprintf(note, sizeof(note), "%s; %s\xc3\x97 native, in %.100s", html_ns(figures_median(&ours->ns)).s,
		 show_ratio(to_native.median).s, figures_setting(ours->setting));
	ratio_tile(pg, figures_ratio(&ours->ns, floor ? &floor->ns : NULL), what, note);
}

static void tail_tile(struct page *pg)
{
	const struct call_figure *c = somewhere(pg->f, "null", "warren");
	char value[64], note[200];

	if (!c || !(c->p50 > 0) || isnan(c->p99))
		return;
	snprintf(value, sizeof(value), "%s\xc3\x97", show_ratio(c->p99 / c->p50).s);
	snprintf(note, sizeof(note), "p50 %s, p99 %s", html_ns(c->p50).s, html_ns(c->p99).s);
	tile(pg, value, "null call: p99 to p50", note);
}

/* The geometric mean over what was timed, of those who ran all of it. */
static void mean_tile(struct page *pg, const struct timed_figure *list, size_t n, const char *who,
		      const char *what)
{
	double sum = 0, worst = 0;
	const char *worst_name = "";
	size_t k = 0;
	char value[64], note[200];

	for (size_t i = 0; i < n; i++) {
		const struct timed_figure *t = &list[i],
					  *native = figures_native(list, n, t->name, t->setting);
		struct spread s = figures_ratio(&t->ns, native ? &native->ns : NULL);
		if (strcmp(t->who, who) || !s.n || !(s.median > 0))
			continue;
		sum += log(s.median);
		k++;
		if (s.median > worst) {
			worst = s.median;
			worst_name = t->name;
		}
	}
	if (!k)
		return;
	snprintf(value, sizeof(value), "%s\xc3\x97", show_ratio(exp(sum / (double)k)).s);
	snprintf(note, sizeof(note), "geometric mean of %zu; most: %.60s, %s\xc3\x97", k, worst_name,
		 show_ratio(worst).s);
	tile(pg, value, what, note);
}

static void rate_tile(struct page *pg)
{
	const struct rate_figure *best = NULL;
	char note[200];

	for (size_t i = 0; i < pg->f->n_rates; i++) {
		const struct rate_figure *r = &pg->f->rates[i];
		if (!strcmp(r->who, "warren") && figures_bare(pg->f, r) &&
		    (!best || r->sandboxes >= best->sandboxes))
			best = r;
	}
	if (!best)
		return;
	snprintf(note, sizeof(note), "%s sandboxes, %s calls a second", show_count(best->sandboxes).s,
		 show_count(figures_median(&best->per_second)).s);
	ratio_tile(pg, figures_ratio(&best->per_second, &figures_bare(pg->f, best)->per_second),
		   "throughput, to a bare loop", note);
}

static void idle_tile(struct page *pg)
{
	const struct idle_figure *most = NULL;
	char note[200];

	for (size_t i = 0; i < pg->f->n_idle; i++)
		if (!most || pg->f->idle[i].sandboxes > most->sandboxes)
			most = &pg->f->idle[i];
	if (!most)
		return;
	snprintf(note, sizeof(note), "beside %s that do nothing, to beside %s; %s for each",
		 show_count(most->sandboxes).s, show_count(most->few).s,
		 show_bytes(figures_median(&most->memory)).s);
	ratio_tile(pg, figures_ratio(&most->ns, &most->ns_few), "a null call beside idle sandboxes", note);
}

static void summary(struct page *pg)
{
	const struct figures *f = pg->f;

	html_put(pg, "<section><h2 id=\"summary\">In short</h2>\n<ul class=\"tiles\">\n");
	call_tile(pg, "null");
	call_tile(pg, "open");
	call_tile(pg, "stat");
	tail_tile(pg);
	rate_tile(pg);
	idle_tile(pg);
	mean_tile(pg, f->layers, f->n_layers, "layer", "calls on paths of a layer, to native");
	mean_tile(pg, f->workloads, f->n_workloads, "warren", "whole workloads, to native");
	mean_tile(pg, f->workloads, f->n_workloads, "layer", "the same with a layer, to native");
	mean_tile(pg, f->starts, f->n_starts, "warren", "starts, to native");
	html_put(pg, "</ul>\n<p class=\"soft\">Only ratios within one run carry over to another machine. "
		     "Below 1.00 is less "
		     "than what it is compared with; throughput is better above 1.00.</p>\n</section>\n");
}

/* ---- where, and how to get it again ---- */

static void fact(struct page *pg, const char *what, const char *value)
{
	if (*value)
		html_put(pg, "<dt>%s</dt><dd>%s</dd>\n", what, value);
}

static void number_fact(struct page *pg, const char *what, double v, const char *format)
{
	char s[64];

	if (isnan(v))
		return;
	snprintf(s, sizeof(s), !strcmp(format, "count") ? "%.0f" : "%.2f", v);
	fact(pg, what, s);
}

/* Words for a shell, each quoted where it has to be. */
static void command(struct page *pg, const char *const *words)
{
	for (const char *const *w = words; *w; w++) {
		bool plain = **w &&
			     !(*w)[strspn(*w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
					      "%+,-./:=@_")];
		html_put(pg, w == words ? "" : " ");
		if (plain) {
			html_put(pg, "%s", *w);
			continue;
		}
		putc('\'', pg->to);
		for (const char *c = *w; *c;) {
			size_t n = strcspn(c, "'");
			char piece[1024];
			snprintf(piece, sizeof(piece), "%.*s", (int)n, c);
			html_put(pg, "%s", piece);
			c += n < sizeof(piece) ? n : sizeof(piece) - 1;
			if (*c == '\'') {
				html_put(pg, "'\\''");
				c++;
			}
		}
		putc('\'', pg->to);
	}
}

static void machine(struct page *pg)
{
	const struct figures *f = pg->f;

	html_put(pg, "<section><h2 id=\"machine\">Where this was measured</h2>\n<dl>\n");
	fact(pg, "CPU", f->cpu);
	number_fact(pg, "CPUs", f->cpus, "count");
	if (!isnan(f->memory))
		fact(pg, "memory", show_bytes(f->memory).s);
	fact(pg, "kernel", f->kernel);
	number_fact(pg, "load when it began", f->load, "load");
	if (f->features[0]) {
		html_put(pg, "<dt>features</dt><dd>");
		for (const char **w = f->features; *w; w++)
			html_put(pg, "%s%s", w == f->features ? "" : ", ", *w);
		html_put(pg, "</dd>\n");
	}
	fact(pg, "warren", f->warren);
	fact(pg, "made", f->made);
	html_put(pg, "</dl>\n");
	if (f->load > f->cpus)
		html_put(pg, "<p><strong>The machine was busy with other work when this began</strong>: "
			     "trust the ratios less, and the "
			     "tails not at all.</p>\n");
	html_put(pg, "</section>\n");
}

static void again(struct page *pg)
{
	const struct figures *f = pg->f;

	html_put(pg, "<section><h2 id=\"again\">How to get these figures again</h2>\n");
	if (f->command[0]) {
		html_put(pg, "<p>This page was made from what this command measured:</p>\n<pre><code>");
		command(pg, f->command);
		html_put(pg, "</code></pre>\n");
	}
	html_put(pg, "<p>The page from a file of results, and what changed since another one:</p>\n"
		     "<pre><code>warren bench --from results.json --html report.html\n"
		     "warren bench --compare old.json results.json</code></pre>\n"
		     "<p>docs/performance.md says how it is measured.</p>\n</section>\n");
}

static void left_out(struct page *pg)
{
	if (!pg->f->n_left_out)
		return;
	html_put(pg, "<section><h2 id=\"left-out\">What was left out</h2>\n<ul>\n");
	for (size_t i = 0; i < pg->f->n_left_out; i++)
		html_put(pg, "<li><b>%s</b>: %s</li>\n", pg->f->left_out[i].who, pg->f->left_out[i].why);
	html_put(pg, "</ul>\n</section>\n");
}

static void contents(struct page *pg)
{
	const struct figures *f = pg->f;
	const struct {
		const char *id, *title;
		bool there;
	} sections[] = {
		{"summary", "In short", true},
		{"calls", "Single calls", f->n_calls > 0},
		{"layers", "Paths of a layer", f->n_layers > 0},
		{"workloads", "Whole workloads", f->n_workloads > 0},
		{"starts", "Starts", f->n_starts > 0},
		{"throughput", "Throughput", f->n_rates > 0},
		{"idle", "Idle sandboxes", f->n_idle > 0},
		{"breakdown", "Where the time goes", f->n_parts > 0},
		{"left-out", "What was left out", f->n_left_out > 0},
		{"machine", "Machine", true},
		{"again", "Again", true},
	};

	html_put(pg, "<nav aria-label=\"Contents\"><ul>\n");
	for (size_t i = 0; i < WR_ARRAY_SIZE(sections); i++)
		if (sections[i].there)
			html_put(pg, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	html_put(pg, "</ul></nav>\n");
}

void html_print(FILE *to, const struct figures *f)
{
	struct page pg = {.to = to, .f = f};

	html_put(&pg, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
		      "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\"/>\n"
		      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>What warren "
		      "costs</title>\n<style>\n");
	fputs(html_style, to);
	html_put(&pg,
		 "</style>\n</head>\n<body>\n<main>\n<header><h1>What warren costs</h1>\n"
		 "<p class=\"soft\">Measured by warren bench%s%s%s%s; %s%s%s</p>\n",
		 *f->warren ? " " : "", f->warren, *f->made ? ", " : "", f->made, f->cpu,
		 *f->kernel ? ", " : "", f->kernel);
	contents(&pg);
	html_put(&pg, "</header>\n");
	summary(&pg);
	html_calls(&pg);
	html_layers(&pg);
	html_workloads(&pg);
	html_starts(&pg);
	html_rates(&pg);
	html_idle(&pg);
	html_parts(&pg);
	left_out(&pg);
	machine(&pg);
	again(&pg);
	html_put(&pg, "</main>\n</body>\n</html>\n");
}
