/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer changes. */
#ifndef WARREN_COW_DIFF_H
#define WARREN_COW_DIFF_H

#include "layer.h"

enum wr_change_kind {
	WR_ADDED,    /* no lower has the name; everything in an added directory is reported as well */
	WR_MODIFIED, /* see what */
	WR_DELETED,  /* with everything below it, which is not reported */
	WR_RETYPED,  /* say, a directory where there was a file */
};

enum {			  /* wr_change.what, of WR_MODIFIED */
       WR_CH_CONTENT = 1, /* of a file; the text of a symlink; the device number */
       WR_CH_MODE = 2,
       WR_CH_OWNER = 4,
       WR_CH_XATTR = 8,
       WR_CH_TIMES = 16, /* the mtime; reported only with others, or if asked for */
};

struct wr_change {
	enum wr_change_kind kind;
	unsigned what;
	const char *path; /* below the covered directory; any bytes but NUL */
	/* what is covered, and what is shown there instead: O_PATH, valid during the call; -1 where there is
	 * none */
	int lower, upper;
	struct stat lower_st, upper_st;
};

enum {
	WR_DIFF_TIMES = 1, /* report a changed mtime alone */
	WR_DIFF_LOWERS =
		2, /* what differs from the covered directory alone: the lowers above it count as changes */
};

/* Calls fn for every change, a directory before what is in it. Equal content is no change, whatever was
 * written meanwhile. An owner that the calling user cannot give is none either (docs/layer-format.md). What
 * fn returns if it is not 0 ends the walk and is returned. */
int wr_layer_diff(struct wr_layer *l, unsigned flags, int (*fn)(void *user, const struct wr_change *c),
		  void *user);

#endif
