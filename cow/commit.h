/* SPDX-License-Identifier: Apache-2.0 */
/* Applying a layer to the directory it covers, and throwing one away.
 *
 * A commit first makes every new object in a staging directory on the covered file system and syncs it, then
 * writes a journal of renames and syncs that: the point of no return. Then it renames. Killed before that
 * point, nothing has changed; killed after it, wr_layer_recover() (and the next commit, which calls it) goes
 * on. Every file changes in one rename; readers meanwhile see some files new and some old. */
#ifndef WARREN_COW_COMMIT_H
#define WARREN_COW_COMMIT_H

#include "layer.h"

struct wr_commit_options {
	/* Apply what does not conflict. Without it one conflict stops the commit before anything changes. */
	bool merge;
	/* Of a layer in a stack: apply what the lowers above the covered directory change, too, which stay as
	 * they are. The covered directory becomes what the layer shows. */
	bool with_lowers;
	/* Only look for conflicts (and end a commit that was killed): nothing else is done. */
	bool check;
	/* Called for each path whose lower object is not what it was when the layer first changed it. */
	void (*conflict)(void *user, const char *path);
	void *user;
};

struct wr_commit_result {
	uint64_t applied, conflicts;
};

/* l: not readonly. -EOPNOTSUPP: it lies over several lowers, and with_lowers is not set. -ESTALE: the lower
 * tree has changed and merge is not set, or it changed while the commit was at work, which is then undone.
 * Whatever the error, the layer is kept as it is. After success it is too: its diff is then empty, and it is
 * the caller's to discard. A lower file that had several links is replaced under the committed name alone. */
int wr_layer_commit(struct wr_layer *l, const struct wr_commit_options *o, struct wr_commit_result *ret);

enum wr_recovery { WR_RECOVERED_NOTHING, WR_ROLLED_BACK, WR_ROLLED_FORWARD };
/* Ends a commit that was killed. wr_layer_open() refuses such a layer (-EUCLEAN) unless asked to recover. */
int wr_layer_recover(struct wr_layer *l);

/* Removes a layer, completed or not, whatever the modes in it. -EBUSY while a supervisor has it open, -EINVAL
 * if it is no layer, -EUCLEAN if a commit of it was killed: recover it first. */
int wr_layer_discard(const char *dir);

#endif
