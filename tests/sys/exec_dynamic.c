/* SPDX-License-Identifier: Apache-2.0 */
/* exec: dynamic programs with the root's own loader: the host's libc, another libc, and a library by $ORIGIN.
 */
#include "t.h"

static void one(const char *path)
{
	char out[16384], line[64], *av[] = {"me", "arg", NULL}, *ev[] = {"A=1", NULL};

	if (access(path, F_OK))
		return;
	CHECK_EQ(t_capture(out, sizeof(out), path, av, ev), 0);
	CHECK_LINE(out, "argc=2");
	CHECK_LINE(out, "argv0=me");
	CHECK_LINE(out, "argv1=arg");
	CHECK_LINE(out, "env=A=1");
	snprintf(line, sizeof(line), "execfn=%s", path);
	CHECK_LINE(out, line);
	snprintf(line, sizeof(line), "exe=%s", path);
	CHECK_LINE(out, line);
	snprintf(line, sizeof(line), "Name:=%s", strrchr(path, '/') + 1);
	CHECK_LINE(out, line);
	CHECK(!t_has_line(out, "fd=3"));
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[256], *av[] = {"x", NULL};

	if (access("/t/helper-dyn", F_OK) && access("/t/helper-musl", F_OK))
		T_SKIP("no dynamic programs in the root");
	one("/t/helper-dyn");
	one("/t/helper-musl");
	if (!access("/t/helper-origin", F_OK)) {
		CHECK_EQ(t_capture(out, sizeof(out), "/t/helper-origin", av, av + 1), 0);
		CHECK_STR(out, "greetings\n");
		/* Through a link the origin is where the program is, not where the link is. */
		REQUIRE(!symlink("/t/helper-origin", "o"));
		CHECK_EQ(t_capture(out, sizeof(out), "./o", av, av + 1), 0);
		CHECK_STR(out, "greetings\n");
	}
	return t_end();
}
