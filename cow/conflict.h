/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the covered directory still has what a layer started from. In a stack the lowest layer that changed
 * a name knows what the covered directory had there; those above it know the lower layer's object. */
#ifndef WARREN_COW_CONFLICT_H
#define WARREN_COW_CONFLICT_H

#include "diff.h"
#include "internal.h"

struct wr_origins {
	struct wr_layer *l;
	unsigned n;
	struct wr_origin {
		struct wr_base *base; /* NULL: a plain directory; owned but for that of l */
		int64_t created;      /* nanoseconds since the epoch */
	} v[WR_LAYER_MAX_LOWERS];     /* of l, then of the lowers above the covered directory */
};

/* Release it also after a failure. */
int wr_origins_open(struct wr_layer *l, struct wr_origins *ret);
void wr_origins_release(struct wr_origins *o);

/* 1: what the covered directory has at the change is not what it was changed from. */
int wr_conflicts(struct wr_origins *o, const struct wr_change *c);

#endif
