/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the sandboxes, limits, sizes and times as they are given in arguments. The input: which, and the
 * text. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "../../tools/limits.h"
#include "../../tools/numbers.h"
#include "../../tools/options.h"
#include "../../tools/words.h"

static void free_options(struct sandbox_options *o)
{
	for (unsigned i = 0; i < o->n_rules; i++) {
		CHECK(o->rules[i].path[0] == '/');
		free(o->rules[i].path);
	}
	for (unsigned i = 0; i < o->n_cow; i++) {
		const char *guest = o->cow[i].guest;
		CHECK(guest[0] == '/' && !strstr(guest, "//") &&
		      (!guest[1] || guest[strlen(guest) - 1] != '/'));
		free(o->cow[i].guest);
	}
}

/* Lines: the name of an option, a blank, its value. */
static void check_options(char *text)
{
	static struct sandbox_options o;
	char *save = NULL;

	memset(&o, 0, sizeof(o));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		if (!strcmp(line, "profile")) /* reads a file */
			continue;
		error_t r = options_set(&o, line, value ? value : line + strlen(line));
		CHECK(r == 0 || r == ARGP_ERR_UNKNOWN || (r == EINVAL && o.bad[0]));
		CHECK(!strpbrk(o.bad, "\n\r"));
	}
	free_options(&o);
}

static void check_limits(const char *text)
{
	struct warren_limits l = {0}, again = {0};
	char why[400] = "", line[400];

	int r = limits_parse(&l, text, why, sizeof(why));
	CHECK((r < 0) == (why[0] != '\0'));
	if (r < 0)
		return;
	CHECK(limits_any(&l) || l.best_effort);
	limits_print(&l, line, sizeof(line));
	CHECK(!limits_any(&l) || limits_parse(&again, line, why, sizeof(why)) == 0);
	CHECK(again.processes == l.processes && again.memory == l.memory && again.files == l.files);
	limits_merge(&again, &l);
}

static void check_numbers(const char *text)
{
	uint64_t v = 0;
	unsigned long n;
	unsigned k, of;
	double s;

	CHECK(limits_bytes(text, &v) < 0 || v > 0);
	CHECK(limits_count(text, &v) < 0 || v > 0);
	CHECK(number_whole(text, 1000, &n) < 0 || n <= 1000);
	CHECK(number_seconds(text, &s) < 0 || (s > 0 && s <= 1e6));
	CHECK(number_share(text, &k, &of) < 0 || (k >= 1 && k <= of));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"read", "write", "deny", "mount", "timeout", NULL};

	if (!size)
		return 0;
	char *text = string_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		check_options(text);
		break;
	case 1:
		check_limits(text);
		break;
	case 2:
		check_numbers(text);
		break;
	default:
		words_closest(text, names);
	}
	free(text);
	return 0;
}
