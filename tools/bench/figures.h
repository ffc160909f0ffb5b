/* SPDX-License-Identifier: Apache-2.0 */
/* The results of results.h, checked, as structures: what is shown is made from these. Strings belong to the
 * tree, which must live as long. A number that is absent is NAN, a text that is absent is "". */
#ifndef WARREN_TOOLS_BENCH_FIGURES_H
#define WARREN_TOOLS_BENCH_FIGURES_H

#include "results.h"
#include "stats.h"
#include <stdbool.h>
#include <stddef.h>

struct series { /* one value a round; NAN: it failed */
	double *v;
	size_t n;
};

struct bucket {
	double lower, count;
};

struct call_figure {
	const char *call, *note, *setting, *who;
	struct series ns;
	double p50, p90, p99, p999, cpu_ns, supervisor_calls, switches;
	struct bucket *histogram; /* ascending */
	size_t n_buckets;
};

struct timed_figure { /* a workload or a call in a layer, by its name; or a start, by what */
	const char *name, *note, *setting, *who;
	struct series ns;
};

struct rate_figure {
	double sandboxes, threads, workers;
	const char *who;
	struct series per_second;
};

struct idle_figure { /* many sandboxes that do nothing, and one more that calls */
	double sandboxes, few;
	struct series ns, ns_few; /* a null call of that one, beside all and beside `few` */
	struct series memory;	  /* bytes for one sandbox */
	struct series starts_per_second;
};

struct part_figure {
	const char *call, *who, *part;
	double ns;
};

struct left_out {
	const char *who, *why;
};

struct figures {
	const char *made, *warren;
	const char **command, **features; /* NULL-terminated */
	const char *cpu, *kernel;
	double cpus, memory, load;
	struct call_figure *calls;
	struct timed_figure *layers, *workloads, *starts;
	struct rate_figure *rates;
	struct idle_figure *idle;
	struct part_figure *parts;
	struct left_out *left_out;
	size_t n_calls, n_layers, n_workloads, n_starts, n_rates, n_idle, n_parts, n_left_out;
};

/* Reads a file of results. 0, or a negative errno and in why one line that says what is wrong, without the
 * path. *ret is for cJSON_Delete(). */
int figures_read(const char *path, cJSON **ret, char *why, size_t size);
/* 0, or -EINVAL or -ENOMEM likewise; figures_free() in both cases. */
int figures_from(const cJSON *results, struct figures *ret, char *why, size_t size);
void figures_free(struct figures *f);

/* NULL: it was not measured. */
const struct call_figure *figures_call(const struct figures *f, const char *call, const char *setting,
				       const char *who);
const struct timed_figure *figures_timed(const struct timed_figure *list, size_t n, const char *name,
					 const char *setting, const char *who);
/* Native's of the same name: in the same setting, else in any; NULL: there is none. */
const struct timed_figure *figures_native(const struct timed_figure *list, size_t n, const char *name,
					  const char *setting);
/* The same sandboxes, threads, workers and who as one `of` other figures, the second such as the second;
 * NULL: they are not in it. */
const struct rate_figure *figures_rate(const struct figures *f, const struct figures *of,
				       const struct rate_figure *like);
/* The bare loop over as many listeners that was measured beside it, which is the nearest in the list, if need
 * be with another number of workers; NULL: there is none, or it is one itself. */
const struct rate_figure *figures_bare(const struct figures *f, const struct rate_figure *r);
/* Of as many sandboxes; NULL: it was not measured. */
const struct idle_figure *figures_idle(const struct figures *f, double sandboxes);
/* Is it warren, in whichever way it is run? */
bool figures_ours(const char *who);
/* Of series that may be absent: NAN. */
double figures_median(const struct series *s);
/* By round. */
struct spread figures_ratio(const struct series *a, const struct series *b);

/* NAN: it was not measured. */
double figures_part(const struct figures *f, const char *call, const char *who, const char *part);

/* The different values of a member over all elements, in the order of the first of each: for loops over
 * calls, settings, workloads ... `at` is the offset of the member. NULL-terminated, for free(); NULL: no
 * memory. */
const char **figures_names(const void *list, size_t n, size_t size, size_t at);
#define FIGURES_NAMES(list, n, member)                                                                       \
	figures_names(list, n, sizeof((list)[0]),                                                            \
		      (size_t)((const char *)&(list)->member - (const char *)(list)))

/* The names of what was timed in a setting, likewise. */
const char **figures_timed_names(const struct timed_figure *list, size_t n, const char *setting);

/* "root" as a person says it; what is not known as it is. */
const char *figures_setting(const char *setting);

#endif
