/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: 40 links are followed, more are ELOOP. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char a[16], b[16];

	REQUIRE(!symlink("self", "self") && !symlink("pong", "ping") && !symlink("ping", "pong"));
	CHECK_ERR(stat("self", &st), ELOOP);
	CHECK_ERR(open("ping", O_RDONLY), ELOOP);
	CHECK_ERR(open("ping", O_RDWR | O_CREAT, 0644), ELOOP);
	CHECK_ERR(stat("self/x", &st), ELOOP);
	CHECK_ERR(chdir("self"), ELOOP);
	CHECK_ERR(truncate("self", 0), ELOOP);
	CHECK_EQ(t_exec_errno("self", (char *[]){"x", NULL}, NULL, NULL), ELOOP);
	CHECK_OK(lstat("self", &st));
	CHECK_OK(unlink("self"));
	t_put("l0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(a, sizeof(a), "l%d", i - 1);
		snprintf(b, sizeof(b), "l%d", i);
		REQUIRE(!symlink(a, b));
	}
	CHECK(t_holds("l40", "end"));
	CHECK_ERR(stat("l41", &st), ELOOP);
	CHECK_ERR(open("l41", O_RDONLY), ELOOP);
	/* A loop whose text is long, and grows. */
	char text[1200] = "long/x/../";
	memset(text + 10, 'y', 250);
	for (int i = 1; i < 4; i++)
		strcat(strcat(text, "/"), "./././././././././././././././././././././././././././././././");
	REQUIRE(!symlink(text, "long"));
	CHECK_ERR(stat("long", &st), ELOOP);
	CHECK_ERR(open("long/z", O_RDONLY), ELOOP);
	return t_end();
}
