/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that start sandboxes give up before. */
#ifndef WARREN_TOOLS_CONFINE_H
#define WARREN_TOOLS_CONFINE_H

#include <stdbool.h>
#include <warren/warren.h>

/* False with WARREN_NO_CONFINE in the environment: for tests, and for builds that write files of their own
 * (coverage). */
bool confine_wanted(void);
/* warren_confine() and warren_confine_writes(), if wanted; their error. */
int confine_supervisor(struct warren_policy *p, const struct warren_writable *also, size_t n, bool covered);

#endif
