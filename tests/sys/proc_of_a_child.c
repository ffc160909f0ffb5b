/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: /proc/PID of another process of the same guest: exe, cwd, root, fd, maps, status. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char path[64], text[65536];
	pid_t pid;
	int p[2];

	REQUIRE(!mkdir("d", 0755) && !pipe2(p, O_CLOEXEC));
	t_put("d/f", "x");
	pid = t_fork();
	if (!pid) {
		int fd = open("d/f", O_RDONLY);

		CHECK_EQ(dup2(fd, 9), 9);
		CHECK_OK(chdir("d"));
		close(p[1]);
		execl("/t/helper", "child name", "sleep", (char *)NULL);
		_exit(99);
	}
	close(p[1]);
	t_slurp(p[0], text, sizeof(text));
	t_ms(150);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	CHECK_STR(t_readlink(path), "/t/helper");
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	CHECK_STR(t_readlink(path), "/w/d");
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	CHECK_STR(t_readlink(path), "/");
	snprintf(path, sizeof(path), "/proc/%d/fd/9", pid);
	CHECK_STR(t_readlink(path), "/w/d/f");
	CHECK(t_holds(path, "x"));
	snprintf(path, sizeof(path), "/proc/%d/cwd/f", pid);
	CHECK(t_holds(path, "x"));
	snprintf(path, sizeof(path), "/proc/%d/root/etc/marker", pid);
	CHECK(t_holds(path, "the root of the guest\n"));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	CHECK(t_get(path, text, sizeof(text)) > 0 && !strcmp(text, "child name"));
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	CHECK(t_holds(path, "helper\n"));
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	CHECK(t_get(path, text, sizeof(text)) > 0 && strstr(text, "/t/helper"));
	kill(pid, SIGKILL);
	t_wait(pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	CHECK(t_readlink(path)[0] == '(');
	return t_end();
}
