/* SPDX-License-Identifier: Apache-2.0 */
/* warren shell: a program in a layer that was kept, to see what a job left. It is warren run with the
 * directories that the layer covers, and the layer stays. */
#define _GNU_SOURCE
#include "cli.h"
#include "layer.h"
#include "../cow/set.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "warren shell"

struct words {
	char **list;
	int n;
};

static void add(struct words *w, const char *word)
{
	char **list = realloc(w->list, (size_t)(w->n + 2) * sizeof(*list)), *copy = strdup(word);

	if (!list || !copy)
		abort(); /* a command line does not fit into memory */
	w->list = list;
	list[w->n++] = copy;
	list[w->n] = NULL;
}

static int usage(void)
{
	fputs("Usage: " NAME " [OPTION...] LAYER [PROGRAM [ARGUMENT...]]\n"
	      "Run a shell, or PROGRAM, in the layer that a job left (warren batch --keep-failed, warren run "
	      "--on-exit keep). It sees what the job saw, with what the job wrote; what it writes itself "
	      "stays in "
	      "the layer, too.\n\n"
	      "The options are those of warren run, before LAYER and with a = where they take a value. "
	      "Without -r, -w, "
	      "--root or --profile, everything may be read.\n\n"
	      "  " NAME " layers/job-x7Ka2c\n"
	      "  " NAME " --root=/srv/trixie layers/job-x7Ka2c git status\n",
	      stdout);
	return 0;
}

static bool says_what(const char *word)
{
	return !strncmp(word, "-r", 2) || !strncmp(word, "-w", 2) || !strncmp(word, "--r", 3) ||
	       !strncmp(word, "--w", 3) || !strncmp(word, "--profile", 9);
}

/* The words of a command line may be moved about by who reads it. */
static int run(struct words *w)
{
	char **given = malloc((size_t)(w->n + 1) * sizeof(*given));

	if (!given)
		abort();
	memcpy(given, w->list, (size_t)(w->n + 1) * sizeof(*given));
	int code = cmd_run(w->n, given);
	free(given);
	for (int i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	return code;
}

/* --cow and --lower as the layer was made with. */
static int add_parts(struct words *w, const struct wr_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		_cleanup_layer_info_ struct wr_layer_info info = {0};
		int r = wr_layer_info(set->parts[i].dir, &info);
		if (r < 0)
			return r;
		add(w, "--cow");
		add(w, set->parts[i].covers ? set->parts[i].covers : info.lowers[info.n_lowers - 1]);
		for (unsigned k = 0; k + 1 < info.n_lowers; k++) {
			add(w, "--lower");
			add(w, info.lowers[k]);
		}
	}
	return 0;
}

int cmd_shell(int argc, char **argv)
{
	_cleanup_set_ struct wr_set set = {0};
	struct words w = {0};
	bool said = false, at = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return usage();
		said |= says_what(argv[i]);
		at |= !strncmp(argv[i], "--cwd", 5);
	}
	if (i == argc) {
		fputs(NAME ": no LAYER given; e.g. " NAME " layers/job-x7Ka2c (see " NAME " --help)\n",
		      stderr);
		return EXIT_USAGE;
	}
	int r = wr_set_read(argv[i], &set);
	if (r < 0)
		return layer_fail(NAME, argv[i], r);
	add(&w, NAME);
	if (!said) {
		add(&w, "-r");
		add(&w, "/");
	}
	for (int k = 1; k < i; k++)
		add(&w, argv[k]);
	r = add_parts(&w, &set);
	if (r < 0)
		return layer_fail(NAME, argv[i], r);
	if (!at && set.n && set.parts[0].covers) {
		add(&w, "--cwd");
		add(&w, set.parts[0].covers);
	}
	add(&w, "--layer");
	add(&w, argv[i]);
	add(&w, "--on-exit");
	add(&w, "keep");
	add(&w, "--");
	const char *shell = getenv("SHELL");
	if (i + 1 == argc)
		add(&w, shell && *shell == '/' && access(shell, X_OK) == 0 ? shell : "/bin/sh");
	for (int k = i + 1; k < argc; k++)
		add(&w, argv[k]);
	return run(&w);
}
