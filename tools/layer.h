/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of the command: how a run gets one, what becomes of it, and the subcommands commit and discard. */
#ifndef WARREN_TOOLS_LAYER_H
#define WARREN_TOOLS_LAYER_H

#include "options.h"
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

enum layer_fate { LAYER_KEEP, LAYER_DISCARD, LAYER_COMMIT, LAYER_COMMIT_ON_SUCCESS };

/* keep, discard, commit or commit-on-success; -EINVAL. */
int layer_fate_parse(const char *word, enum layer_fate *ret);
/* Puts the layers that the options ask for (one at least) over their directories; dir is the layer, or the
 * set of them. A negative errno after writing one line to text. */
int layer_attach(struct warren_policy *p, const struct sandbox_options *o, const char *dir,
		 const char *command, char *text, size_t size);
/* The words with blanks between them, malloc or NULL: what a layer says it was made by. */
char *layer_command(char *const *argv);
/* A new directory for a layer that nobody named, in buf. kept: it may stay; the others are thrown away in the
 * end, and what a crash left of them is removed by warren layers --prune. 0 or a negative errno. */
#define LAYER_TEMPORARY "warren-layer-"
#define LAYER_KEPT	"warren-kept-"
int layer_make_temporary(char *buf, size_t size, bool kept);
const char *layer_temporary_place(void);
/* After the sandbox has ended and its policy is gone. show: print what changed, to standard output. The exit
 * code: code, or another one after a line on stderr when the layer's end failed (the layer is kept then). */
int layer_end(const char *dir, enum layer_fate fate, bool show, int code, const char *command);

/* What is wrong, in words for a layer's user; layer_fail(): the same as a line on stderr, and an exit code.
 */
const char *layer_trouble(int r);
int layer_fail(const char *command, const char *dir, int r);
/* Parses the arguments of a command for one LAYER, of which *n counts how many were given. 0, or EXIT_USAGE
 * after one line. */
int layer_args(const struct argp *argp, int argc, char **argv, const char *command, void *input,
	       const unsigned *n);

int cmd_diff(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_layers(int argc, char **argv);
int cmd_discard(int argc, char **argv);

#endif
