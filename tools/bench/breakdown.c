/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of a call goes: what the kernel's own calls that a handler is made of take, each alone while
 * a guest waits (warren-floor measures them), what a null call takes, and what is left. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_SIZE 32768

/* A handler's steps and the kernel calls of warren-floor's table that they are. */
static const struct {
	const char *call, *part, *kernel_call;
} steps[] = {
	{"stat", "read path", "process_vm_readv, 64 bytes"},
	{"stat", "resolve", "openat2 O_PATH + close"},
	{"stat", "handler", "fstat"},
	{"stat", "reply", "process_vm_writev, struct stat"},
	{"open", "read path", "process_vm_readv, 64 bytes"},
	{"open", "resolve", "openat2 O_RDONLY + close"},
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* The median of a call in the foreign root; < 0: it was not measured. */
static double measured(const cJSON *results, const char *call, const char *who)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cJSON_GetObjectItem(results, "calls"))
	{
		const cJSON *p50 = cJSON_GetObjectItem(c, "p50");

		if (!strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(c, "call")), call) &&
		    !strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(c, "who")), who) &&
		    !strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(c, "setting")), "foreign"))
			return cJSON_IsNumber(p50) && p50->valuedouble > 0 ? p50->valuedouble : -1;
	}
	return -1;
}

static double kernel_call(const cJSON *report, const char *name)
{
	const cJSON *part;

	cJSON_ArrayForEach(part, cJSON_GetObjectItem(report, "parts"))
	{
		const char *its = cJSON_GetStringValue(cJSON_GetObjectItem(part, "name"));
		if (its && !strcmp(its, name))
			return cJSON_GetNumberValue(cJSON_GetObjectItem(part, "median_ns"));
	}
	return -1;
}

static void tell(cJSON *list, const char *call, const char *who, const char *part, double ns)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "call", call);
	cJSON_AddStringToObject(o, "who", who);
	cJSON_AddStringToObject(o, "part", part);
	cJSON_AddNumberToObject(o, "ns", bench_rounded(ns > 0 ? ns : 0, 10));
	cJSON_AddItemToArray(list, o);
}

static void break_down(const cJSON *results, const cJSON *report, const char *call, const char *who,
		       cJSON *list)
{
	double all = measured(results, call, who), null = measured(results, "null", who), left;

	if (all < 0 || null < 0)
		return;
	tell(list, call, who, "wake-up", null);
	left = all - null;
	for (size_t i = 0; i < N_STEPS; i++) {
		double ns = kernel_call(report, steps[i].kernel_call);

		if (strcmp(steps[i].call, call) || ns < 0)
			continue;
		tell(list, call, who, steps[i].part, ns);
		left -= ns;
	}
	tell(list, call, who, "rest", left);
}

int breakdown_measure(struct bench *b)
{
	char *text = calloc(1, REPORT_SIZE), why[300];
	int r = text ? 0 : -ENOMEM;

	if (r == 0 && *b->floor && measured(b->results, "null", "warren") >= 0) {
		bench_progress("the kernel's part of a call");
		r = sample_output(WORDS(b->floor, "--json", "--rounds", "3", "--calls", "300"), b->dir, text,
				  REPORT_SIZE, why, sizeof(why));
		cJSON *report = r == 0 ? cJSON_Parse(text) : NULL;
		if (r < 0 && !bench_stopped())
			bench_leave_out(b, "breakdown", why);
		cJSON *list = report ? cJSON_AddArrayToObject(b->results, "breakdown") : NULL;
		for (size_t i = 0; list && i < 4; i++)
			break_down(b->results, report, i < 2 ? "stat" : "open", i % 2 ? "warren" : "floor",
				   list);
		cJSON_Delete(report);
		r = 0;
	}
	free(text);
	return bench_stopped() ? -EINTR : r;
}
