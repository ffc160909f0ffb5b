/* SPDX-License-Identifier: Apache-2.0 */
/* Results of a batch, read again by --resume and by warren report. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "../../tools/batch/batch.h"
#include <cjson/cJSON.h>

static void check_lines(char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		cJSON *o = cJSON_Parse(line);
		struct result r;
		if (result_parse(o, &r) == 0) {
			CHECK(outcome_name(r.outcome));
			CHECK(r.exit >= 0 && r.max_rss >= 0 && r.limit <= WARREN_LIMIT_LAST);
			result_free(&r);
		}
		cJSON_Delete(o);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *const words[] = {"true"}, *const args[] = {"1", "a b", "\xff"};
	struct jobs j = {0};
	char why[200];
	FILE *f = fmemopen((void *)(uintptr_t)data, size ? size : 1, "r");

	CHECK(f && jobs_from_template(&j, words, 1, args, 3, why, sizeof(why)) == 0);
	if (!size)
		getc(f);
	long n = results_read(&j, f, size & 1);
	CHECK(n >= 0 && n <= 3);
	fclose(f);
	jobs_free(&j);
	char *text = string_of(data, size);
	check_lines(text);
	free(text);
	return 0;
}
