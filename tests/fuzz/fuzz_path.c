/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes may be a path. The input is walked in a root with links of all kinds; whatever comes out stays in
 * the form that rules are compared with. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "request.h"
#include "../../engine/policy.h"

/* "/" or "/x/y": no empty, ".", ".." component, no slash at the end. */
static void check_canonical(const char *path)
{
	CHECK(path[0] == '/');
	if (!path[1])
		return;
	for (const char *c = path; *c == '/';) {
		size_t n = strcspn(++c, "/");
		CHECK(n > 0 && n <= NAME_MAX);
		CHECK(!(n == 1 && c[0] == '.') && !(n == 2 && c[0] == '.' && c[1] == '.'));
		c += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct warren_policy *p = fuzz_policy();
	static char path[3 * PATH_MAX], once[2 * PATH_MAX], twice[2 * PATH_MAX];

	if (size >= sizeof(path) - 1)
		return -1;
	path[0] = '/';
	memcpy(path + 1, data, size);
	path[size + 1] = '\0';
	if (wr_policy_canonical(p, path, once, sizeof(once)) < 0)
		return 0;
	check_canonical(once);
	/* a canonical path is its own */
	int r = wr_policy_canonical(p, once, twice, sizeof(twice));
	CHECK(r == -ENAMETOOLONG || (r == 0 && !strcmp(once, twice)));
	return 0;
}
