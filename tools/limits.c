/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "limits.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum unit { COUNT, BYTES, SECONDS };

static const struct key {
	const char *name;
	enum unit unit;
	size_t offset;
} keys[] = {
	{"memory", BYTES, offsetof(struct warren_limits, memory)},
	{"processes", COUNT, offsetof(struct warren_limits, processes)},
	{"cpu", SECONDS, offsetof(struct warren_limits, cpu_ms)},
	{"wall", SECONDS, offsetof(struct warren_limits, wall_ms)},
	{"files", COUNT, offsetof(struct warren_limits, files)},
	{"file-size", BYTES, offsetof(struct warren_limits, file_size)},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static uint64_t *value_of(struct warren_limits *l, const struct key *k)
{
	return (uint64_t *)((char *)l + k->offset);
}

static const struct key *find(const char *name, size_t len)
{
	for (const struct key *k = keys; k < keys + N_KEYS; k++)
		if (strlen(k->name) == len && !strncmp(k->name, name, len))
			return k;
	return NULL;
}

static int wrong(const char *item, size_t len, char *text, size_t size)
{
	snprintf(text, size,
		 "limit '%.*s': wanted are memory=BYTES, processes=N, cpu=SECONDS, wall=SECONDS, files=N, "
		 "file-size=BYTES (with K, M, G) and best-effort",
		 (int)(len > 80 ? 80 : len), item);
	return -EINVAL;
}

static int set(struct warren_limits *l, const struct key *k, double n)
{
	n *= k->unit == SECONDS ? 1000 : 1;
	if (!(n >= 1) || n > 1e15)
		return -EINVAL;
	*value_of(l, k) = (uint64_t)n;
	return 0;
}

static int parse_value(struct warren_limits *l, const struct key *k, const char *value, size_t len)
{
	static const char units[] = "KMGT";
	char *end;
	double n = len && strchr("0123456789.", *value) ? strtod(value, &end) : -1;

	if (n < 0)
		return -EINVAL;
	const char *unit = *end && k->unit == BYTES ? strchr(units, *end) : NULL;
	if (unit) {
		n *= pow(1024, (double)(unit - units + 1));
		end++;
	}
	return end == value + len ? set(l, k, n) : -EINVAL;
}

int limits_parse(struct warren_limits *l, const char *list, char *text, size_t size)
{
	for (const char *at = list; *at; at += *at == ',') {
		size_t len = strcspn(at, ","), name = strcspn(at, "=,");
		const struct key *k = find(at, name);

		if (len == strlen("best-effort") && !strncmp(at, "best-effort", len))
			l->best_effort = 1;
		else if (!k || at[name] != '=' || parse_value(l, k, at + name + 1, len - name - 1) < 0)
			return wrong(at, len, text, size);
		at += len;
	}
	return *list ? 0 : wrong(list, 0, text, size);
}

int limits_from_json(struct warren_limits *l, const cJSON *v, char *text, size_t size)
{
	const cJSON *item;

	if (cJSON_IsString(v))
		return limits_parse(l, v->valuestring, text, size);
	if (!cJSON_IsObject(v))
		return wrong("", 0, text, size);
	cJSON_ArrayForEach(item, v)
	{
		const struct key *k = find(item->string, strlen(item->string));
		int r = -EINVAL;
		if (!strcmp(item->string, "best-effort") && cJSON_IsBool(item)) {
			l->best_effort = cJSON_IsTrue(item);
			r = 0;
		} else if (k && cJSON_IsNumber(item)) {
			r = set(l, k, item->valuedouble);
		} else if (k && cJSON_IsString(item)) {
			r = parse_value(l, k, item->valuestring, strlen(item->valuestring));
		}
		if (r < 0)
			return wrong(item->string, strlen(item->string), text, size);
	}
	return 0;
}

void limits_merge(struct warren_limits *l, const struct warren_limits *base)
{
	struct warren_limits b = *base;

	for (const struct key *k = keys; k < keys + N_KEYS; k++)
		if (!*value_of(l, k))
			*value_of(l, k) = *value_of(&b, k);
	l->best_effort |= b.best_effort;
}

bool limits_any(const struct warren_limits *l)
{
	bool any = false;

	for (const struct key *k = keys; k < keys + N_KEYS; k++)
		any |= *value_of((struct warren_limits *)(uintptr_t)l, k) > 0;
	return any;
}

void limits_print(const struct warren_limits *l, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (const struct key *k = keys; k < keys + N_KEYS && at < size; k++) {
		uint64_t v = *value_of((struct warren_limits *)(uintptr_t)l, k);
		if (v && k->unit == SECONDS)
			at += (size_t)snprintf(buf + at, size - at, "%s%s=%g", at ? "," : "", k->name,
					       (double)v / 1000);
		else if (v)
			at += (size_t)snprintf(buf + at, size - at, "%s%s=%llu", at ? "," : "", k->name,
					       (unsigned long long)v);
	}
	if (l->best_effort && at && at < size)
		snprintf(buf + at, size - at, ",best-effort");
}

static int parse_alone(const char *key, const char *value, uint64_t *ret)
{
	const struct key *k = find(key, strlen(key));
	struct warren_limits l = {0};
	int r = parse_value(&l, k, value, strlen(value));

	if (r == 0)
		*ret = *value_of(&l, k);
	return r;
}

int limits_bytes(const char *value, uint64_t *ret)
{
	return parse_alone("file-size", value, ret);
}

int limits_count(const char *value, uint64_t *ret)
{
	return parse_alone("files", value, ret);
}
