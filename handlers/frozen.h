/* SPDX-License-Identifier: Apache-2.0 */
/* What was found out about files that nobody changes, remembered (warren_policy_set_lower_frozen()).
 *
 * A path is frozen when the user has promised so and no sandbox of the policy can change what it leads to:
 * the rules or the mount forbid to write there, or a layer takes the writes and has nothing at that path. The
 * first never changes, the second is asked of the layer's index at each use, after the record was read: the
 * record is about the lower directories alone, which stay as they are, and the index says that at this moment
 * they are what the guest sees. Three kinds of records, all keyed by the canonical path (of a stretch without
 * ".." in it, see walk.c) and by which lower directories are meant:
 *  - there is a symlink at this component, with this text;
 *  - there is nothing;
 *  - the result of a call that only looks (attributes, access, the text of a link).
 * Sandboxes of policies that are derived from one share the records. */
#ifndef WARREN_HANDLERS_FROZEN_H
#define WARREN_HANDLERS_FROZEN_H

#include "walk.h"

/* The question of a call that only looks; in the target while it is resolved. */
struct wr_ask {
	uint64_t what; /* which call, and all of its arguments that the result depends on */
	void *answer;
	size_t size; /* room in answer; of the result, once known */
	bool known;  /* answer was filled in, nothing was opened */
	bool frozen; /* the target is, and may be remembered with wr_frozen_keep() */
};

enum { WR_ASK_STAT = 1, WR_ASK_STATX, WR_ASK_ACCESS, WR_ASK_READLINK };

/* The walk is about to look for w->cur, or for a part of it on the way (last: it is what the path names).
 * True: the component that ends at raw[0..*ret_end) is a symlink with this text. */
bool wr_frozen_link(const struct wr_walk *w, bool last, size_t *ret_end, char text[static PATH_MAX]);
/* It was found to be one. */
void wr_frozen_found_link(const struct wr_walk *w, size_t end, const char *text);

/* At the end of the path: true if *ret is the result of the walk, -ENOENT, or 0 with an answer to t->ask. */
bool wr_frozen_result(const struct wr_walk *w, int *ret);
/* The same walk, without that, had this result. */
void wr_frozen_found(const struct wr_walk *w, int result);

/* The answer to t->ask, which was looked up. */
void wr_frozen_keep(const struct warren_request *rq, const struct wr_target *t, const void *answer,
		    size_t size);

#endif
