/* SPDX-License-Identifier: Apache-2.0 */
/* Size and existence of what must not be seen: stat, access, readlink, statfs, getxattr, inotify. */
#include "e.h"
#include <sys/inotify.h>
#include <sys/xattr.h>

static void attack(void)
{
	while (e_more()) {
		struct stat st;
		char buf[64];
		/* the secret is longer than our own file of that name */
		if (!stat("x/secret", &st) && st.st_size > 8)
			ESCAPED("stat");
		if (!access("x/prog", F_OK))
			ESCAPED("access");
		if (getxattr("x/prog", "user.none", buf, sizeof(buf)) < 0 && errno == ENODATA)
			ESCAPED("getxattr");
		int in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (inotify_add_watch(in, "x/prog", IN_OPEN) >= 0)
			ESCAPED("inotify_add_watch");
		close(in);
	}
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	e_race(attack);
	return t_end();
}
