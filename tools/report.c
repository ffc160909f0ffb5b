/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

static uint64_t percentile(const struct warren_stats *st, double q)
{
	uint64_t seen = 0, want = (uint64_t)((double)st->notifications * q);

	for (unsigned i = 0; i < WARREN_HISTOGRAM_BUCKETS; i++) {
		seen += st->histogram[i];
		if (seen > want)
			return warren_histogram_bound(i);
	}
	return 0;
}

static const char *const verdicts[] = {"pass", "return", "continue", "inject", "substitute", "deferred"};
static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
static const char *const quantile_names[] = {"p50", "p90", "p99", "p99.9"};

static void as_json(FILE *f, const struct warren_stats *st)
{
	cJSON *o = cJSON_CreateObject(), *v = cJSON_AddObjectToObject(o, "verdicts"),
	      *q = cJSON_AddObjectToObject(o, "latency_ns"), *c = cJSON_AddObjectToObject(o, "syscalls");
	struct warren_syscall_info info;

	cJSON_AddNumberToObject(o, "notifications", (double)st->notifications);
	cJSON_AddNumberToObject(o, "errors", (double)st->errors);
	cJSON_AddNumberToObject(o, "nanoseconds", (double)st->nanoseconds);
	for (unsigned i = 1; i < WARREN_VERDICT_KINDS; i++)
		cJSON_AddNumberToObject(v, verdicts[i], (double)st->verdicts[i]);
	for (unsigned i = 0; i < 4; i++)
		cJSON_AddNumberToObject(q, quantile_names[i], (double)percentile(st, quantiles[i]));
	for (unsigned i = 0; warren_syscall_info(i, &info) == 0; i++)
		if (st->per_syscall[i])
			cJSON_AddNumberToObject(c, info.name, (double)st->per_syscall[i]);
	char *text = cJSON_Print(o);
	if (text)
		fprintf(f, "%s\n", text);
	free(text);
	cJSON_Delete(o);
}

void report_stats(FILE *f, struct warren_engine *e, struct warren_sandbox *s, int json)
{
	struct warren_stats st = {0};
	struct warren_syscall_info info;

	st.per_syscall = calloc(warren_syscall_count(), sizeof(*st.per_syscall));
	if (!st.per_syscall || warren_stats_get(e, s, &st) < 0) {
		free(st.per_syscall);
		return;
	}
	if (json) {
		as_json(f, &st);
	} else {
		fprintf(f, "notifications %" PRIu64 ", errors %" PRIu64 ", in handlers %.3f ms\n",
			st.notifications, st.errors, (double)st.nanoseconds / 1e6);
		for (unsigned i = 0; i < 4; i++)
			fprintf(f, "  %-6s %10.1f us\n", quantile_names[i],
				(double)percentile(&st, quantiles[i]) / 1e3);
		for (unsigned i = 0; warren_syscall_info(i, &info) == 0; i++)
			if (st.per_syscall[i])
				fprintf(f, "  %-18s %10" PRIu64 "\n", info.name, st.per_syscall[i]);
	}
	free(st.per_syscall);
}
