/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on paths of a layer: those that it never touched, that it copied up and that it deleted, in warren,
 * in the kernel's overlayfs and in fuse-overlayfs; and on a plain directory to which the same was done,
 * natively and in warren without a layer. Each has files of its own, below "layers" of the place:
 *
 *   plain, lower          two times the same tree
 *   layer, frozen         warren's layers over lower
 *   upper-WHO, work-WHO   of overlayfs and fuse-overlayfs; merged-WHO is where they are mounted
 *
 * Mounts are made in a mount namespace that each guest has for itself, and go with it. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum state { UNTOUCHED, COPIED_UP, WHITED_OUT, N_STATES };
static const char *const states[] = {"untouched", "copied-up", "whited-out"};

static const struct call {
	const char *name, *op, *op_deleted;
	const char *before, *after; /* of the state's name, to make the path */
	const char *note[N_STATES];
} calls[] = {
	{"open",
	 "open",
	 "open-enoent",
	 "b/c/",
	 "",
	 {"open and close of a file", "open and close of a file that was copied up",
	  "open of a file that was deleted: ENOENT"}},
	{"stat",
	 "stat",
	 "enoent",
	 "b/c/",
	 "",
	 {"newfstatat of a file", "newfstatat of a file that was copied up",
	  "newfstatat of a file that was deleted: ENOENT"}},
	{"getdents-10",
	 "getdents",
	 "getdents",
	 "",
	 "-10",
	 {"a directory of 10 entries opened, read and closed",
	  "a directory of 10 entries, one of them copied up",
	  "a directory of 10 entries and as many whiteouts"}},
	{"getdents-1000",
	 "getdents",
	 "getdents",
	 "",
	 "-1000",
	 {"a directory of 1,000 entries opened, read and closed",
	  "a directory of 1,000 entries, 100 of them copied up",
	  "a directory of 1,000 entries and as many whiteouts"}},
};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

static const char prepare[] = "cd \"$1\" && : >>b/c/copied-up && rm -f b/c/whited-out whited-out-10/gone-* "
			      "whited-out-1000/gone-* || exit "
			      "1; "
			      "for f in copied-up-10/*0 copied-up-1000/*0; do : >>\"$f\" || exit 1; done";

enum way { NATIVE, WARREN, LAYER, FROZEN, OVERLAYFS, FUSE_OVERLAYFS, N_WAYS };
static const char *const names[] = {"native", "warren", "layer", "frozen", "overlayfs", "fuse-overlayfs"};

/* A shell's: $1 is the directory of all, the guest's words follow. Who may not have a mount namespace as he
 * is gets one in a user namespace. The daemon of fuse-overlayfs ends with the guest, which is process 1 to
 * it. */
#define OPTIONS(who) "lowerdir=$1/lower,upperdir=$1/upper-" who ",workdir=$1/work-" who "\" "
#define MOUNTED(namespaces, mount)                                                                           \
	"unshare -m true 2>/dev/null || user=-Ur; exec unshare $user " namespaces " -- sh -c '" mount        \
	" && shift && exec \"$@\"' sh \"$@\""
static const char *const mounts[N_WAYS] = {
	[OVERLAYFS] = MOUNTED(
		"-m", "mount -t overlay -o \"userxattr," OPTIONS("overlayfs") "overlay "
									      "\"$1/merged-overlayfs\""),
	[FUSE_OVERLAYFS] =
		MOUNTED("-m -p -f --kill-child",
			"fuse-overlayfs -o \"" OPTIONS("fuse-overlayfs") "\"$1/merged-fuse-overlayfs\""),
};

struct layers {
	const struct bench *b;
	char dir[PATH_MAX];
	bool usable[N_WAYS];
	bool failed[N_CALLS][N_STATES][N_WAYS];
	double ns[N_CALLS][N_STATES][N_WAYS][BENCH_MAX_ROUNDS]; /* < 0: failed */
	unsigned rounds;					/* that are complete */
};

/* ---- the trees ---- */

static int make_directory(const struct layers *l, const char *name, const char *who)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s%s", l->dir, name, who);
	return mkdir(path, 0755) < 0 ? -errno : 0;
}

static int fill_state(const struct layers *l, const char *tree, enum state state, unsigned n)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s/%s-%u", l->dir, tree, states[state], n);
	int r = place_fill(path, "entry-", n);
	return r < 0 || state != WHITED_OUT ? r : place_fill(path, "gone-", n);
}

