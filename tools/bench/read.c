/* SPDX-License-Identifier: Apache-2.0 */
/* From a file of results to figures: everything is checked here, so that what shows them need not. */
#define _GNU_SOURCE
#include "figures.h"
#include "../../engine/base/cleanup.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (256 << 20)

struct reading {
	const char *list; /* of which an element is read */
	size_t at;
	char *why;
	size_t size;
	int r;
};

/* The first thing that is wrong is the one that is told. */
static void wrong(struct reading *rd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct reading *rd, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (rd->r < 0)
		return;
	rd->r = -EINVAL;
	n = rd->list ? snprintf(rd->why, rd->size, "%s[%zu]: ", rd->list, rd->at) : 0;
	va_start(ap, fmt);
	vsnprintf(rd->why + n, rd->size - (size_t)n, fmt, ap);
	va_end(ap);
}

static void *room(struct reading *rd, size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p) {
		rd->r = -ENOMEM;
		snprintf(rd->why, rd->size, "%s", strerror(ENOMEM));
	}
	return p;
}

static const char *text(struct reading *rd, const cJSON *o, const char *key, bool needed)
{
	const cJSON *v = cJSON_GetObjectItem(o, key);

	if (cJSON_IsString(v))
		return v->valuestring;
	if (v && !cJSON_IsNull(v))
		wrong(rd, "'%s' is no string", key);
	else if (needed)
		wrong(rd, "'%s' is missing", key);
	return "";
}

static bool is_amount(const cJSON *v)
{
	return cJSON_IsNumber(v) && isfinite(v->valuedouble) && v->valuedouble >= 0;
}

static double number(struct reading *rd, const cJSON *o, const char *key, bool needed)
{
	const cJSON *v = cJSON_GetObjectItem(o, key);

	if (is_amount(v))
		return v->valuedouble;
	if (v && !cJSON_IsNull(v))
		wrong(rd, "'%s' is no number from 0 up", key);
	else if (needed)
		wrong(rd, "'%s' is missing", key);
	return NAN;
}

static struct series series(struct reading *rd, const cJSON *o, const char *key)
{
	const cJSON *list = cJSON_GetObjectItem(o, key), *v;
	struct series s = {NULL, 0};

	if (!cJSON_IsArray(list)) {
		wrong(rd, "'%s' is no list", key);
		return s;
	}
	s.v = room(rd, (size_t)cJSON_GetArraySize(list), sizeof(*s.v));
	if (s.v)
		cJSON_ArrayForEach(v, list)
		{
			if (!is_amount(v) && !cJSON_IsNull(v))
				wrong(rd, "'%s' has what is no number from 0 up", key);
			s.v[s.n++] = cJSON_IsNumber(v) ? v->valuedouble : NAN;
		}
	if (s.n > STATS_MAX)
		wrong(rd, "'%s' has more than %d rounds", key, STATS_MAX);
	return s;
}

static const char **words(struct reading *rd, const cJSON *o, const char *key)
{
	const cJSON *list = cJSON_GetObjectItem(o, key), *v;
	const char **w = room(rd, (size_t)cJSON_GetArraySize(list), sizeof(*w));
	size_t n = 0;

	if (list && !cJSON_IsArray(list))
		wrong(rd, "'%s' is no list", key);
	if (!w)
		return NULL;
	cJSON_ArrayForEach(v, list)
	{
		if (!cJSON_IsString(v))
			wrong(rd, "'%s' has what is no string", key);
		else
			w[n++] = v->valuestring;
	}
	return w;
}

static void histogram(struct reading *rd, const cJSON *o, struct call_figure *c)
{
	const cJSON *list = cJSON_GetObjectItem(o, "histogram"), *v;

	if (!list)
		return;
	c->histogram = room(rd, (size_t)cJSON_GetArraySize(list), sizeof(*c->histogram));
	if (c->histogram)
		cJSON_ArrayForEach(v, list)
		{
			const cJSON *lower = cJSON_GetArrayItem(v, 0), *count = cJSON_GetArrayItem(v, 1);
			if (!is_amount(lower) || !is_amount(count) ||
			    (c->n_buckets && lower->valuedouble <= c->histogram[c->n_buckets - 1].lower)) {
				wrong(rd, "'histogram' is no list of [lower bound, count], ascending");
				return;
			}
			c->histogram[c->n_buckets++] =
				(struct bucket){lower->valuedouble, count->valuedouble};
		}
}

