/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: inotify_add_watch. A tidy refusal is right; a watch on another file is
 * not. */
#include "t.h"
#include <sys/inotify.h>

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *ev = (void *)buf;
	struct pollfd pfd;
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), wd;

	if (in < 0)
		T_SKIP("no inotify");
	REQUIRE(!mkdir("d", 0755) && !symlink("d", "l"));
	wd = inotify_add_watch(in, "l", IN_CREATE | IN_DELETE);
	if (wd < 0 && (errno == ENOSYS || errno == EPERM || errno == EACCES))
		T_SKIP("inotify_add_watch is refused");
	CHECK(wd > 0);
	t_put("d/new", "x");
	pfd = (struct pollfd){in, POLLIN, 0};
	CHECK_EQ(poll(&pfd, 1, 1000), 1);
	CHECK(read(in, buf, sizeof(buf)) > 0 && ev->wd == wd && (ev->mask & IN_CREATE) &&
	      !strcmp(ev->name, "new"));
	CHECK_ERR(inotify_add_watch(in, "l", IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW), ENOTDIR);
	CHECK_ERR(inotify_add_watch(in, "missing", IN_CREATE), ENOENT);
	CHECK_ERR(inotify_add_watch(in, "d", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(-1, "d", IN_CREATE), EBADF);
	CHECK_ERR(inotify_add_watch(-1, "d", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(0, "d", IN_CREATE), EINVAL);
	/* The same directory again is the same watch. */
	CHECK_EQ(inotify_add_watch(in, "/w/d", IN_CREATE), wd);
	CHECK_OK(inotify_rm_watch(in, wd));
	return t_end();
}
