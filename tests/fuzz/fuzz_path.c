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

#include "../../engine/namespace.h"
#include "../../engine/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

static char root[] = "/tmp/warren-fuzz.XXXXXX";

static void clean_up(void)
{
	char command[sizeof(root) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	(void)!system(command);
}

static struct warren_policy *make(void)
{
	struct warren_policy *p;

	CHECK(mkdtemp(root) && chdir(root) == 0);
	atexit(clean_up);
	CHECK(!mkdir("a", 0755) && !mkdir("a/b", 0755) && !mkdir("m", 0755));
	CHECK(!symlink("a/b", "l") && !symlink("/a", "abs") && !symlink("..", "a/up") &&
	      !symlink("../../..", "a/b/far"));
	CHECK(!symlink("loop", "loop") && !symlink("a/", "s") && !symlink("missing/x", "dangling") &&
	      !symlink("//a//b/.", "n"));
	CHECK(close(open("a/f", O_CREAT | O_WRONLY, 0644)) == 0);
	CHECK(warren_policy_new(&p) == 0 && warren_policy_set_root(p, root) == 0);
	CHECK(warren_policy_add_mount(p, "/usr", "/m", 1) == 0);
	CHECK(wr_namespace_build(p) == 0);
	return p;
}

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
	static struct warren_policy *p;
	static char path[3 * PATH_MAX], once[2 * PATH_MAX], twice[2 * PATH_MAX];

	if (!p)
		p = make();
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