static void read_call(struct reading *rd, const cJSON *o, void *to)
{
	struct call_figure *c = to;

	*c = (struct call_figure){
		.call = text(rd, o, "call", true),
		.note = text(rd, o, "note", false),
		.setting = text(rd, o, "setting", true),
		.who = text(rd, o, "who", true),
		.ns = series(rd, o, "ns"),
		.p50 = number(rd, o, "p50", false),
		.p90 = number(rd, o, "p90", false),
		.p99 = number(rd, o, "p99", false),
		.p999 = number(rd, o, "p999", false),
		.cpu_ns = number(rd, o, "cpu_ns", false),
		.supervisor_calls = number(rd, o, "supervisor_calls", false),
		.switches = number(rd, o, "switches", false),
	};
	histogram(rd, o, c);
}

static void read_timed(struct reading *rd, const cJSON *o, void *to, const char *name)
{
	*(struct timed_figure *)to = (struct timed_figure){
		.name = text(rd, o, name, true),
		.note = text(rd, o, "note", false),
		.setting = text(rd, o, "setting", false),
		.who = text(rd, o, "who", true),
		.ns = series(rd, o, "ns"),
	};
}

static void read_named(struct reading *rd, const cJSON *o, void *to)
{
	read_timed(rd, o, to, "name");
}

static void read_start(struct reading *rd, const cJSON *o, void *to)
{
	read_timed(rd, o, to, "what");
}

static void read_rate(struct reading *rd, const cJSON *o, void *to)
{
	*(struct rate_figure *)to = (struct rate_figure){
		.sandboxes = number(rd, o, "sandboxes", true),
		.threads = number(rd, o, "threads", false),
		.workers = number(rd, o, "workers", false),
		.who = text(rd, o, "who", true),
		.per_second = series(rd, o, "per_second"),
	};
}

static void read_idle(struct reading *rd, const cJSON *o, void *to)
{
	*(struct idle_figure *)to = (struct idle_figure){
		.sandboxes = number(rd, o, "sandboxes", true),
		.few = number(rd, o, "few", true),
		.ns = series(rd, o, "ns"),
		.ns_few = series(rd, o, "ns_few"),
		.memory = series(rd, o, "memory"),
		.starts_per_second = series(rd, o, "starts_per_second"),
	};
}

static void read_part(struct reading *rd, const cJSON *o, void *to)
{
	*(struct part_figure *)to = (struct part_figure){
		.call = text(rd, o, "call", true),
		.who = text(rd, o, "who", true),
		.part = text(rd, o, "part", true),
		.ns = number(rd, o, "ns", true),
	};
}

static void read_left_out(struct reading *rd, const cJSON *o, void *to)
{
	*(struct left_out *)to = (struct left_out){text(rd, o, "who", true), text(rd, o, "why", false)};
}

/* An array of the results, each of whose elements becomes a structure of `size`. */
static void *read_list(struct reading *rd, const cJSON *results, const char *key, size_t size,
		       void (*read)(struct reading *rd, const cJSON *o, void *to), size_t *n)
{
	const cJSON *list = cJSON_GetObjectItem(results, key), *o;
	char *to = room(rd, (size_t)cJSON_GetArraySize(list), size);

	if (list && !cJSON_IsArray(list))
		wrong(rd, "'%s' is no list", key);
	if (to && cJSON_IsArray(list))
		cJSON_ArrayForEach(o, list)
		{
			rd->list = key;
			rd->at = *n;
			if (!cJSON_IsObject(o))
				wrong(rd, "this is no object");
			read(rd, o, to + size * (*n)++);
		}
	rd->list = NULL;
	return to;
}

