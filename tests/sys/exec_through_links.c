/* SPDX-License-Identifier: Apache-2.0 */
/* exec: through a link AT_EXECFN is what was given, /proc/self/exe what was reached, comm the name given. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	if (argc == 2)
		return strcmp(argv[1], "again") ? 1 : 42;
	char out[16384], *av[] = {"z", NULL};

	REQUIRE(!mkdir("d", 0755) && !symlink("/t/helper", "d/link") && !symlink("d", "dd") &&
		!symlink("../w/d/link", "up"));
	CHECK_EQ(t_capture(out, sizeof(out), "dd/link", av, av + 1), 0);
	CHECK_LINE(out, "execfn=dd/link");
	CHECK_LINE(out, "exe=/t/helper");
	CHECK_LINE(out, "Name:=link");
	CHECK_EQ(t_capture(out, sizeof(out), "/w/../w/up", av, av + 1), 0);
	CHECK_LINE(out, "execfn=/w/../w/up");
	CHECK_LINE(out, "exe=/t/helper");
	CHECK_LINE(out, "Name:=up");
	if (!access("/t/helper-dyn", X_OK)) {
		REQUIRE(!symlink("/t/helper-dyn", "dyn"));
		CHECK_EQ(t_capture(out, sizeof(out), "./dyn", av, av + 1), 0);
		CHECK_LINE(out, "execfn=./dyn");
		CHECK_LINE(out, "exe=/t/helper-dyn");
		CHECK_LINE(out, "Name:=dyn");
	}
	/* By way of /proc. */
	CHECK_EQ(t_capture(out, sizeof(out), "/proc/self/root/t/helper", av, av + 1), 0);
	CHECK_LINE(out, "exe=/t/helper");
	int fd = open("/t/helper", O_RDONLY | O_CLOEXEC);
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(t_capture(out, sizeof(out), path, av, av + 1), 0);
	CHECK_LINE(out, "exe=/t/helper");
	/* As busybox runs its applets: this program again, by /proc/self/exe. */
	CHECK_EQ(t_exec_errno("/proc/self/exe", (char *[]){"self", "again", NULL}, NULL, &fd), 0);
	CHECK_EQ(fd, 42);
	return t_end();
}
