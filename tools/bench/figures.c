/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the figures. read.c makes them. */
#define _GNU_SOURCE
#include "figures.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct call_figure *figures_call(const struct figures *f, const char *call, const char *setting,
				       const char *who)
{
	for (size_t i = 0; i < f->n_calls; i++) {
		const struct call_figure *c = &f->calls[i];
		if (!strcmp(c->call, call) && !strcmp(c->setting, setting) && !strcmp(c->who, who))
			return c;
	}
	return NULL;
}

const struct timed_figure *figures_timed(const struct timed_figure *list, size_t n, const char *name,
					 const char *setting, const char *who)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].name, name) && !strcmp(list[i].setting, setting) &&
		    !strcmp(list[i].who, who))
			return &list[i];
	return NULL;
}

const struct timed_figure *figures_native(const struct timed_figure *list, size_t n, const char *name,
					  const char *setting)
{
	const struct timed_figure *t = figures_timed(list, n, name, setting, "native");

	for (size_t i = 0; !t && i < n; i++)
		if (!strcmp(list[i].name, name) && !strcmp(list[i].who, "native"))
			t = &list[i];
	return t;
}

/* Absent numbers are equal. */
static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || (a >= b && a <= b);
}

const struct rate_figure *figures_bare(const struct figures *f, const struct rate_figure *r)
{
	const struct rate_figure *best = NULL;
	ptrdiff_t best_far = 0;

	if (!strcmp(r->who, "bare"))
		return NULL;
	for (size_t i = 0; i < f->n_rates; i++) {
		const struct rate_figure *b = &f->rates[i];
		ptrdiff_t far = b < r ? r - b : b - r;
		if (strcmp(b->who, "bare") || !same(b->sandboxes, r->sandboxes) ||
		    !same(b->threads, r->threads))
			continue;
		if (!best || far < best_far || (far == best_far && same(b->workers, r->workers))) {
			best = b;
			best_far = far;
		}
	}
	return best;
}

static bool is_like(const struct rate_figure *r, const struct rate_figure *like)
{
	return !strcmp(r->who, like->who) && same(r->sandboxes, like->sandboxes) &&
	       same(r->threads, like->threads) && same(r->workers, like->workers);
}

const struct rate_figure *figures_rate(const struct figures *f, const struct figures *of,
				       const struct rate_figure *like)
{
	size_t before = 0; /* those like it in front of it */

	for (const struct rate_figure *r = of->rates; r < like; r++)
		before += is_like(r, like);
	for (size_t i = 0; i < f->n_rates; i++)
		if (is_like(&f->rates[i], like) && before-- == 0)
			return &f->rates[i];
	return NULL;
}

const struct idle_figure *figures_idle(const struct figures *f, double sandboxes)
{
	for (size_t i = 0; i < f->n_idle; i++)
		if (same(f->idle[i].sandboxes, sandboxes))
			return &f->idle[i];
	return NULL;
}

bool figures_ours(const char *who)
{
	static const char *const ours[] = {"warren", "layer", "frozen", "warren run"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(who, ours[i]))
			return true;
	return false;
}

double figures_median(const struct series *s)
{
	return s ? stats_spread(s->v, s->n).median : NAN;
}

struct spread figures_ratio(const struct series *a, const struct series *b)
{
	if (!a || !b)
		return stats_spread(NULL, 0);
	return stats_ratios(a->v, b->v, a->n < b->n ? a->n : b->n);
}

double figures_part(const struct figures *f, const char *call, const char *who, const char *part)
{
	for (size_t i = 0; i < f->n_parts; i++) {
		const struct part_figure *p = &f->parts[i];
		if (!strcmp(p->call, call) && !strcmp(p->who, who) && !strcmp(p->part, part))
			return p->ns;
	}
	return NAN;
}

static void add_new(const char **names, size_t *n, const char *name)
{
	size_t j = 0;

	while (j < *n && strcmp(names[j], name))
		j++;
	if (j == *n)
		names[(*n)++] = name;
}

const char **figures_names(const void *list, size_t n, size_t size, size_t at)
{
	const char **names = calloc(n + 1, sizeof(*names)), *name;
	size_t k = 0;

	for (size_t i = 0; names && i < n; i++) {
		memcpy(&name, (const char *)list + i * size + at, sizeof(name));
		add_new(names, &k, name);
	}
	return names;
}

const char **figures_timed_names(const struct timed_figure *list, size_t n, const char *setting)
{
	const char **names = calloc(n + 1, sizeof(*names));
	size_t k = 0;

	for (size_t i = 0; names && i < n; i++)
		if (!strcmp(list[i].setting, setting))
			add_new(names, &k, list[i].name);
	return names;
}

const char *figures_setting(const char *setting)
{
	static const char *const known[][2] = {{"root", "/ with rules"},
					       {"foreign", "a foreign root"},
					       {"layer", "a layer, untouched"},
					       {"frozen", "a layer, untouched, over what nobody changes"},
					       {"touched", "a layer, what is called was copied up"},
					       {"untouched", "a layer: what it never touched"},
					       {"copied-up", "a layer: what was copied up"},
					       {"whited-out", "a layer: what was deleted"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i][0], setting))
			return known[i][1];
	return setting;
}
