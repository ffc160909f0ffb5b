/* SPDX-License-Identifier: Apache-2.0 */
/* exec: argv empty or NULL, a huge argv, a single string at the limit, too much of it (E2BIG), bad pointers.
 */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static char *av[4002];
	char out[16384], *big = malloc(200000), *ev[] = {"A=1", NULL};
	char **volatile bad = (char **)8;
	int st;

	/* An empty argv becomes one empty string (Linux 5.18 and later). */
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", (char *[]){NULL}, ev), 0);
	CHECK_LINE(out, "argc=1");
	CHECK_LINE(out, "argv0=");
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", NULL, ev), 0);
	CHECK_LINE(out, "argc=1");
	CHECK_LINE(out, "env=A=1");
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", (char *[]){"a", NULL}, NULL), 0);
	CHECK(!strstr(out, "\nenv="));
	t_put_mode("s", "#!/t/helper\n", 0755);
	CHECK_EQ(t_capture(out, sizeof(out), "./s", (char *[]){NULL}, ev), 0);
	CHECK_LINE(out, "argc=2");
	CHECK_LINE(out, "argv1=./s");
	CHECK_EQ(t_capture(out, sizeof(out), "./s", NULL, ev), 0);
	CHECK_LINE(out, "argc=2");

	REQUIRE(big);
	memset(big, 'x', 200000);
	big[100] = 0;
	for (int i = 0; i < 4000; i++)
		av[i] = big;
	av[0] = "h";
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", av, ev), 0);
	CHECK_LINE(out, "argc=4000");
	CHECK_LINE(out, "env=A=1");
	CHECK_EQ(t_capture(out, sizeof(out), "./s", av, ev), 0);
	CHECK_LINE(out, "argc=4001");
	if (!access("/t/helper-dyn", X_OK)) {
		CHECK_EQ(t_capture(out, sizeof(out), "/t/helper-dyn", av, ev), 0);
		CHECK_LINE(out, "argc=4000");
	}
	/* One string: 128 KiB with its NUL are right, a byte more is not. */
	big[100] = 'x';
	big[131071] = 0;
	CHECK_EQ(t_exec_errno("/bin/true", (char *[]){"true", big, NULL}, ev, &st), 0);
	CHECK_EQ(st, 0);
	big[131071] = 'x';
	big[131072] = 0;
	CHECK_EQ(t_exec_errno("/bin/true", (char *[]){"true", big, NULL}, ev, NULL), E2BIG);
	/* All of it: a quarter of the stack limit, 2 MiB of 8. */
	big[131072] = 'x';
	big[100000] = 0;
	for (int i = 1; i < 15; i++)
		av[i] = big;
	av[15] = NULL;
	CHECK_EQ(t_exec_errno("/bin/true", av, ev, &st), 0);
	for (int i = 1; i < 120; i++)
		av[i] = big;
	av[120] = NULL;
	CHECK_EQ(t_exec_errno("/bin/true", av, ev, NULL), E2BIG);
	CHECK_EQ(t_exec_errno("/bin/true", bad, ev, NULL), EFAULT);
	CHECK_EQ(t_exec_errno("/bin/true", (char *[]){"a", (char *)8, NULL}, ev, NULL), EFAULT);
	CHECK_EQ(t_exec_errno("/bin/true", (char *[]){"a", NULL}, bad, NULL), EFAULT);
	CHECK_EQ(t_exec_errno("/missing", (char *[]){"a", (char *)8, NULL}, ev, NULL), ENOENT);
	return t_end();
}
