/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer changes, for people and programs. */
#ifndef WARREN_TOOLS_DIFF_H
#define WARREN_TOOLS_DIFF_H

#include <stdbool.h>
#include <stdio.h>

struct diff_format {
	FILE *to;
	bool json;	  /* an object a line */
	bool nul;	  /* the paths' own bytes, each with a NUL byte behind it */
	bool patch;	  /* the changes of content, as patch(1) takes them */
	bool color;	  /* for a terminal */
	bool with_lowers; /* what the layers below change, too: what differs from the covered directory alone
			   */
};

/* Of a layer the paths are below what it covers, of a set they begin with the covered directory. 0 or a
 * negative errno. */
int diff_print(const char *dir, const struct diff_format *f);

#endif
