/* SPDX-License-Identifier: Apache-2.0 */
/* What the charts of the page are drawn with. One unit is a CSS pixel at the width at which a chart is meant
 * to be seen. */
#ifndef WARREN_TOOLS_BENCH_SVG_H
#define WARREN_TOOLS_BENCH_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SVG_WIDTH     380
#define SVG_MAX_TICKS 24

struct scale { /* values to places */
	bool log;
	double low, high; /* values */
	double from, to;  /* places */
};

struct ticks {
	double at[SVG_MAX_TICKS];
	size_t n;
};

double svg_place(const struct scale *s, double value);
/* Widens high to a round number and says where to put ticks; `most`: about how many. */
struct ticks svg_ticks(struct scale *s, size_t most);

/* The words of title and desc belong to who cannot see the chart; both are escaped here. `id` is of this
 * chart alone. */
void svg_begin(FILE *to, unsigned id, int height, const char *title, const char *desc);
void svg_end(FILE *to);
/* class: of the page's style sheet; anchor: start, middle, end. */
void svg_text(FILE *to, double x, double y, const char *anchor, const char *class, const char *text);
void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *class);
void svg_bar(FILE *to, double x, double y, double width, double height, const char *class);

#endif
