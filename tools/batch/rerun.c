/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "batch.h"
#include "../limits.h"
#include "../options.h"
#include <stdlib.h>

char *rerun_command(const struct sandbox_options *o, const char *cwd, const char *zygote)
{
	static const char *const names[] = {
		[WARREN_READ] = "-r", [WARREN_WRITE] = "-w", [WARREN_DENY] = "--deny"};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs(zygote ? "warren batch" : "warren run", f);
	const char *single[][2] = {{"--zygote", zygote},
				   {"--root", o->root},
				   {"--cwd", cwd},
				   {"--net", o->net ? "host" : NULL},
				   {"--ipc", o->ipc ? "host" : NULL}};
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		char *q = single[i][1] ? shell_quote(single[i][1]) : NULL;
		if (q)
			fprintf(f, " %s %s", single[i][0], q);
		free(q);
	}
	for (unsigned i = 0; i < o->n_rules; i++) {
		char *q = shell_quote(o->rules[i].path);
		fprintf(f, " %s %s", names[o->rules[i].access], q ? q : "");
		free(q);
	}
	for (unsigned i = 0; i < o->n_mounts + o->n_env; i++) {
		bool mount = i < o->n_mounts;
		char *q = shell_quote(mount ? o->mounts[i] : o->env[i - o->n_mounts]);
		fprintf(f, " %s %s", mount ? "--mount" : "--env", q ? q : "");
		free(q);
	}
	if (o->lower_frozen)
		fputs(" --lower-frozen", f);
	if (o->layer_size)
		fprintf(f, " --layer-size %llu", (unsigned long long)o->layer_size);
	if (o->layer_files)
		fprintf(f, " --layer-files %llu", (unsigned long long)o->layer_files);
	for (unsigned i = 0; i < o->n_cow; i++)
		for (unsigned k = 0; k <= o->cow[i].n_lowers; k++) {
			char *q = shell_quote(k ? o->cow[i].lowers[k - 1] : o->cow[i].guest);
			fprintf(f, " %s %s", k ? "--lower" : "--cow", q ? q : "");
			free(q);
		}
	if (o->clean_env)
		fputs(" --clean-env", f);
	if (limits_any(&o->limits)) {
		char list[300];
		limits_print(&o->limits, list, sizeof(list));
		fprintf(f, " --limits %s", list);
	}
	return fclose(f) == 0 ? text : NULL;
}
