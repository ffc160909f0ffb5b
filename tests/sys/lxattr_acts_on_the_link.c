/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: the no-follow family acts on the link: l*xattr. A link cannot have user attributes, its target can.
 */
#include "t.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[64];

	t_put("f", "x");
	REQUIRE(!symlink("f", "l") && !symlink("none", "dangling"));
	if (setxattr("f", "user.a", "value", 5, 0) && errno == EOPNOTSUPP)
		T_SKIP("no user attributes on this filesystem");
	CHECK_EQ(getxattr("l", "user.a", buf, sizeof(buf)), 5);
	CHECK_ERR(lgetxattr("l", "user.a", buf, sizeof(buf)), ENODATA);
	CHECK_ERR(lsetxattr("l", "user.a", "v", 1, 0), EPERM);
	CHECK(llistxattr("l", buf, sizeof(buf)) < (ssize_t)sizeof("user.a"));
	CHECK(listxattr("l", buf, sizeof(buf)) >= (ssize_t)sizeof("user.a"));
	CHECK(lremovexattr("l", "user.a") < 0);
	CHECK_EQ(lgetxattr("f", "user.a", buf, sizeof(buf)), 5);
	CHECK_OK(setxattr("l", "user.a", "through", 7, XATTR_REPLACE));
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 7);
	CHECK_ERR(getxattr("dangling", "user.a", buf, sizeof(buf)), ENOENT);
	CHECK_ERR(lgetxattr("dangling", "user.a", buf, sizeof(buf)), ENODATA);
	CHECK_OK(removexattr("l", "user.a"));
	CHECK_ERR(getxattr("f", "user.a", buf, sizeof(buf)), ENODATA);
	return t_end();
}
