/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of content as git(1) writes them, for git apply and patch -p1. */
#ifndef WARREN_TOOLS_PATCH_H
#define WARREN_TOOLS_PATCH_H

#include "../cow/diff.h"
#include <stdbool.h>
#include <stdio.h>

/* The patch of one change, prefix before its path; what is no content (owner, times, xattrs, FIFOs,
 * directories) is left out. color: for a terminal. 0 or a negative errno; -ENOENT: there is no diff(1). */
int patch_print(FILE *to, const char *prefix, const struct wr_change *c, bool color);

#endif
