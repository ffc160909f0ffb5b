/* SPDX-License-Identifier: Apache-2.0 */
/* Sandboxes with a layer each over directories that stay as they are; the guest is layer_guest. */
#ifndef WARREN_TESTS_STRESS_LAYERED_H
#define WARREN_TESTS_STRESS_LAYERED_H

#include <limits.h>
#include <stdint.h>
#include <warren/warren.h>

#define DIRECTORIES 100

struct lower {
	char path[PATH_MAX];
	unsigned each; /* files in each of its directories */
	uint64_t sum;  /* of names and attributes when it was made */
};

struct scene {
	char dir[PATH_MAX]; /* has all that follows: layers, and what warren calls temporary */
	char layers[PATH_MAX + 8];
	char guest[PATH_MAX];
	int go[2], said[2], end[2]; /* pipes: the guests' 0, 1 and 2 */
	struct warren_engine *engine;
	struct warren_policy *base;
};

/* All of these end the program when something does not work. */
void scene_make(struct scene *s);
/* name: "large"; files in all. */
void scene_add_lower(struct scene *s, const char *name, unsigned files, struct lower *ret);
void scene_open_engine(struct scene *s, const struct lower *const *lowers, unsigned n);
void scene_close_engine(struct scene *s);
/* Nothing is in the temporary directories, no layer is there, the lowers are what they were; removes all. */
void scene_end(struct scene *s, const struct lower *const *lowers, unsigned n);

struct layered {
	struct warren_policy *policy;
	struct warren_sandbox *sandbox;
	char layer[PATH_MAX + 32];
	double set_up; /* seconds, from nothing to the running program */
};
void layered_start(struct scene *s, const struct lower *lower, unsigned id, unsigned files,
		   struct layered *ret);
/* Lets so many guests begin, and waits until they have said that all is right. */
void layered_go(struct scene *s, unsigned n);
/* Waits for its end, looks at the layer, which must have so many files, and discards it. */
void layered_end(struct layered *l, unsigned id, unsigned files);

#endif
