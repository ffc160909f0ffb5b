/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a static binary: argv, environment, AT_EXECFN, /proc/self/exe and comm as natively. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[16384], *av[] = {"zero", "", "two words", "\xff\n", NULL},
			 *ev[] = {"A=1", "EMPTY=", "B=x y", NULL};

	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", av, ev), 0);
	CHECK_LINE(out, "argc=4");
	CHECK_LINE(out, "argv0=zero");
	CHECK_LINE(out, "argv1=");
	CHECK_LINE(out, "argv2=two words");
	CHECK_LINE(out, "argv3=\xff\n");
	CHECK_LINE(out, "env=A=1");
	CHECK_LINE(out, "env=EMPTY=");
	CHECK_LINE(out, "env=B=x y");
	CHECK_LINE(out, "execfn=/t/helper");
	CHECK_LINE(out, "exe=/t/helper");
	CHECK_LINE(out, "Name:=helper");
	CHECK_LINE(out, "secure=0");
	CHECK_LINE(out, "cwd=/w");
	CHECK(!strstr(out, "env=LD_"));
	CHECK_EQ(strstr(out, "\nenv=") ? 1 : 0, 1);
	int n = 0;
	for (char *p = out; (p = strstr(p, "\nenv=")); p++)
		n++;
	CHECK_EQ(n, 3);
	/* Only 0, 1 and 2 are open. */
	CHECK(t_has_line(out, "fd=2") && !t_has_line(out, "fd=3"));
	return t_end();
}
