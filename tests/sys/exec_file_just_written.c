/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a file just written, a copy of a program, one that is open for writing (ETXTBSY). */
#include "t.h"
#include <sys/utsname.h>

static void copy(const char *from, const char *to, mode_t mode)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC),
	    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	REQUIRE(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		REQUIRE(write(out, buf, (size_t)n) == n);
	REQUIRE(!fchmod(out, mode));
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char out[16384], *av[] = {"z", NULL};
	int fd, st;

	copy("/t/helper", "prog", 0755);
	CHECK_EQ(t_capture(out, sizeof(out), "./prog", av, av + 1), 0);
	CHECK_LINE(out, "exe=/w/prog");
	CHECK_LINE(out, "execfn=./prog");
	CHECK_LINE(out, "Name:=prog");
	/* Overwritten by another program, it is the other program. */
	copy("/bin/busybox", "prog", 0755);
	CHECK_EQ(t_exec_errno("./prog", (char *[]){"false", NULL}, NULL, &st), 0);
	CHECK_EQ(st, 1);
	copy("/t/helper", "prog", 0755);
	CHECK_EQ(t_exec_errno("./prog", (char *[]){"p", "exit", "9", NULL}, NULL, &st), 0);
	CHECK_EQ(st, 9);
	fd = open("prog", O_WRONLY | O_CLOEXEC);
	CHECK_EQ(t_exec_errno("./prog", av, NULL, NULL), ETXTBSY);
	close(fd);
	/* So is what is no program at all; warren can tell since Linux 6.14. */
	struct utsname un;
	int major = 0, minor = 0;
	t_put_mode("text", "text", 0755);
	REQUIRE(!uname(&un) && sscanf(un.release, "%d.%d", &major, &minor) == 2);
	CHECK_EQ(t_exec_errno("./text", av, NULL, NULL), ENOEXEC);
	fd = open("text", O_WRONLY | O_CLOEXEC);
	if (major > 6 || (major == 6 && minor >= 14))
		CHECK_EQ(t_exec_errno("./text", av, NULL, NULL), ETXTBSY);
	close(fd);
	if (!access("/t/helper-dyn", X_OK)) {
		copy("/t/helper-dyn", "dyn", 0755);
		CHECK_EQ(t_capture(out, sizeof(out), "/w/dyn", av, av + 1), 0);
		CHECK_LINE(out, "exe=/w/dyn");
	}
	/* Renamed and deleted while it runs. */
	pid_t pid = t_fork();
	if (!pid) {
		execl("./prog", "p", "sleep", (char *)NULL);
		_exit(99);
	}
	t_ms(150);
	char link[64];
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	CHECK_STR(t_readlink(link), "/w/prog");
	REQUIRE(!rename("prog", "renamed"));
	CHECK_STR(t_readlink(link), "/w/renamed");
	REQUIRE(!unlink("renamed"));
	CHECK_STR(t_readlink(link), "/w/renamed (deleted)");
	kill(pid, SIGKILL);
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	return t_end();
}
