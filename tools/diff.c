/* SPDX-License-Identifier: Apache-2.0 */
/* warren diff: what a layer, or each of a set, changes. */
#define _GNU_SOURCE
#include "diff.h"
#include "cli.h"
#include "layer.h"
#include "patch.h"
#include "../cow/diff.h"
#include "../cow/set.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const why_names[] = {"content", "mode", "owner", "xattr", "times"};

struct printing {
	const struct diff_format *f;
	const char *prefix; /* of a part of a set: the directory that it covers, with a slash */
};

static void print_path(const struct diff_format *f, const char *path)
{
	for (const char *c = path; *c; c++) {
		if (f->nul || ((unsigned char)*c >= ' ' && *c != '\\' && *c != 0x7f))
			putc(*c, f->to);
		else
			fprintf(f->to, "\\x%02x", (unsigned char)*c);
	}
}

/* Paths are bytes and JSON is not: those that are no ASCII are escaped one by one. */
static char *escape(char *to, const char *path)
{
	for (const char *p = path; *p; p++)
		to += sprintf(to, (unsigned char)*p < 0x80 && *p != '\\' ? "%c" : "\\x%02x",
			      (unsigned char)*p);
	return to;
}

static void print_json(const struct printing *pr, const char *kind, const struct wr_change *c)
{
	cJSON *o = cJSON_CreateObject(), *what = cJSON_CreateArray();
	char *path = malloc(4 * (strlen(pr->prefix) + strlen(c->path)) + 1);

	if (path)
		*escape(escape(path, pr->prefix), c->path) = '\0';
	cJSON_AddStringToObject(o, "change", kind);
	cJSON_AddStringToObject(o, "path", path ? path : "");
	for (unsigned i = 0; c->kind == WR_MODIFIED && i < sizeof(why_names) / sizeof(why_names[0]); i++)
		if (c->what & (1U << i))
			cJSON_AddItemToArray(what, cJSON_CreateString(why_names[i]));
	cJSON_AddItemToObject(o, "what", what);
	char *text = cJSON_PrintUnformatted(o);
	fprintf(pr->f->to, "%s\n", text ? text : "");
	free(text);
	free(path);
	cJSON_Delete(o);
}

static void print_reasons(FILE *to, unsigned what)
{
	const char *before = " (";

	for (unsigned i = 0; i < sizeof(why_names) / sizeof(why_names[0]); i++)
		if (what & (1U << i)) {
			fprintf(to, "%s%s", before, why_names[i]);
			before = ", ";
		}
	putc(')', to);
}

static int print_change(void *user, const struct wr_change *c)
{
	static const struct {
		const char *name;
		char letter;
		int color;
	} kinds[] = {[WR_ADDED] = {"added", 'A', 32},
		     [WR_MODIFIED] = {"modified", 'M', 33},
		     [WR_DELETED] = {"deleted", 'D', 31},
		     [WR_RETYPED] = {"retyped", 'T', 35}};
	const struct printing *pr = user;
	const struct diff_format *f = pr->f;

	if (f->patch)
		return patch_print(f->to, pr->prefix, c, f->color);
	if (f->json) {
		print_json(pr, kinds[c->kind].name, c);
		return 0;
	}
	if (f->color)
		fprintf(f->to, "\033[%dm", kinds[c->kind].color);
	fprintf(f->to, "%c ", kinds[c->kind].letter);
	print_path(f, pr->prefix);
	print_path(f, c->path);
	/* the content or the times alone are what is expected of a modified file */
	unsigned what = c->what == WR_CH_TIMES ? c->what : c->what & ~(unsigned)WR_CH_TIMES;
	if (!f->nul && c->kind == WR_MODIFIED && what != WR_CH_CONTENT)
		print_reasons(f->to, what);
	fputs(f->color ? "\033[0m" : "", f->to);
	putc(f->nul ? '\0' : '\n', f->to);
	return 0;
}

static int diff_part(const struct wr_set_part *part, bool plain, const struct diff_format *f)
{
	const struct wr_layer_options o = {.dir = part->dir, .readonly = true};
	const char *covers = part->covers ? part->covers : "";
	char prefix[PATH_MAX + 1] = "";
	struct printing pr = {.f = f, .prefix = prefix};
	struct wr_layer *l;
	int r = wr_layer_open(&o, &l);

	if (r < 0)
		return r;
	if (!plain)
		snprintf(prefix, sizeof(prefix), "%s%s", covers,
			 *covers && covers[strlen(covers) - 1] != '/' ? "/" : "");
	r = wr_layer_diff(l, f->with_lowers ? WR_DIFF_LOWERS : 0, print_change, &pr);
	wr_layer_close(l);
	return r;
}

int diff_print(const char *dir, const struct diff_format *f)
{
	_cleanup_set_ struct wr_set set;
	int r = wr_set_read(dir, &set);

	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = diff_part(&set.parts[i], set.plain, f);
	return r;
}

/* ---- the command ---- */

struct args {
	const char *dir;
	unsigned n;
	struct diff_format format;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'j':
		a->format.json = true;
		return 0;
	case 'p':
		a->format.patch = true;
		return 0;
	case '0':
		a->format.nul = true;
		return 0;
	case 'l':
		a->format.with_lowers = true;
		return 0;
	case ARGP_KEY_ARG:
		a->dir = arg;
		a->n++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "One JSON object a line", 0},
	{"patch", 'p', NULL, 0, "What changed in the files, as patch -p1 and git apply take it", 0},
	{"with-lowers", 'l', NULL, 0, "What the layers below it (--lower) change, too", 0},
	{"null", '0', NULL, 0, "A NUL byte behind each path, and the paths' own bytes", 0},
	{0},
};

int cmd_diff(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse,
		"LAYER", "Say what a layer changes.\vA added, M modified, D deleted, T of another type.",
		NULL,	 NULL,
		NULL};
	struct args a = {.format.to = stdout};
	int code = layer_args(&argp, argc, argv, "warren diff", &a, &a.n);

	if (code)
		return code;
	a.format.color = !a.format.json && !a.format.nul && isatty(1);
	int r = diff_print(a.dir, &a.format);
	if (r < 0)
		return layer_fail("warren diff", a.dir, r);
	return fflush(stdout) == 0 ? 0 : 1;
}
