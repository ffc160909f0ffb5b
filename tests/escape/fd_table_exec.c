/* SPDX-License-Identifier: Apache-2.0 */
/* Another process that shares the descriptors puts a program of the host over every number while a program is
 * executed. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char buf[CMSG_SPACE(3 * sizeof(int))], c;
	struct msghdr m = {.msg_iov = &(struct iovec){&c, 1},
			   .msg_iovlen = 1,
			   .msg_control = buf,
			   .msg_controllen = sizeof(buf)};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fds[3];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", e_env("E_GIVE"));
	REQUIRE(!connect(s, (void *)&a, sizeof(a)) && recvmsg(s, &m, 0) == 1 &&
		m.msg_controllen >= CMSG_LEN(sizeof(fds)));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fds));
	REQUIRE(dup2(fds[2], 20) == 20);
	for (int i = 3; i < 20; i++)
		close(i);
	pid_t other = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned i = 0;; i++) {
			dup2(20, 3 + (int)(i % 3));
			if (i % 3 == 0)
				syscall(SYS_close_range, 3, 5, 0);
		}
	}
	for (unsigned i = 0; e_more(); i++) {
		/* shares the descriptors, too; exec takes its own copy only when it is certain to happen */
		pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
		if (!pid) {
			if (i % 2)
				execl("/bin/true", "true", NULL);
			int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
			syscall(SYS_execveat, fd, "", (char *[]){"true", NULL}, environ, AT_EMPTY_PATH);
			_exit(0);
		}
		e_wait(pid);
	}
	kill(other, SIGKILL);
	return t_end();
}
