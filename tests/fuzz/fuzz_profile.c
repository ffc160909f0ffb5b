/* SPDX-License-Identifier: Apache-2.0 */
/* Any text may be given as a profile. The input is the text. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "../../tools/profile.h"
#include <cjson/cJSON.h>

/* Options point into the text of a profile, which therefore stays, in the command: not here. */
static struct block {
	struct block *next, **link;
	max_align_t bytes[];
} * blocks;

static void *block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (!b)
		return NULL;
	*b = (struct block){blocks, &blocks};
	if (blocks)
		blocks->link = &b->next;
	blocks = b;
	return b->bytes;
}

static void block_free(void *p)
{
	struct block *b = p ? (struct block *)((char *)p - offsetof(struct block, bytes)) : NULL;

	if (!b)
		return;
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sandbox_options o;
	cJSON_Hooks hooks = {block_new, block_free};

	cJSON_InitHooks(&hooks);
	char *text = malloc(size + 1);

	memset(&o, 0, sizeof(o));
	memcpy(text, data, size);
	text[size] = '\0';
	error_t r = profile_parse(&o, "file", text, size);
	/* an error is told in one line, by all means */
	if ((r != 0) != (o.bad[0] != '\0') || strchr(o.bad, '\n'))
		abort();
	for (unsigned i = 0; i < o.n_rules; i++) {
		if (o.rules[i].path[0] != '/')
			abort();
		free(o.rules[i].path);
	}
	for (unsigned i = 0; i < o.n_env; i++) {
		if (!strchr(o.env[i], '='))
			abort();
		free(o.env[i]);
	}
	for (unsigned i = 0; i < o.n_cow; i++)
		free(o.cow[i].guest);
	while (blocks)
		block_free(blocks->bytes);
	free(text);
	return 0;
}
