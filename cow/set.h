/* SPDX-License-Identifier: Apache-2.0 */
/* A set: one directory with a layer for each of several covered directories. A plain layer is a set of one.
 * The form on disk is docs/layer-format.md. */
#ifndef WARREN_COW_SET_H
#define WARREN_COW_SET_H

#include "layer.h"

struct wr_set {
	bool plain; /* the directory is a layer itself */
	size_t n;
	struct wr_set_part {
		char *dir;    /* the layer's directory */
		char *covers; /* guest path; NULL: the layer does not say */
	} * parts;
};

void wr_set_release(struct wr_set *s);
#define _cleanup_set_ __attribute__((cleanup(wr_set_release)))

/* Those parts that are layers (a part that was committed, or never made, is left out). -EINVAL: neither a
 * layer nor a set. */
int wr_set_read(const char *dir, struct wr_set *ret);
/* What the text of set.json says of the set in dir; *ret: zeroed, to be released in any case. */
int wr_set_parse(const char *text, const char *dir, struct wr_set *ret);
/* The part of dir for each of the covered directories, in their order, all of them whether they are layers
 * yet or not. One alone of a directory that is no set is the directory itself; else a set is made, or
 * extended. -EEXIST: dir is a plain layer, and n is not 1. -ENOTEMPTY: it is something else. */
int wr_set_make(const char *dir, const char *const *covers, size_t n, struct wr_set *ret);
/* wr_layer_discard() of all parts, and of the set. */
int wr_set_discard(const char *dir);

/* What a layer says of itself; malloc. */
struct wr_layer_info {
	int64_t created; /* nanoseconds since the epoch */
	char *covers, *command;
	char *lowers[WR_LAYER_MAX_LOWERS]; /* the topmost first; the last is the covered directory */
	unsigned n_lowers;
};
/* It was made by another command than it says. */
int wr_layer_set_command(const char *dir, const char *command);
/* -ENOENT, -EINVAL: it is no layer. */
int wr_layer_info(const char *dir, struct wr_layer_info *ret);
void wr_layer_info_release(struct wr_layer_info *i);
#define _cleanup_layer_info_ __attribute__((cleanup(wr_layer_info_release)))

#endif
