/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of jobs: lines that are shell commands or JSON. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "../../tools/batch/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jobs j = {0};
	char text[600] = "", name[NAME_MAX + 1];
	FILE *f = fmemopen((void *)(uintptr_t)data, size ? size : 1, "r");

	CHECK(f);
	if (!size)
		getc(f);
	int r = jobs_read(&j, f, "jobs", text, sizeof(text));
	fclose(f);
	/* what is wrong is told */
	CHECK((r < 0) == (text[0] != '\0'));
	for (size_t i = 0; r == 0 && i < j.n; i++) {
		const struct job *job = &j.list[i];
		CHECK(job->id && job->command && job->argv && job->argv[0] && job->timeout >= 0);
		for (char **e = job->env; e && *e; e++)
			CHECK(strchr(*e, '=') && **e != '=');
		for (char **o = job->outputs; o && *o; o++)
			CHECK(output_is_good(*o));
		output_dir(job->id, name);
		CHECK(!strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."));
	}
	if (r == 0 && jobs_check_ids(&j, text, sizeof(text)) == 0)
		jobs_shuffle(&j, size);
	jobs_shard(&j, 1, 2);
	jobs_free(&j);
	return 0;
}
