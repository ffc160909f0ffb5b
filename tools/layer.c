/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "layer.h"
#include "cli.h"
#include "diff.h"
#include "words.h"
#include "../cow/commit.h"
#include "../cow/set.h"
#include "../engine/base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const char *layer_trouble(int r)
{
	switch (r) {
	case -EBUSY:
		return "a sandbox has it open, or a layer that lies over it";
	case -EINVAL:
		return "not a layer";
	case -ENOENT:
		return "it is not there, or a directory that it lies over is gone";
	case -EEXIST:
		return "a layer over one directory, which cannot take others";
	case -ENOTEMPTY:
		return "the directory is not empty, and not a layer";
	case -EUCLEAN:
		return "a commit of it was killed; end that with warren commit";
	case -EOPNOTSUPP:
		return "it lies over other layers (--lower), which it would leave out; --with-lowers applies "
		       "what they change, too";
	case -ESTALE:
		return "what it lies over has changed meanwhile; nothing was committed (--merge: what does "
		       "not conflict)";
	default:
		return strerror(-r);
	}
}

int layer_fail(const char *command, const char *dir, int r)
{
	fprintf(stderr, "%s: layer '%s': %s\n", command, dir, layer_trouble(r));
	return r == -EINVAL || r == -ENOENT || r == -ENOTDIR ? EXIT_USAGE : 1;
}

/* ---- before a run ---- */

static bool is_listed(const char *const *list, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], path))
			return true;
	return false;
}

/* What --lower LAYER stands for, in list: the directory, of a set the part over guest; then what that lies
 * over itself, unless it is there already. Strings are malloc. */
static int add_lower(const char *guest, const char *path, const char **list, unsigned *n)
{
	_cleanup_set_ struct wr_set set = {0};
	_cleanup_layer_info_ struct wr_layer_info info = {0};
	size_t i = 0;
	int r = wr_set_read(path, &set);

	if (r == 0 && !set.plain) {
		while (i < set.n && strcmp(set.parts[i].covers, guest))
			i++;
		if (i == set.n)
			return -ENOENT;
		path = set.parts[i].dir;
	}
	char *full = realpath(path, NULL);
	if (!full)
		return -errno;
	if (is_listed(list, *n, full)) { /* one before lies over it */
		free(full);
		return 0;
	}
	list[(*n)++] = full;
	if (r < 0) /* a plain directory */
		return 0;
	r = wr_layer_info(full, &info);
	for (i = 0; r == 0 && i + 1 < info.n_lowers; i++) {
		if (is_listed(list, *n, info.lowers[i]))
			continue;
		if (*n == WR_LAYER_MAX_LOWERS - 1)
			return -E2BIG;
		list[(*n)++] = wr_steal_ptr(&info.lowers[i]);
	}
	return r;
}

static int attach_one(struct warren_policy *p, const struct sandbox_options *o, unsigned i, const char *dir,
		      const char *command, char *text, size_t size)
{
	const char *lowers[WR_LAYER_MAX_LOWERS];
	unsigned n = 0;
	int r = 0;

	for (unsigned k = 0; r == 0 && k < o->cow[i].n_lowers; k++) {
		r = n < WR_LAYER_MAX_LOWERS - 1 ? add_lower(o->cow[i].guest, o->cow[i].lowers[k], lowers, &n)
						: -E2BIG;
		if (r < 0)
			snprintf(text, size, "--lower '%s': %s", o->cow[i].lowers[k],
				 r == -E2BIG ? "there are too many" : layer_trouble(r));
	}
	const struct warren_layer_options opt = {.lowers = lowers,
						 .n_lowers = n,
						 .command = command,
						 .max_bytes = o->layer_size,
						 .max_files = o->layer_files};
	if (r == 0) {
		r = warren_policy_add_layer_with(p, o->cow[i].guest, dir, &opt);
		if (r < 0)
			snprintf(text, size, "%s", warren_policy_error(p));
	}
	while (n)
		free((char *)(uintptr_t)lowers[--n]);
	return r;
}

