/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a program that may be executed but not read is refused clearly where the supervisor may not read it
 * either (its task would be undumpable, and could not be served). */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[65536], *av[] = {"p", "exit", "8", NULL};
	int in = open("/t/helper", O_RDONLY | O_CLOEXEC),
	    out = open("x", O_WRONLY | O_CREAT | O_CLOEXEC, 0700), st;
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		REQUIRE(write(out, buf, (size_t)n) == n);
	REQUIRE(!fchmod(out, 0111) && !close(out));
	if (access("x", R_OK)) {
		CHECK_EQ(t_exec_errno("./x", av, NULL, NULL), EACCES);
	} else {
		CHECK_EQ(t_exec_errno("./x", av, NULL, &st), 0);
		CHECK_EQ(st, 8);
	}
	CHECK_OK(access("x", X_OK));
	CHECK_EQ(t_exec_errno("/t/helper", av, NULL, &st), 0);
	CHECK_EQ(st, 8);
	return t_end();
}
