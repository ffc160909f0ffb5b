/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "html.h"
#include <math.h>

/* A table that is wider than the page is scrolled by itself, with the keyboard as well; what it is called
 * stays. */
void html_begin_table(struct page *pg, const char *name)
{
	unsigned id = ++pg->id;

	html_put(pg, "<p class=\"soft\" id=\"c%u\">%s</p>\n", id, name);
	html_put(pg, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"c%u\">", id);
	html_put(pg, "<table aria-labelledby=\"c%u\">\n", id);
}

void html_end_table(struct page *pg)
{
	html_put(pg, "</tbody></table></div>\n");
}

void html_spread_cell(struct page *pg, struct spread s, bool main)
{
	if (!s.n)
		html_put(pg, "<td>-</td>");
	else if (s.n == 1)
		html_put(pg, "<td class=\"%s\">%s</td>", main ? "main" : "", show_ratio(s.median).s);
	else
		html_put(pg, "<td class=\"%s\">%s <small>%s-%s</small></td>", main ? "main" : "",
			 show_ratio(s.median).s, show_ratio(s.low).s, show_ratio(s.high).s);
}

void html_ns_cell(struct page *pg, double ns)
{
	html_put(pg, "<td>%s</td>", html_ns(ns).s);
}

void html_decimal_cell(struct page *pg, double v)
{
	char s[48] = "-";

	if (!isnan(v))
		snprintf(s, sizeof(s), "%.1f", v);
	html_put(pg, "<td>%s</td>", s);
}
