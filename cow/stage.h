/* SPDX-License-Identifier: Apache-2.0 */
/* The staging directory of a commit, and the steps of its journal. */
#ifndef WARREN_COW_STAGE_H
#define WARREN_COW_STAGE_H

#include "journal.h"

struct wr_stage {
	int fd;
	int top;       /* the directory that holds it; not owned */
	char name[48]; /* there */
};

/* Names it in DIR/stage first. On the lower's file system: in the layer if that is the same mount. */
int wr_stage_make(struct wr_layer *l, struct wr_stage *ret);
/* -ENOENT: there is none. fd is -1 if only its name is left. */
int wr_stage_find(struct wr_layer *l, struct wr_stage *ret);
/* With everything in it. */
int wr_stage_remove(struct wr_layer *l, struct wr_stage *s);

void wr_step_new_name(const struct wr_step *s, char buf[static 32]);
void wr_step_old_name(const struct wr_step *s, char buf[static 32]);

/* Both may be repeated after a crash at any point. -ESTALE: an object is not what was expected. The first
 * attribute that could not be set is no reason to undo anything: *ret_attr. */
int wr_steps_apply(struct wr_layer *l, const struct wr_stage *st, const struct wr_journal *j, int *ret_attr);
int wr_steps_undo(struct wr_layer *l, const struct wr_stage *st, const struct wr_journal *j);

/* Whether the object is the one that was noted. */
bool wr_same_object(const struct stat *st, const struct wr_base_id *id);

#endif