static int make_tree(const struct layers *l, const char *tree)
{
	static const char *const dirs[] = {"", "/b", "/b/c"};
	char path[PATH_MAX + 64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = make_directory(l, tree, dirs[i]);
	for (int s = 0; r == 0 && s < N_STATES; s++) {
		snprintf(path, sizeof(path), "%s%s/b/c/%s", l->dir, tree, states[s]);
		r = mknod(path, S_IFREG | 0644, 0) < 0 ? -errno : 0;
		if (r == 0)
			r = fill_state(l, tree, (enum state)s, 10);
		if (r == 0)
			r = fill_state(l, tree, (enum state)s, 1000);
	}
	return r;
}

static int make_all(const struct layers *l)
{
	static const char *const parts[] = {"/upper-", "/work-", "/merged-"};
	int r = make_directory(l, "", "");

	if (r == 0)
		r = make_tree(l, "/plain");
	if (r == 0)
		r = make_tree(l, "/lower");
	for (int w = OVERLAYFS; w < N_WAYS; w++)
		for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
			r = make_directory(l, parts[i], names[w]);
	return r;
}

/* ---- the ways ---- */

/* The directory that its guest looks at. */
static void set_place(const struct layers *l, enum way way, char place[static PATH_MAX + 64])
{
	const bool mounted = mounts[way];

	snprintf(place, PATH_MAX + 64, "%s/%s%s", l->dir,
		 mounted			 ? "merged-"
		 : way == LAYER || way == FROZEN ? "lower"
						 : "plain",
		 mounted ? names[way] : "");
}

/* What stands before the guest's words. */
static void begin(struct argv *a, const struct layers *l, enum way way, const char *place,
		  char layer[static PATH_MAX + 64])
{
	*a = (struct argv){0};
	snprintf(layer, PATH_MAX + 64, "%s/%s", l->dir, names[way]);
	if (mounts[way])
		argv_add(a, WORDS("/bin/sh", "-c", mounts[way], "sh", l->dir));
	if (way == WARREN)
		argv_add(a, WORDS(l->b->warren, "run", "-r", "/", "-w", place, "--"));
	if (way == LAYER)
		argv_add(a, WORDS(l->b->warren, "run", "-r", "/", "--cow", place, "--layer", layer, "--"));
	if (way == FROZEN)
		argv_add(a, WORDS(l->b->warren, "run", "-r", "/", "--cow", place, "--layer", layer,
				  "--lower-frozen", "--"));
}

/* Touches and deletes what shall be: the first that is asked of each, which so tells whether it works here.
 * The plain directory is native's. */
static void prepare_way(struct bench *b, struct layers *l, enum way way)
{
	char place[PATH_MAX + 64], layer[PATH_MAX + 64], out[256], why[300] = "";
	struct argv a;

	set_place(l, way, place);
	begin(&a, l, way, place, layer);
	argv_add(&a, WORDS("/bin/sh", "-c", way == WARREN ? "ls \"$1\"" : prepare, "sh", place));
	int r = sample_output(a.list, b->dir, out, sizeof(out), why, sizeof(why));
	l->usable[way] = r == 0;
	if (r < 0 && !bench_stopped())
		bench_leave_out(b, names[way], why);
}

/* ---- measuring ---- */

static double measure(struct bench *b, struct layers *l, const struct call *c, enum state state, enum way way)
{
	static struct histogram ignored;
	char place[PATH_MAX + 64], layer[PATH_MAX + 64], path[PATH_MAX + 128], guest[PATH_MAX + 64],
		why[300] = "", text[400];
	struct sample s;
	struct argv a;

	set_place(l, way, place);
	begin(&a, l, way, place, layer);
	snprintf(path, sizeof(path), "%s/%s%s%s", place, c->before, states[state], c->after);
	snprintf(guest, sizeof(guest), "%s/bench-guest", b->dir);
	argv_add(&a, WORDS(guest, "--sample", state == WHITED_OUT ? c->op_deleted : c->op, path, b->amount));
	int r = sample_run(a.list, b->dir, NULL, &s, &ignored, why, sizeof(why));
	if (r < 0 && !bench_stopped()) {
		snprintf(text, sizeof(text), "%s of what is %s in a layer: %s", c->name, states[state], why);
		bench_leave_out(b, names[way], text);
	}
	return r < 0 ? -1 : s.ns;
}

static void round_of(struct bench *b, struct layers *l, unsigned round)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		for (int s = 0; s < N_STATES; s++) {
			bench_progress("layers, round %u of %u: %s, %s", round + 1, b->rounds, calls[i].name,
				       states[s]);
			for (unsigned k = 0; k < N_WAYS && !bench_stopped(); k++) {
				enum way way =
					(enum way)((k + round) % N_WAYS); /* none is always the first */
				double *ns = &l->ns[i][s][way][round];

				*ns = !l->usable[way] || l->failed[i][s][way]
					      ? -1
					      : measure(b, l, &calls[i], (enum state)s, way);
				l->failed[i][s][way] = *ns < 0;
			}
		}
	}
}

static void tell(const struct layers *l, cJSON *list)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		for (int s = 0; s < N_STATES; s++) {
			for (int w = 0; w < N_WAYS; w++) {
				cJSON *o = l->usable[w] ? cJSON_CreateObject() : NULL;

				if (!o)
					continue;
				cJSON_AddStringToObject(o, "name", calls[i].name);
				cJSON_AddStringToObject(o, "note", calls[i].note[s]);
				cJSON_AddStringToObject(o, "setting", states[s]);
				cJSON_AddStringToObject(o, "who", names[w]);
				cJSON_AddItemToObject(o, "ns", bench_samples(l->ns[i][s][w], l->rounds));
				cJSON_AddItemToArray(list, o);
			}
		}
	}
}

int layers_measure(struct bench *b)
{
	struct layers *l = calloc(1, sizeof(*l));
	int r = l ? 0 : -ENOMEM;

	if (r == 0) {
		l->b = b;
		snprintf(l->dir, sizeof(l->dir), "%s/layers", b->dir);
		r = make_all(l);
	}
	for (int w = 0; r == 0 && w < N_WAYS && !bench_stopped(); w++)
		prepare_way(b, l, (enum way)w);
	for (unsigned round = 0; r == 0 && round < b->rounds && !bench_stopped(); round++) {
		round_of(b, l, round);
		l->rounds += !bench_stopped();
	}
	if (r == 0)
		tell(l, cJSON_AddArrayToObject(b->results, "layers"));
	free(l);
	return bench_stopped() ? -EINTR : r;
}
