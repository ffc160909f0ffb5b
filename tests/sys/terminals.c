/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: a guest makes a terminal, takes it as its controlling one, opens it by each of its names, sees it in
 * /dev/pts for as long as it lives; /dev/tty is the controlling terminal of whoever opens it. */
#include "t.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <utmp.h>

static bool listed(const char *name)
{
	DIR *dir = opendir("/dev/pts");
	struct dirent *e;
	bool found = false;

	REQUIRE(dir);
	while ((e = readdir(dir)))
		found |= !strcmp(e->d_name, name);
	closedir(dir);
	return found;
}

/* A session leader on its own terminal. */
static int leader(const char *name)
{
	char link[64];
	struct stat st;
	int tty, again, status;
	pid_t pid;

	CHECK_STR(ttyname(0), name);
	CHECK_STR(t_readlink("/proc/self/fd/0"), name);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	CHECK(tty >= 0);
	CHECK(isatty(tty));
	CHECK(!fstat(tty, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 0));
	CHECK_EQ(tcgetpgrp(tty), getpid());
	CHECK_EQ(tcgetsid(tty), getpid());
	CHECK_EQ(write(tty, "A", 1), 1);
	CHECK(open("/dev/tty", O_WRONLY | O_CREAT | O_TRUNC, 0666) >= 0);
	CHECK(open("/dev/tty", O_RDONLY | O_NONBLOCK) >= 0);
	CHECK_ERR(open("/dev/tty", O_RDONLY | O_DIRECTORY), ENOTDIR);
	again = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(again >= 0);
	CHECK_EQ(write(again, "B", 1), 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", again);
	again = open(link, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK_EQ(write(again, "C", 1), 1);
	CHECK_EQ(system("echo D > /dev/tty; echo E > /dev/stdout; exec 9<> /dev/stdin"), 0);
	pid = t_fork();
	if (!pid) {
		CHECK(setsid() > 0);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK(!stat("/dev/tty", &st) && st.st_rdev == makedev(5, 0));
		/* it is no one's any more, but it is still there */
		CHECK(open(name, O_RDWR | O_NOCTTY) >= 0);
		_exit(t_end());
	}
	status = t_wait(pid);
	CHECK_EQ(status, 0);
	return t_end();
}

int main(int argc, char **argv)
{
	char name[64], buf[256];
	size_t have = 0;
	struct stat st;
	int m, s, status;
	ssize_t n;
	pid_t pid;

	t_begin(argc, argv);
	if (openpty(&m, &s, name, NULL, NULL)) {
		if (errno == ENOENT || errno == EACCES)
			T_SKIP("no pseudo-terminal to be had");
		CHECK(!"openpty");
		return t_end();
	}
	CHECK(!strncmp(name, "/dev/pts/", 9));
	CHECK(!stat(name, &st) && S_ISCHR(st.st_mode) && st.st_uid == getuid());
	CHECK(listed(name + 9) && listed("ptmx") && listed("."));
	CHECK_OK(chmod(name, 0600));
	CHECK(!stat(name, &st) && (st.st_mode & 07777) == 0600);
	CHECK_ERR(open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	pid = t_fork();
	if (!pid) {
		close(m);
		REQUIRE(!login_tty(s));
		_exit(leader(name));
	}
	close(s);
	while ((n = read(m, buf + have, sizeof(buf) - have - 1)) > 0)
		have += (size_t)n;
	buf[have] = 0;
	status = t_wait(pid);
	CHECK_EQ(status, 0);
	CHECK_STR(buf, "ABCD\r\nE\r\n");
	close(m);
	CHECK_ERR(stat(name, &st), ENOENT);
	CHECK_ERR(open(name, O_RDWR | O_NOCTTY), ENOENT);
	CHECK(!listed(name + 9));
	CHECK_ERR(open("/dev/pts/none", O_RDONLY), ENOENT);

	/* Many, one after the other: nothing is used up. */
	for (int i = 0; i < 300; i++) {
		m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		REQUIRE(m >= 0);
		close(m);
	}
	return t_end();
}
