/* SPDX-License-Identifier: Apache-2.0 */
/* exec: system(3), popen(3) and a shell's own spawning. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];
	FILE *p;

	CHECK_EQ(system("exit 7"), 7 << 8);
	CHECK_EQ(system("cat /etc/marker > copy; test -s copy"), 0);
	CHECK(t_holds("copy", "the root of the guest\n"));
	p = popen("echo one; (cd /etc && pwd); echo $0", "r");
	REQUIRE(p);
	CHECK(fgets(buf, sizeof(buf), p) && !strcmp(buf, "one\n"));
	CHECK(fgets(buf, sizeof(buf), p) && !strcmp(buf, "/etc\n"));
	CHECK(fgets(buf, sizeof(buf), p) && !strcmp(buf, "sh\n"));
	CHECK_EQ(pclose(p), 0);
	p = popen("cat > through", "w");
	REQUIRE(p);
	fputs("piped", p);
	CHECK_EQ(pclose(p), 0);
	CHECK(t_holds("through", "piped"));
	CHECK_EQ(system("ls / | grep -q etc && /bin/ls /etc | sort | /bin/cat | grep -q marker"), 0);
	return t_end();
}
