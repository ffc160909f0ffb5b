/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "layer.h"
#include "cli.h"
#include "../cow/commit.h"
#include "../cow/diff.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const why_names[] = {"content", "mode", "owner", "xattr", "times"};

static const char *trouble(int r)
{
	switch (r) {
	case -EBUSY:
		return "a sandbox has it open";
	case -EINVAL:
		return "not a layer";
	case -EUCLEAN:
		return "a commit of it was killed; end that with warren commit";
	case -ESTALE:
		return "what it lies over has changed meanwhile; nothing was committed (--merge: what does "
		       "not "
		       "conflict)";
	default:
		return strerror(-r);
	}
}

static int fail(const char *command, const char *dir, int r)
{
	fprintf(stderr, "%s: layer '%s': %s\n", command, dir, trouble(r));
	return r == -EINVAL || r == -ENOENT || r == -ENOTDIR ? EXIT_USAGE : 1;
}

/* ---- diff ---- */

struct printing {
	FILE *to;
	bool json, nul, color;
	size_t n;
};

static void print_path(const struct printing *pr, const char *path)
{
	for (const char *c = path; *c; c++) {
		if (pr->nul || ((unsigned char)*c >= ' ' && *c != '\\' && *c != 0x7f))
			putc(*c, pr->to);
		else
			fprintf(pr->to, "\\x%02x", (unsigned char)*c);
	}
}

/* Paths are bytes and JSON is not: those that are no ASCII are escaped one by one. */
static void print_json(const struct printing *pr, const char *kind, const struct wr_change *c)
{
	cJSON *o = cJSON_CreateObject(), *what = cJSON_CreateArray();
	char *path = malloc(4 * strlen(c->path) + 1), *to = path;

	for (const char *p = c->path; path && *p; p++)
		to += sprintf(to, (unsigned char)*p < 0x80 && *p != '\\' ? "%c" : "\\x%02x",
			      (unsigned char)*p);
	cJSON_AddStringToObject(o, "change", kind);
	cJSON_AddStringToObject(o, "path", path ? (*to = '\0', path) : "");
	for (unsigned i = 0; c->kind == WR_MODIFIED && i < sizeof(why_names) / sizeof(why_names[0]); i++)
		if (c->what & (1U << i))
			cJSON_AddItemToArray(what, cJSON_CreateString(why_names[i]));
	cJSON_AddItemToObject(o, "what", what);
	char *text = cJSON_PrintUnformatted(o);
	fprintf(pr->to, "%s\n", text ? text : "");
	free(text);
	free(path);
	cJSON_Delete(o);
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
	struct printing *pr = user;
	bool first = true;

	pr->n++;
	if (pr->json) {
		print_json(pr, kinds[c->kind].name, c);
		return 0;
	}
	if (pr->color)
		fprintf(pr->to, "\033[%dm", kinds[c->kind].color);
	fprintf(pr->to, "%c ", kinds[c->kind].letter);
	print_path(pr, c->path);
	/* the content or the times alone are what is expected of a modified file */
	unsigned what = c->what == WR_CH_TIMES ? c->what : c->what & ~(unsigned)WR_CH_TIMES;
	for (unsigned i = 0; !pr->nul && c->kind == WR_MODIFIED && what != WR_CH_CONTENT && i < 5; i++)
		if (what & (1U << i)) {
			fprintf(pr->to, "%s%s", first ? " (" : ", ", why_names[i]);
			first = false;
		}
	if (!first)
		putc(')', pr->to);
	fputs(pr->color ? "\033[0m" : "", pr->to);
	putc(pr->nul ? '\0' : '\n', pr->to);
	return 0;
}

static int open_layer(const char *dir, bool readonly, struct wr_layer **ret)
{
	const struct wr_layer_options o = {.dir = dir, .readonly = readonly, .recover = !readonly};

	return wr_layer_open(&o, ret);
}

static int diff(const char *dir, struct printing *pr)
{
	struct wr_layer *l;
	int r = open_layer(dir, true, &l);

	if (r < 0)
		return r;
	r = wr_layer_diff(l, 0, print_change, pr);
	wr_layer_close(l);
	return r;
}

/* ---- commit ---- */

static void print_conflict(void *user, const char *path)
{
	fprintf(stderr, "%s: conflict: ", (const char *)user);
	for (; *path; path++)
		fprintf(stderr, (unsigned char)*path >= ' ' && *path != 0x7f ? "%c" : "\\x%02x",
			(unsigned char)*path);
	putc('\n', stderr);
}

static int commit(const char *dir, bool merge, const char *command, struct wr_commit_result *res)
{
	const struct wr_commit_options o = {
		.merge = merge, .conflict = print_conflict, .user = (void *)(uintptr_t)command};
	struct wr_layer *l;
	int r = open_layer(dir, false, &l);

	if (r < 0)
		return r;
	r = wr_layer_commit(l, &o, res);
	wr_layer_close(l);
	return r;
}

