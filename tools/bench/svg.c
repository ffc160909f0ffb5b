/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "svg.h"
#include "../escape.h"
#include <math.h>

double svg_place(const struct scale *s, double value)
{
	double part;

	if (s->log)
		part = (log10(fmax(value, 1e-9)) - log10(s->low)) / (log10(s->high) - log10(s->low));
	else
		part = (value - s->low) / (s->high - s->low);
	return s->from + fmin(fmax(part, 0), 1) * (s->to - s->from);
}

/* 1, 2, 5 times a power of ten; or with whole, only powers of ten. The greatest that is not above v. */
static double round_below(double v, bool whole)
{
	double power = pow(10, floor(log10(v) + 1e-9)), digit = v / power + 1e-9;

	if (whole || digit < 2)
		return power;
	return digit < 5 ? 2 * power : 5 * power;
}

static double next(double v, bool whole)
{
	double power = pow(10, floor(log10(v) + 1e-9)), digit = v / power;

	if (whole || digit > 4)
		return 10 * power;
	return digit < 1.5 ? 2 * power : 5 * power;
}

static struct ticks log_ticks(struct scale *s, size_t most)
{
	struct ticks t = {.n = 0};
	bool whole;

	s->low = fmax(s->low, 1e-6);
	s->high = fmax(s->high, s->low * 1.5);
	whole = 3 * log10(s->high / s->low) > (double)most;
	for (double v = round_below(s->low, whole); t.n < SVG_MAX_TICKS; v = next(v, whole)) {
		if (v > s->low * 0.99) /* the low end need not be round */
			t.at[t.n++] = v;
		if (v >= s->high * 0.999)
			break;
	}
	if (!whole) {
		s->high = t.at[t.n - 1];
	} else { /* the last decade need not be a whole one */
		double r = round_below(s->high, false);
		s->high = r < s->high * 0.999 ? next(r, false) : r;
		t.n -= t.at[t.n - 1] > s->high * 1.001;
	}
	return t;
}

struct ticks svg_ticks(struct scale *s, size_t most)
{
	struct ticks t = {.n = 0};
	double step;

	if (s->log)
		return log_ticks(s, most);
	step = fmax((s->high - s->low) / (double)most, 1e-9);
	if (round_below(step, false) < step * 0.999)
		step = next(round_below(step, false), false);
	s->high = ceil(s->high / step - 1e-9) * step;
	if (s->high <= s->low)
		s->high = s->low + step;
	for (double v = s->low; v <= s->high * 1.0001 && t.n < SVG_MAX_TICKS; v += step)
		t.at[t.n++] = v;
	return t;
}

void svg_begin(FILE *to, unsigned id, int height, const char *title, const char *desc)
{
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-labelledby=\"t%u d%u\">\n<title id=\"t%u\">",
		SVG_WIDTH, height, id, id, id);
	escape_xml(to, title);
	fprintf(to, "</title>\n<desc id=\"d%u\">", id);
	escape_xml(to, desc);
	fputs("</desc>\n", to);
}

void svg_end(FILE *to)
{
	fputs("</svg>\n", to);
}

void svg_text(FILE *to, double x, double y, const char *anchor, const char *class, const char *text)
{
	fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, class);
	escape_xml(to, text);
	fputs("</text>\n", to);
}

void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(to, "<path d=\"M%.1f %.1fL%.1f %.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

void svg_bar(FILE *to, double x, double y, double width, double height, const char *class)
{
	fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x, y,
		fmax(width, 0), height, class);
}
