/* SPDX-License-Identifier: Apache-2.0 */
/* Any text may be given as a profile. The input is the text. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sandbox_options o;
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
	for (unsigned i = 0; i < o.n_env; i++)
		if (!strchr(o.env[i], '='))
			abort();
	free(text);
	return 0;
}
