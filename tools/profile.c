/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "profile.h"
#include "limits.h"
#include "words.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SIZE (1024 * 1024)

enum type { STRING, STRINGS, TRUTH, NUMBER, VARIABLES, LIMITS };

static const struct {
	const char *name;
	const char *option;
	enum type type;
} keys[] = {
	{"root", "root", STRING},
	{"read", "read", STRINGS},
	{"write", "write", STRINGS},
	{"deny", "deny", STRINGS},
	{"mount", "mount", STRINGS},
	{"cwd", "cwd", STRING},
	{"env", "env", VARIABLES},
	{"net", "net", STRING},
	{"ipc", "ipc", STRING},
	{"clean_env", "clean-env", TRUTH},
	{"timeout", "timeout", NUMBER},
	{"limits", "limits", LIMITS},
	{"cow", "cow", STRINGS},
	{"lower_frozen", "lower-frozen", TRUTH},
	{"lower", "lower", STRINGS},
	{"layer_size", "layer-size", STRING},
	{"layer_files", "layer-files", STRING},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const wanted[] = {"a string",
				     "a list of strings",
				     "true or false",
				     "a number of seconds above 0",
				     "an object of strings",
				     "an object of numbers and sizes"};

static error_t unknown_key(struct sandbox_options *o, const char *file, const char *name)
{
	const char *names[N_KEYS + 1] = {NULL};

	for (size_t i = 0; i < N_KEYS; i++)
		names[i] = keys[i].name;
	const char *close = words_closest(name, names);
	if (close)
		return options_bad(o, "%s: there is no '%s'; did you mean '%s'?", file, name, close);
	return options_bad(
		o,
		"%s: there is no '%s'; root, read, write, deny, mount, cwd, env, clean_env, net, ipc, "
		"timeout, limits, cow, lower, lower_frozen, layer_size and layer_files are known",
		file, name);
}

/* The message of the option, with the file in front. */
static error_t set(struct sandbox_options *o, const char *file, const char *option, char *value)
{
	char bad[sizeof(o->bad)];
	error_t r = options_set(o, option, value);

	if (r && o->bad[0]) {
		snprintf(bad, sizeof(bad), "%s", o->bad);
		return options_bad(o, "%.200s: %s", file, bad);
	}
	return r;
}

static error_t set_variables(struct sandbox_options *o, const char *file, const cJSON *object)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, object)
	{
		char *text;
		if (!cJSON_IsString(v))
			return options_bad(o, "%s: 'env' '%s': a string is wanted", file, v->string);
		if (asprintf(&text, "%s=%s", v->string, v->valuestring) < 0)
			return ENOMEM;
		error_t r = set(o, file, "env", text); /* keeps it */
		if (r)
			return r;
	}
	return 0;
}

static error_t apply(struct sandbox_options *o, const char *file, const char *option, enum type type,
		     const cJSON *v)
{
	const cJSON *item;
	char why[300];
	error_t r = 0;

	switch (type) {
	case STRING:
		return cJSON_IsString(v) ? set(o, file, option, v->valuestring) : EBADMSG;
	case STRINGS:
		if (cJSON_IsString(v)) /* a list of one */
			return set(o, file, option, v->valuestring);
		if (!cJSON_IsArray(v))
			return EBADMSG;
		cJSON_ArrayForEach(item, v)
		{
			r = cJSON_IsString(item) ? set(o, file, option, item->valuestring) : EBADMSG;
			if (r)
				return r;
		}
		return 0;
	case TRUTH:
		if (!cJSON_IsBool(v))
			return EBADMSG;
		return cJSON_IsTrue(v) ? set(o, file, option, NULL) : 0;
	case NUMBER:
		if (!cJSON_IsNumber(v) || !(v->valuedouble > 0) || v->valuedouble > 1e6)
			return EBADMSG;
		o->timeout = v->valuedouble;
		return 0;
	case LIMITS:
		return limits_from_json(&o->limits, v, why, sizeof(why)) < 0
			       ? options_bad(o, "%s: 'limits': %s", file, why)
			       : 0;
	default:
		return cJSON_IsObject(v) ? set_variables(o, file, v) : EBADMSG;
	}
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

error_t profile_parse(struct sandbox_options *o, const char *file, const char *text, size_t len)
{
	const char *end = text;
	const cJSON *v;
	cJSON *json = memchr(text, '\0', len) ? NULL : cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);

	if (!json)
		return options_bad(o,
				   "%s: line %u is not JSON; e.g. {\"read\": [\"/\"], \"write\": [\"/tmp\"]}",
				   file, line_of(text, end));
	if (!cJSON_IsObject(json)) {
		cJSON_Delete(json);
		return options_bad(
			o, "%s: an object is wanted, e.g. {\"read\": [\"/\"], \"write\": [\"/tmp\"]}", file);
	}
	/* json is kept: the options point into it */
	cJSON_ArrayForEach(v, json)
	{
		size_t i = 0;
		while (i < N_KEYS && strcmp(keys[i].name, v->string))
			i++;
		if (i == N_KEYS)
			return unknown_key(o, file, v->string);
		error_t r = apply(o, file, keys[i].option, keys[i].type, v);
		if (r == EBADMSG)
			return options_bad(o, "%s: '%s': %s is wanted", file, v->string,
					   wanted[keys[i].type]);
		if (r)
			return r;
	}
	return 0;
}

error_t profile_read(struct sandbox_options *o, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	size_t len = 0;
	error_t r;

	if (fd < 0)
		return options_bad(o, "--profile '%s': %s", file, strerror(errno));
	char *text = malloc(MAX_SIZE + 1);
	while (text && len < MAX_SIZE && (n = read(fd, text + len, MAX_SIZE - len)) > 0)
		len += (size_t)n;
	if (!text || n < 0) {
		r = options_bad(o, "--profile '%s': %s", file, strerror(errno));
	} else if (len == MAX_SIZE) {
		r = options_bad(o, "--profile '%s': larger than 1 MiB", file);
	} else {
		text[len] = '\0';
		r = profile_parse(o, file, text, len);
	}
	free(text);
	close(fd);
	return r;
}
