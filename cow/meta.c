/* SPDX-License-Identifier: Apache-2.0 */
/* Paths are bytes, JSON strings are not: what is not plain ASCII is written as %XX. */
#define _GNU_SOURCE
#include "meta.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#define MAX_SIZE    (1 << 20)
#define MAX_SECONDS 9.2e9 /* since the epoch; as nanoseconds they fit in 63 bits */

void wr_meta_release(struct wr_meta *m)
{
	free(m->covers);
	free(m->command);
	for (unsigned i = 0; i < m->n_lowers; i++)
		free(m->lowers[i]);
	*m = (struct wr_meta){0};
}

char *wr_meta_escape(const char *s)
{
	char *out = malloc(strlen(s) * 3 + 1), *at = out;

	for (; out && *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c <= 0x20 || c >= 0x7f || c == '%')
			at += sprintf(at, "%%%02X", c);
		else
			*at++ = *s;
	}
	if (out)
		*at = '\0';
	return out;
}

char *wr_meta_unescape(const struct cJSON *item)
{
	if (!cJSON_IsString(item))
		return NULL;
	char *s = strdup(item->valuestring), *at = s;
	for (const char *p = s; s && *p; p++) {
		unsigned v;
		if (*p == '%' && p[1] && p[2] && sscanf(p + 1, "%2x", &v) == 1) {
			*at++ = (char)v;
			p += 2;
		} else {
			*at++ = *p;
		}
	}
	if (s)
		*at = '\0';
	return s;
}

static int from_json(const cJSON *j, struct wr_meta *m)
{
	const cJSON *item, *lowers = cJSON_GetObjectItemCaseSensitive(j, "lowers");
	const cJSON *format = cJSON_GetObjectItemCaseSensitive(j, "warren_layer");
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(j, "created");

	if (!cJSON_IsNumber(format) || !cJSON_IsNumber(created) || !cJSON_IsArray(lowers) ||
	    format->valueint != WR_LAYER_FORMAT || !(fabs(created->valuedouble) < MAX_SECONDS))
		return -EINVAL;
	m->format = format->valueint;
	const cJSON *rest = cJSON_GetObjectItemCaseSensitive(j, "created_ns");
	m->created = (int64_t)created->valuedouble * 1000000000 + (cJSON_IsNumber(rest) ? rest->valueint : 0);
	m->covers = wr_meta_unescape(cJSON_GetObjectItemCaseSensitive(j, "covers"));
	m->command = wr_meta_unescape(cJSON_GetObjectItemCaseSensitive(j, "command"));
	cJSON_ArrayForEach(item, lowers)
	{
		char *s = m->n_lowers < WR_LAYER_MAX_LOWERS ? wr_meta_unescape(item) : NULL;
		if (!s)
			return -EINVAL;
		m->lowers[m->n_lowers++] = s;
	}
	return m->n_lowers ? 0 : -EINVAL;
}

int wr_meta_text(int dir, const char *name, char **ret)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_SIZE)
		return -EINVAL;
	_cleanup_free_ char *text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	ssize_t n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = wr_steal_ptr(&text);
	return 0;
}

int wr_meta_parse(const char *text, struct wr_meta *ret)
{
	*ret = (struct wr_meta){0};
	cJSON *j = cJSON_Parse(text);
	int r = from_json(j, ret);
	cJSON_Delete(j);
	if (r < 0)
		wr_meta_release(ret);
	return r;
}

int wr_meta_read(int dir, struct wr_meta *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = wr_meta_text(dir, "meta.json", &text);

	*ret = (struct wr_meta){0};
	if (r < 0)
		return r;
	return wr_meta_parse(text, ret);
}

static void add(cJSON *j, const char *key, const char *value)
{
	_cleanup_free_ char *s = value ? wr_meta_escape(value) : NULL;

	if (s)
		cJSON_AddStringToObject(j, key, s);
}

char *wr_meta_print(const struct wr_meta *m)
{
	cJSON *j = cJSON_CreateObject(), *lowers = cJSON_AddArrayToObject(j, "lowers");

	cJSON_AddNumberToObject(j, "warren_layer", WR_LAYER_FORMAT);
	cJSON_AddNumberToObject(j, "created", (double)(m->created / 1000000000));
	cJSON_AddNumberToObject(j, "created_ns", (double)(m->created % 1000000000));
	add(j, "covers", m->covers);
	add(j, "command", m->command);
	for (unsigned i = 0; i < m->n_lowers; i++) {
		_cleanup_free_ char *s = wr_meta_escape(m->lowers[i]);
		cJSON_AddItemToArray(lowers, cJSON_CreateString(s ? s : ""));
	}
	char *text = cJSON_Print(j);
	cJSON_Delete(j);
	return text;
}

int wr_meta_put(int dir, const char *name, const char *text)
{
	char tmp[64];
	ssize_t len = (ssize_t)strlen(text);

	snprintf(tmp, sizeof(tmp), "%s.new", name);
	_cleanup_close_ int fd =
		openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, (size_t)len);
	if (n != len)
		return n < 0 ? -errno : -ENOSPC;
	return renameat(dir, tmp, dir, name) < 0 ? -errno : 0;
}

int wr_meta_write(int dir, const struct wr_meta *m)
{
	_cleanup_free_ char *text = wr_meta_print(m);

	return text ? wr_meta_put(dir, "meta.json", text) : -ENOMEM;
}
