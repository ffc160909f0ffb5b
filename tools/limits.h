/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as words: memory=512M,processes=64,cpu=10,wall=60,files=256,file-size=100M,best-effort. */
#ifndef WARREN_TOOLS_LIMITS_H
#define WARREN_TOOLS_LIMITS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <warren/warren.h>

/* Adds those of the list to l. 0, or -EINVAL and what is wrong in text. */
int limits_parse(struct warren_limits *l, const char *list, char *text, size_t size);
/* The same from a JSON object whose members are numbers, or strings as above; or one string. */
int limits_from_json(struct warren_limits *l, const cJSON *v, char *text, size_t size);
/* l, and of base what l leaves open. */
void limits_merge(struct warren_limits *l, const struct warren_limits *base);
bool limits_any(const struct warren_limits *l);
/* As limits_parse() takes them. */
void limits_print(const struct warren_limits *l, char *buf, size_t size);

/* One number of bytes (with K, M, G, T), or of things: 0 or -EINVAL. */
int limits_bytes(const char *value, uint64_t *ret);
int limits_count(const char *value, uint64_t *ret);

#endif
