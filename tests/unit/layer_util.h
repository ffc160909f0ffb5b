/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the layer share: scratch directories, building and dumping trees. */
#ifndef WARREN_TESTS_LAYER_UTIL_H
#define WARREN_TESTS_LAYER_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../cow/internal.h"

struct lt {
	char base[200];	 /* scratch, removed at the end */
	char lower[240]; /* the covered directory */
	char dir[240];	 /* the layer */
	struct wr_layer *l;
};

extern const char *lt_where; /* file system to test on */

int lt_setup(void **state);	       /* a small lower tree, a fresh layer */
int lt_teardown(void **state);	       /* and the lower tree must be what it was */
int lt_teardown_changed(void **state); /* or it may have changed */
void lt_reopen(struct lt *t);

/* Handles --user (runs as 65534) and a directory; then cmocka. */
int lt_main(int argc, char **argv, int (*run)(void));

void lt_write(int at, const char *path, const char *text, mode_t mode);
char *lt_read(struct wr_layer *l, const char *rel); /* NULL if it cannot be opened; static buffer */
int lt_put(struct wr_layer *l, const char *rel, const char *text); /* open(O_CREAT|O_TRUNC) and write */
bool lt_there(struct wr_layer *l, const char *rel);
char *lt_names(struct wr_layer *l, const char *rel); /* "a b c", sorted; static buffer */
void lt_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *lt_out(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* output of a command; free it */

#endif
