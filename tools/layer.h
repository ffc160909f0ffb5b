/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of the command: what becomes of one after a run, and the subcommands diff, commit, discard. */
#ifndef WARREN_TOOLS_LAYER_H
#define WARREN_TOOLS_LAYER_H

#include <stdbool.h>
#include <stdio.h>

enum layer_fate { LAYER_KEEP, LAYER_DISCARD, LAYER_COMMIT, LAYER_COMMIT_ON_SUCCESS };

/* keep, discard, commit or commit-on-success; -EINVAL. */
int layer_fate_parse(const char *word, enum layer_fate *ret);
/* A new directory for a layer that nobody named, in buf. 0 or a negative errno. */
int layer_make_temporary(char *buf, size_t size);
/* After the sandbox has ended and its policy is gone. show: print what changed, to standard output. The exit
 * code: code, or another one after a line on stderr when the layer's end failed (the layer is kept then). */
int layer_end(const char *dir, enum layer_fate fate, bool show, int code, const char *command);

int cmd_diff(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_discard(int argc, char **argv);

#endif
