/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a script whose interpreter is a script: four levels work, a fifth and a loop are ELOOP. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[16384], name[16], text[64];

	t_put_mode("s1", "#!/t/helper a1\n", 0755);
	for (int i = 2; i <= 8; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "#!/w/s%d a%d\n", i - 1, i);
		t_put_mode(name, text, 0755);
	}
	CHECK_EQ(t_capture(out, sizeof(out), "/w/s2", (char *[]){"z", "x", NULL}, (char *[]){NULL}), 0);
	CHECK_LINE(out, "argc=6");
	CHECK_LINE(out, "argv0=/t/helper");
	CHECK_LINE(out, "argv1=a1");
	CHECK_LINE(out, "argv2=/w/s1");
	CHECK_LINE(out, "argv3=a2");
	CHECK_LINE(out, "argv4=/w/s2");
	CHECK_LINE(out, "argv5=x");
	CHECK_LINE(out, "execfn=/w/s2");
	CHECK_EQ(t_capture(out, sizeof(out), "/w/s5", (char *[]){"z", NULL}, (char *[]){NULL}), 0);
	CHECK_EQ(t_capture(out, sizeof(out), "/w/s6", (char *[]){"z", NULL}, (char *[]){NULL}), -ELOOP);
	t_put_mode("loop", "#!/w/loop\n", 0755);
	CHECK_EQ(t_exec_errno("/w/loop", (char *[]){"z", NULL}, NULL, NULL), ELOOP);
	return t_end();
}
