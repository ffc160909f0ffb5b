/* SPDX-License-Identifier: Apache-2.0 */
/* meta.json of a layer: what it was made over, when and for what. */
#ifndef WARREN_COW_META_H
#define WARREN_COW_META_H

#include "internal.h"

#define WR_LAYER_FORMAT 1

struct wr_meta {
	int format;
	int64_t created; /* nanoseconds since the epoch; seconds and a rest on disk, as JSON numbers are
			    doubles */
	char *covers, *command; /* may be NULL */
	char *lowers[WR_LAYER_MAX_LOWERS];
	unsigned n_lowers;
};

void wr_meta_release(struct wr_meta *m);
#define _cleanup_meta_ __attribute__((cleanup(wr_meta_release)))

/* -ENOENT: there is none; -EINVAL: it is not one. dir: the layer's directory. */
int wr_meta_read(int dir, struct wr_meta *ret);
int wr_meta_write(int dir, const struct wr_meta *m);

/* The text of meta.json: -EINVAL, it is not one. */
int wr_meta_parse(const char *text, struct wr_meta *ret);
char *wr_meta_print(const struct wr_meta *m); /* malloc; NULL: no memory */

/* A file of the layer's directory as a string; malloc. */
int wr_meta_text(int dir, const char *name, char **ret);
/* Replaces it at once. */
int wr_meta_put(int dir, const char *name, const char *text);
/* Bytes that are not printable ASCII as %XX and back; malloc. */
struct cJSON;
char *wr_meta_escape(const char *s);
char *wr_meta_unescape(const struct cJSON *item);

#endif
