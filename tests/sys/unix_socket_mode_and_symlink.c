/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AF_UNIX: bind honours the umask and never follows a link; connect does follow one, within the root.
 */
#include "t.h"

#define SA(a) (struct sockaddr *)&(a), sizeof(a)

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sockaddr_un a = {AF_UNIX, "sock"}, l = {AF_UNIX, "link"}, dl = {AF_UNIX, "/w/abs/sock"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0),
	    e = socket(AF_UNIX, SOCK_STREAM, 0);

	umask(077);
	CHECK_OK(bind(s, SA(a)));
	CHECK_EQ(t_mode("sock"), 0700);
	CHECK_OK(listen(s, 5));
	REQUIRE(!symlink("sock", "link") && !symlink("/w", "abs"));
	CHECK_ERR(bind(c, SA(l)), EADDRINUSE);
	CHECK_OK(connect(c, SA(l)));
	CHECK_OK(connect(e, SA(dl)));
	if (geteuid()) {
		REQUIRE(!chmod("sock", 0400));
		c = socket(AF_UNIX, SOCK_STREAM, 0);
		CHECK_ERR(connect(c, SA(a)), EACCES);
	}
	return t_end();
}