/* ---- after a run ---- */

int layer_fate_parse(const char *word, enum layer_fate *ret)
{
	static const char *const words[] = {"keep", "discard", "commit", "commit-on-success"};

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(word, words[i])) {
			*ret = (enum layer_fate)i;
			return 0;
		}
	return -EINVAL;
}

int layer_make_temporary(char *buf, size_t size)
{
	const char *base = getenv("TMPDIR");

	if (snprintf(buf, size, "%s/warren-layer-XXXXXX", base && *base == '/' ? base : "/tmp") >= (int)size)
		return -ENAMETOOLONG;
	return mkdtemp(buf) ? 0 : -errno;
}

int layer_end(const char *dir, enum layer_fate fate, bool show, int code, const char *command)
{
	struct printing pr = {.to = stdout, .color = isatty(1)};
	struct wr_commit_result res = {0};
	int r = show ? diff(dir, &pr) : 0;

	if (r == 0 && (fate == LAYER_COMMIT || (fate == LAYER_COMMIT_ON_SUCCESS && code == 0))) {
		r = commit(dir, false, command, &res);
		fate = LAYER_DISCARD;
	}
	if (r == 0 && fate == LAYER_DISCARD)
		r = wr_layer_discard(dir);
	if (r == 0)
		return code;
	fprintf(stderr, "%s: layer '%s' is kept: %s\n", command, dir, trouble(r));
	return code ? code : 1;
}

/* ---- subcommands ---- */

struct args {
	const char *dir;
	unsigned n;
	bool json, nul, merge;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'j':
		a->json = true;
		return 0;
	case '0':
		a->nul = true;
		return 0;
	case 'm':
		a->merge = true;
		return 0;
	case ARGP_KEY_ARG:
		a->dir = arg;
		a->n++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option diff_options[] = {
	{"json", 'j', NULL, 0, "One JSON object a line", 0},
	{"null", '0', NULL, 0, "A NUL byte behind each path, and the paths' own bytes", 0},
	{0},
};
static const struct argp_option commit_options[] = {
	{"merge", 'm', NULL, 0, "Apply what does not conflict with what changed meanwhile", 0},
	{0},
};

/* 0, or EXIT_USAGE after one line. */
static int get_args(const struct argp *argp, int argc, char **argv, const char *command, struct args *a)
{
	argp_err_exit_status = EXIT_USAGE;
	argv[0] = (char *)(uintptr_t)command;
	if (argp_parse(argp, argc, argv, 0, NULL, a))
		return EXIT_USAGE;
	if (a->n == 1)
		return 0;
	fprintf(stderr, "%s: one LAYER directory is wanted, as given to warren run --layer\n", command);
	return EXIT_USAGE;
}

int cmd_diff(int argc, char **argv)
{
	static const struct argp argp = {
		diff_options, parse,
		"LAYER",      "Say what a layer changes.\vA added, M modified, D deleted, T of another type.",
		NULL,	      NULL,
		NULL};
	struct args a = {0};
	int code = get_args(&argp, argc, argv, "warren diff", &a);

	if (code)
		return code;
	struct printing pr = {
		.to = stdout, .json = a.json, .nul = a.nul, .color = !a.json && !a.nul && isatty(1)};
	int r = diff(a.dir, &pr);
	if (r < 0)
		return fail("warren diff", a.dir, r);
	return fflush(stdout) == 0 ? 0 : 1;
}

int cmd_commit(int argc, char **argv)
{
	static const struct argp argp = {
		commit_options,
		parse,
		"LAYER",
		"Apply a layer to the directory that it lies over, and remove it.\vA commit that was killed "
		"is "
		"ended by the next one. What was changed meanwhile is not overwritten: the commit then stops "
		"before it changes anything, and the layer is kept.",
		NULL,
		NULL,
		NULL};
	struct args a = {0};
	struct wr_commit_result res = {0};
	int code = get_args(&argp, argc, argv, "warren commit", &a);

	if (code)
		return code;
	int r = commit(a.dir, a.merge, "warren commit", &res);
	if (r < 0)
		return fail("warren commit", a.dir, r);
	printf("%llu changes applied", (unsigned long long)res.applied);
	if (res.conflicts) {
		printf(", %llu conflicts left in the layer\n", (unsigned long long)res.conflicts);
		return 1;
	}
	putchar('\n');
	r = wr_layer_discard(a.dir);
	return r < 0 ? fail("warren commit", a.dir, r) : 0;
}

int cmd_discard(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse, "LAYER", "Throw a layer away.", NULL, NULL, NULL};
	struct args a = {0};
	int code = get_args(&argp, argc, argv, "warren discard", &a);

	if (code)
		return code;
	int r = wr_layer_discard(a.dir);
	return r < 0 ? fail("warren discard", a.dir, r) : 0;
}