int layer_attach(struct warren_policy *p, const struct sandbox_options *o, const char *dir,
		 const char *command, char *text, size_t size)
{
	const char *covers[OPTIONS_MAX_COW];
	_cleanup_set_ struct wr_set set = {0};

	for (unsigned i = 0; i < o->n_cow; i++)
		covers[i] = o->cow[i].guest;
	int r = wr_set_make(dir, covers, o->n_cow, &set);
	if (r < 0)
		snprintf(text, size, "layer '%s': %s", dir, layer_trouble(r));
	for (unsigned i = 0; r == 0 && i < o->n_cow; i++)
		r = attach_one(p, o, i, set.parts[i].dir, command, text, size);
	return r;
}

char *layer_command(char *const *argv)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (int i = 0; f && argv[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", argv[i]);
	return f && fclose(f) == 0 ? text : NULL;
}

/* ---- commit ---- */

struct committing {
	const char *command; /* for messages */
	bool merge, with_lowers, check;
	const char *prefix;
	struct wr_commit_result result;
};

static void print_bytes(const char *path)
{
	for (; *path; path++)
		fprintf(stderr, (unsigned char)*path >= ' ' && *path != 0x7f ? "%c" : "\\x%02x",
			(unsigned char)*path);
}

static void print_conflict(void *user, const char *path)
{
	const struct committing *c = user;

	if (!c->check && c->merge && *c->prefix)
		return; /* was said when all parts were looked at */
	fprintf(stderr, "%s: conflict: ", c->command);
	print_bytes(c->prefix);
	print_bytes(path);
	putc('\n', stderr);
}

static int commit_part(struct committing *c, const struct wr_set_part *part, bool plain)
{
	const struct wr_layer_options o = {.dir = part->dir, .recover = true};
	const struct wr_commit_options how = {.merge = c->merge,
					      .with_lowers = c->with_lowers,
					      .check = c->check,
					      .conflict = print_conflict,
					      .user = c};
	struct wr_commit_result res = {0};
	char prefix[PATH_MAX + 1] = "";
	struct wr_layer *l;
	int r = wr_layer_open(&o, &l);

	if (r < 0)
		return r;
	if (!plain)
		snprintf(prefix, sizeof(prefix), "%s/", part->covers);
	c->prefix = prefix;
	r = wr_layer_commit(l, &how, &res);
	c->prefix = "";
	wr_layer_close(l);
	c->result.applied += res.applied;
	c->result.conflicts += res.conflicts;
	/* what is done must not be compared again when the rest is */
	return r == 0 && !c->check && !res.conflicts ? wr_layer_discard(part->dir) : r;
}

/* Applies a layer, or every part of a set, and removes what is applied. Of a set all parts are looked at
 * first, so that nothing is changed where there is a conflict. */
static int commit(const char *dir, struct committing *c)
{
	_cleanup_set_ struct wr_set set;
	int r = wr_set_read(dir, &set);

	for (int check = r == 0 && !set.plain; r == 0 && check >= 0; check--) {
		int stale = 0;
		c->check = check;
		c->result = (struct wr_commit_result){0};
		for (size_t i = 0; r == 0 && i < set.n; i++) {
			r = commit_part(c, &set.parts[i], set.plain);
			if (r == -ESTALE && check) {
				stale = r; /* the other parts' conflicts are of interest, too */
				r = 0;
			}
		}
		r = r < 0 ? r : stale;
	}
	if (r == 0 && !set.plain && !c->result.conflicts)
		r = wr_set_discard(dir);
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

const char *layer_temporary_place(void)
{
	const char *base = getenv("TMPDIR");

	return base && *base == '/' ? base : "/tmp";
}

int layer_make_temporary(char *buf, size_t size, bool kept)
{
	if (snprintf(buf, size, "%s/%sXXXXXX", layer_temporary_place(),
		     kept ? LAYER_KEPT : LAYER_TEMPORARY) >= (int)size)
		return -ENAMETOOLONG;
	if (!mkdtemp(buf))
		return -errno;
	/* open until we end: that says to others that it is in use, see layers.c */
	int fd = open(buf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || flock(fd, LOCK_SH) < 0 ? -errno : 0;
}

int layer_end(const char *dir, enum layer_fate fate, bool show, int code, const char *command)
{
	const struct diff_format f = {.to = stdout, .color = isatty(1)};
	struct committing c = {.command = command, .prefix = ""};
	int r = show ? diff_print(dir, &f) : 0;

	if (r == 0 && (fate == LAYER_COMMIT || (fate == LAYER_COMMIT_ON_SUCCESS && code == 0)))
		r = commit(dir, &c);
	else if (r == 0 && fate == LAYER_DISCARD)
		r = wr_set_discard(dir);
	/* nothing was started, and no layer was made: that was told */
	if (r == 0 || (code == EXIT_NO_START && r == -EINVAL && rmdir(dir) == 0))
		return code;
	fprintf(stderr, "%s: layer '%s' is kept: %s\n", command, dir, layer_trouble(r));
	return code ? code : 1;
}

/* ---- subcommands ---- */

struct args {
	const char *dir;
	unsigned n;
	bool merge, with_lowers;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'm':
		a->merge = true;
		return 0;
	case 'l':
		a->with_lowers = true;
		return 0;
	case ARGP_KEY_ARG:
		a->dir = arg;
		a->n++;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option commit_options[] = {
	{"merge", 'm', NULL, 0, "Apply what does not conflict with what changed meanwhile", 0},
	{"with-lowers", 'l', NULL, 0, "Apply what the layers below it (--lower) change, too; these are kept",
	 0},
	{0},
};

int layer_args(const struct argp *argp, int argc, char **argv, const char *command, void *input,
	       const unsigned *n)
{
	argp_err_exit_status = EXIT_USAGE;
	argv[0] = (char *)(uintptr_t)command;
	if (words_check(argp, command, argv) < 0 || argp_parse(argp, argc, argv, 0, NULL, input))
		return EXIT_USAGE;
	if (*n == 1)
		return 0;
	fprintf(stderr, "%s: one LAYER directory is wanted, as given to warren run --layer\n", command);
	return EXIT_USAGE;
}

int cmd_commit(int argc, char **argv)
{
	static const struct argp argp = {
		commit_options,
		parse,
		"LAYER",
		"Apply a layer to the directory that it lies over, and remove it.\vA commit that was killed "
		"is ended by the next one. What was changed meanwhile is not overwritten: the commit then "
		"stops before it changes anything, and the layer is kept.",
		NULL,
		NULL,
		NULL};
	struct args a = {0};
	int code = layer_args(&argp, argc, argv, "warren commit", &a, &a.n);

	if (code)
		return code;
	struct committing c = {
		.command = "warren commit", .prefix = "", .merge = a.merge, .with_lowers = a.with_lowers};
	int r = commit(a.dir, &c);
	if (r < 0)
		return layer_fail("warren commit", a.dir, r);
	printf("%llu changes applied", (unsigned long long)c.result.applied);
	if (c.result.conflicts) {
		printf(", %llu conflicts left in the layer\n", (unsigned long long)c.result.conflicts);
		return 1;
	}
	putchar('\n');
	return 0;
}

int cmd_discard(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse, "LAYER", "Throw a layer away.", NULL, NULL, NULL};
	struct args a = {0};
	int code = layer_args(&argp, argc, argv, "warren discard", &a, &a.n);

	if (code)
		return code;
	int r = wr_set_discard(a.dir);
	return r < 0 ? layer_fail("warren discard", a.dir, r) : 0;
}