int figures_from(const cJSON *results, struct figures *ret, char *why, size_t size)
{
	struct reading rd = {.why = why, .size = size};
	const cJSON *machine = cJSON_GetObjectItem(results, "machine");
	const char *format = cJSON_GetStringValue(cJSON_GetObjectItem(results, "format"));

	*ret = (struct figures){0};
	if (!format)
		wrong(&rd, "these are no results of warren bench: 'format' is missing");
	else if (strcmp(format, RESULTS_FORMAT))
		wrong(&rd, "the format is not " RESULTS_FORMAT);
	if (rd.r < 0)
		return rd.r;
	*ret = (struct figures){
		.made = text(&rd, results, "made", false),
		.warren = text(&rd, results, "warren", false),
		.command = words(&rd, results, "command"),
		.features = words(&rd, machine, "features"),
		.cpu = text(&rd, machine, "cpu", false),
		.kernel = text(&rd, machine, "kernel", false),
		.cpus = number(&rd, machine, "cpus", false),
		.memory = number(&rd, machine, "memory", false),
		.load = number(&rd, machine, "load", false),
	};
	ret->calls = read_list(&rd, results, "calls", sizeof(*ret->calls), read_call, &ret->n_calls);
	ret->layers = read_list(&rd, results, "layers", sizeof(*ret->layers), read_named, &ret->n_layers);
	ret->workloads =
		read_list(&rd, results, "workloads", sizeof(*ret->workloads), read_named, &ret->n_workloads);
	ret->starts = read_list(&rd, results, "starts", sizeof(*ret->starts), read_start, &ret->n_starts);
	ret->rates = read_list(&rd, results, "throughput", sizeof(*ret->rates), read_rate, &ret->n_rates);
	ret->idle = read_list(&rd, results, "idle", sizeof(*ret->idle), read_idle, &ret->n_idle);
	ret->parts = read_list(&rd, results, "breakdown", sizeof(*ret->parts), read_part, &ret->n_parts);
	ret->left_out =
		read_list(&rd, results, "left_out", sizeof(*ret->left_out), read_left_out, &ret->n_left_out);
	return rd.r;
}

void figures_free(struct figures *f)
{
	for (size_t i = 0; i < f->n_calls; i++) {
		free(f->calls[i].ns.v);
		free(f->calls[i].histogram);
	}
	for (size_t i = 0; i < f->n_layers; i++)
		free(f->layers[i].ns.v);
	for (size_t i = 0; i < f->n_workloads; i++)
		free(f->workloads[i].ns.v);
	for (size_t i = 0; i < f->n_starts; i++)
		free(f->starts[i].ns.v);
	for (size_t i = 0; i < f->n_rates; i++)
		free(f->rates[i].per_second.v);
	for (size_t i = 0; i < f->n_idle; i++) {
		free(f->idle[i].ns.v);
		free(f->idle[i].ns_few.v);
		free(f->idle[i].memory.v);
		free(f->idle[i].starts_per_second.v);
	}
	free(f->command);
	free(f->features);
	free(f->calls);
	free(f->layers);
	free(f->workloads);
	free(f->starts);
	free(f->rates);
	free(f->idle);
	free(f->parts);
	free(f->left_out);
	*f = (struct figures){0};
}

/* ---- the file ---- */

/* All of it, with a NUL behind; for free(). */
static int read_whole(const char *path, char **ret, size_t *len)
{
	_cleanup_free_ char *text_read = NULL;
	FILE *f = fopen(path, "re");
	size_t size = 0;
	int r = 0;

	if (!f)
		return -errno;
	*len = 0;
	while (r == 0 && !feof(f)) {
		if (*len + 2 > size) {
			char *more = realloc(text_read, size = 2 * size + 65536);
			if (!more) {
				r = -ENOMEM;
				break;
			}
			text_read = more;
		}
		*len += fread(text_read + *len, 1, size - *len - 1, f);
		if (ferror(f))
			r = -errno;
		else if (*len > MAX_FILE)
			r = -EFBIG;
	}
	fclose(f);
	if (r < 0)
		return r;
	text_read[*len] = '\0';
	*ret = wr_steal_ptr(&text_read);
	return 0;
}

int figures_read(const char *path, cJSON **ret, char *why, size_t size)
{
	_cleanup_free_ char *text_read = NULL;
	const char *end = NULL;
	size_t len, line = 1;
	int r = read_whole(path, &text_read, &len);

	*ret = NULL;
	if (r < 0) {
		snprintf(why, size, "%s", strerror(-r));
		return r;
	}
	*ret = cJSON_ParseWithOpts(text_read, &end, true);
	if (!*ret) {
		for (const char *c = text_read; end && c < end; c++)
			line += *c == '\n';
		snprintf(why, size, "line %zu is no JSON", line);
		return -EINVAL;
	}
	return 0;
}
