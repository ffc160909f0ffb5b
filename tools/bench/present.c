/* SPDX-License-Identifier: Apache-2.0 */
/* Results to a person: the table, the page, the comparison. */
#define _GNU_SOURCE
#include "present.h"
#include "bench.h"
#include "show.h"
#include "../cli.h"
#include <errno.h>
#include <string.h>

static int fail(int code, const char *what, const char *why)
{
	fprintf(stderr, BENCH_NAME ": %s: %s\n", what, why);
	return code;
}

static int write_page(const char *path, const struct figures *f)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *to = to_stdout ? stdout : fopen(path, "we");

	if (!to)
		return fail(1, path, strerror(errno));
	html_print(to, f);
	int r = fflush(to) != 0 || ferror(to) ? errno : 0;
	if (!to_stdout && fclose(to) != 0 && !r)
		r = errno;
	return r ? fail(1, path, strerror(r)) : 0;
}

int present_results(const cJSON *results, const char *html, bool table)
{
	char why[200];
	struct figures f;
	int r = figures_from(results, &f, why, sizeof(why)), code = 0;

	if (r < 0) {
		code = fail(EXIT_USAGE, "the results", why);
	} else {
		if (table)
			table_print(stdout, &f);
		if (html)
			code = write_page(html, &f);
		if (fflush(stdout) != 0)
			code = fail(1, "standard output", strerror(errno));
	}
	figures_free(&f);
	return code;
}

/* tree is for cJSON_Delete(), f for figures_free(), in any case. */
static int read_figures(const char *path, cJSON **tree, struct figures *f)
{
	char why[200];

	*f = (struct figures){0};
	if (figures_read(path, tree, why, sizeof(why)) < 0 || figures_from(*tree, f, why, sizeof(why)) < 0)
		return fail(EXIT_USAGE, path, why);
	return 0;
}

int present_file(const char *path, const char *html)
{
	struct figures f;
	cJSON *tree;
	int code = read_figures(path, &tree, &f);

	figures_free(&f);
	if (code == 0)
		code = present_results(tree, html, !html || strcmp(html, "-"));
	cJSON_Delete(tree);
	return code;
}

int present_comparison(const char *before, const char *after, double fail_over)
{
	struct figures a, b = {0};
	cJSON *tree_a, *tree_b = NULL;
	int code = read_figures(before, &tree_a, &a);

	if (code == 0)
		code = read_figures(after, &tree_b, &b);
	if (code == 0) {
		code = compare_print(stdout, &a, &b, fail_over);
		if (code < 0)
			code = fail(EXIT_USAGE, "the comparison", strerror(-code));
		else if (fflush(stdout) != 0)
			code = fail(EXIT_USAGE, "standard output", strerror(errno));
	}
	figures_free(&a);
	figures_free(&b);
	cJSON_Delete(tree_a);
	cJSON_Delete(tree_b);
	return code;
}
