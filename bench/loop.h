/* SPDX-License-Identifier: Apache-2.0 */
/* One system call, or one small family of them, described by words and repeated: the same code is timed
 * natively, under the floor handler and under warren, so that the three differ in nothing but who answers the
 * call. */
#ifndef WARREN_BENCH_LOOP_H
#define WARREN_BENCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls between two readings of the clock: it costs 25-50 ns, as much as a third of a native getppid. */
#define LOOP_BATCH 100

enum loop_kind {
	LOOP_CALL, /* any number, any arguments */
	LOOP_GETPPID,
	LOOP_NULL, /* readlinkat with no buffer: EINVAL before any work, natively and in a handler */
	LOOP_OPEN, /* open + close; only the open is trapped */
	LOOP_OPENAT2,
	LOOP_STAT,
	LOOP_STATX,
	LOOP_ACCESS,
	LOOP_READLINK,
	LOOP_ENOENT,   /* stat of a path that does not exist */
	LOOP_GETDENTS, /* open, all entries, close */
	LOOP_MKDIR,    /* mkdir + rmdir */
	LOOP_CREATE,   /* open that creates + close + unlink */
	LOOP_RENAME,   /* there and back */
	LOOP_SYMLINK,  /* symlink + unlink */
	LOOP_CHDIR,
	LOOP_GETCWD,
	LOOP_XATTR,	  /* getxattr; that there is none is as good */
	LOOP_EXEC,	  /* posix_spawn + wait */
	LOOP_OPEN_ENOENT, /* open of a path that does not exist */
	N_LOOP_KINDS,
};

struct loop_op {
	enum loop_kind kind;
	const char *name; /* borrowed from the table or from argv */
	const char *path;
	char other[256]; /* of rename */
	long nr;
	long args[6];
};

/* Fill *ret_op from words as `stat PATH` or `call NR A0 A1 ...` (numbers in C notation; @text is a pointer to
 * text). Returns the number of words used, -EINVAL. For `call`, all of the words are arguments. */
int loop_parse(struct loop_op *ret_op, int argc, char **argv);

/* Do it once: the call's result or a negative errno. Calls nothing that the floor handler traps besides. */
long loop_once(const struct loop_op *op);

/* 0 if the call does what it is named for, else the negative errno it gave (-EEXIST: enoent or open-enoent
 * found a file). */
int loop_check(const struct loop_op *op);

/* Writes to what the call is about, or to the directory of it, and leaves it as it was: in a copy-on-write
 * layer it is then the layer's own. 0 or a negative errno. */
int loop_touch(const struct loop_op *op);

uint64_t loop_now_ns(void);

/* n calls; nanoseconds for all of them. */
uint64_t loop_batch(const struct loop_op *op, unsigned n);

/* The value below which `percent` of v[0..n) lie. Sorts v. */
double loop_percentile(double *v, size_t n, double percent);

#ifdef __cplusplus
}
#endif
#endif
