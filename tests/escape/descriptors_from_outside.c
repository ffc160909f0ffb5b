/* SPDX-License-Identifier: Apache-2.0 */
/* A directory and files of the host, received over a socket: what they are open for, and no more. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char buf[CMSG_SPACE(3 * sizeof(int))], c, link[64];
	struct msghdr m = {.msg_iov = &(struct iovec){&c, 1},
			   .msg_iovlen = 1,
			   .msg_control = buf,
			   .msg_controllen = sizeof(buf)};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fds[3];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", e_env("E_GIVE"));
	REQUIRE(!connect(s, (void *)&a, sizeof(a)) && recvmsg(s, &m, 0) == 1 &&
		m.msg_controllen >= CMSG_LEN(sizeof(fds)));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fds));
	e_read_fd(openat(fds[0], "secret", O_RDONLY | O_CLOEXEC), "openat");
	e_read_fd(openat(fds[0], "../out/secret", O_RDONLY | O_CLOEXEC), "above");
	e_read_fd(openat(fds[0], "./secret", O_RDWR | O_CLOEXEC), "openat");
	linkat(fds[0], "secret", AT_FDCWD, "copy", 0);
	e_read_fd(open("copy", O_RDONLY | O_CLOEXEC), "linkat");
	snprintf(link, sizeof(link), "/proc/self/fd/%d/secret", fds[0]);
	e_read_fd(open(link, O_RDONLY | O_CLOEXEC), "by /proc/self/fd");
	if (!fchdir(fds[0]))
		e_read_fd(open("secret", O_RDONLY | O_CLOEXEC), "fchdir");
	/* files that are open for reading, to be written, linked, changed or run */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[1]);
	if (open(link, O_WRONLY | O_CLOEXEC) >= 0)
		ESCAPED("opened again to be written");
	fchmod(fds[1], 0600);
	fchmodat(AT_FDCWD, link, 0600, 0);
	linkat(AT_FDCWD, link, AT_FDCWD, "/w/linked", AT_SYMLINK_FOLLOW);
	linkat(fds[1], "", AT_FDCWD, "/w/linked", AT_EMPTY_PATH);
	unlinkat(fds[0], "secret", 0);
	mkdirat(fds[0], "made", 0755);
	pid_t pid = e_fork();
	if (!pid) {
		syscall(SYS_execveat, fds[2], "", (char *[]){"prog", NULL}, environ, AT_EMPTY_PATH);
		_exit(0);
	}
	e_wait(pid);
	return t_end();
}
