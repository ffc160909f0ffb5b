/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "confine.h"
#include <stdlib.h>

bool confine_wanted(void)
{
	return !getenv("WARREN_NO_CONFINE");
}

int confine_supervisor(struct warren_policy *p, const struct warren_writable *also, size_t n, bool covered)
{
	if (!confine_wanted())
		return 0;
	int r = warren_confine();
	return r < 0 ? r : warren_confine_writes(p, also, n, covered);
}
