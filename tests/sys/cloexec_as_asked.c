/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: O_CLOEXEC is what the guest asked for; no injected fd survives exec unless the guest asked.
 */
#include "t.h"
#include <linux/openat2.h>

static int flag(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_GETFD);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct open_how how = {.flags = O_RDONLY}, how_ce = {.flags = O_RDONLY | O_CLOEXEC};
	char out[8192], *av[] = {"helper", NULL}, line[32];
	int keep, gone, path_keep, dir_gone;

	t_put("f", "x");
	CHECK_EQ(flag(open("f", O_RDONLY)), 0);
	CHECK_EQ(flag(open("f", O_RDONLY | O_CLOEXEC)), FD_CLOEXEC);
	CHECK_EQ(flag(open("f", O_RDWR | O_TRUNC)), 0);
	CHECK_EQ(flag(creat("g", 0644)), 0);
	CHECK_EQ(flag(open(".", O_TMPFILE | O_RDWR, 0600)), 0);
	CHECK_EQ(flag(open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)), FD_CLOEXEC);
	CHECK_EQ(flag(open("f", O_PATH)), 0);
	CHECK_EQ(flag(open("f", O_PATH | O_CLOEXEC)), FD_CLOEXEC);
	CHECK_EQ(flag(open(".", O_DIRECTORY)), 0);
	CHECK_EQ(flag(open("/dev/null", O_RDWR)), 0);
	CHECK_EQ(flag(open("/dev/null", O_RDWR | O_CLOEXEC)), FD_CLOEXEC);
	CHECK_EQ(flag(open("/proc/self/stat", O_RDONLY)), 0);
	CHECK_EQ(flag((int)syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how))), 0);
	CHECK_EQ(flag((int)syscall(SYS_openat2, AT_FDCWD, "f", &how_ce, sizeof(how_ce))), FD_CLOEXEC);

	keep = open("f", O_RDONLY);
	gone = open("f", O_RDONLY | O_CLOEXEC);
	path_keep = open("f", O_PATH);
	dir_gone = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(t_capture(out, sizeof(out), "/t/helper", av, av + 1), 0);
	snprintf(line, sizeof(line), "fd=%d", keep);
	CHECK(t_has_line(out, line));
	snprintf(line, sizeof(line), "fd=%d", path_keep);
	CHECK(t_has_line(out, line));
	snprintf(line, sizeof(line), "fd=%d", gone);
	CHECK(!t_has_line(out, line));
	snprintf(line, sizeof(line), "fd=%d", dir_gone);
	CHECK(!t_has_line(out, line));
	return t_end();
}
