/* SPDX-License-Identifier: Apache-2.0 */
/* diff-run: the same guest in a real chroot(2) and under warren; what it saw must be the same. */
#ifndef WARREN_TESTS_DIFF_RUN_H
#define WARREN_TESTS_DIFF_RUN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define EXIT_SKIP 77

struct opts {
	const char *guest;   /* path of diff-guest */
	const char *warren;  /* NULL with --self */
	const char *base;    /* roots are made below it */
	const char *without; /* operations to leave out, or NULL */
	uint64_t seed, count;
	unsigned batch, jobs, max_diffs, calls, timeout;
	uid_t uid;
	bool self, mutate, lower, apart, overlay, proc, verbose, keep, calls_made, as_root, have_uid;
};

/* One run of the guest. */
struct run {
	char *out; /* owned; NUL behind it */
	size_t len;
	int status; /* of wait(2); -1 when it had to be killed */
	char err[2048];
};

enum side { SIDE_REF, SIDE_TEST };

/* ---- run_root.c: the directories ---- */

/* Make a root below dir; the guest binary, /w, /proc, /dev, and /other for a guest that is not root. */
int root_make(const struct opts *o, const char *root);
/* Works for paths longer than PATH_MAX and does not leave the file system. */
int rm_tree(const char *path);
/* A private /dev with a few devices, in the caller's own mount namespace; the links in it are the user's. */
int dev_make(const struct opts *o, const char *path);

/* ---- run_overlay.c: --overlay ---- */

/* The lower tree of both sides, and the layer of warren's. */
void overlay_lower(const char *dir, char path[static PATH_MAX]);
void overlay_layer(const char *dir, char path[static PATH_MAX]);
/* What the side needs; for the reference the lower tree is made anew, still without the trees of the seeds.
 */
int overlay_make(const struct opts *o, enum side s, const char *dir);
/* What the side has written, over the lower tree. */
int overlay_mount(enum side s, const char *dir, const char *at);
/* Another one after any change of the lower tree. */
int overlay_fingerprint(const char *dir, uint64_t *ret);

/* ---- run_side.c: one run ---- */

/* Run count sequences from seed on; r is filled. 0 or a negative errno when it could not even start. */
int side_run(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count,
	     struct run *r);
/* Make the trees of --lower in the root of this side. */
int side_prepare(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count);
/* With --apart: print the trees of this side and remove them. */
int side_dump(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count,
	      struct run *r);
void run_free(struct run *r);
/* NULL, or why there can be no reference here. */
const char *side_unavailable(const struct opts *o);

/* ---- run_expect.c ---- */

struct text {
	const char *p, *end;
};

/* The guest's mark for what is not at its name any more (guest_out.c): no part of what is compared. */
#define MARK '~'
bool same_text(struct text a, struct text b);
/* Up to the next space, which is left out; t then is what is behind it. */
struct text next_word(struct text *t);
/* "12 name(args) = result rest": name and result. Of other lines the first word, and no result. */
void split_line(struct text l, char *name, size_t nsize, char *result, size_t rsize);
/* What is expected to follow from two lines that differ. */
enum effect { NOT_EXPECTED, SAME, TAINTS };
enum effect expected(bool overlay, struct text ref, struct text test);

/* ---- run_compare.c ---- */

struct tally;
struct tally *tally_new(void);
uint64_t tally_diffs(const struct tally *t);
void tally_count(struct tally *t, uint64_t sequences);
void tally_print(const struct tally *t);
/* The lower tree of a batch was changed. */
void tally_lower_changed(struct tally *t, uint64_t seed);
/* Which calls the reference made, how often. */
void tally_print_calls(const struct tally *t);
/* Compare the runs sequence by sequence. differs, for each: do the sides differ from now on? Where that is
 * true already, nothing is compared. Returns the first seed that the test side did not finish, or seed +
 * count when it finished all. */
uint64_t compare(const struct opts *o, struct tally *t, const struct run *ref, const struct run *test,
		 uint64_t seed, uint64_t count, bool *differs);

#endif
