/* SPDX-License-Identifier: Apache-2.0 */
/* victim DIR SECRET GIVE LOG: a process outside of the sandbox, with something to steal. Prints one line of
 * shell assignments when it is ready; writes into LOG what was done to it. */
#include "../../sys/t.h"

static int log_fd;
static char secret[64];

static void note(const char *what)
{
	REQUIRE(write(log_fd, what, strlen(what)) >= 0 && write(log_fd, "\n", 1) == 1);
}

static void on_signal(int sig)
{
	(void)sig;
	note("signal");
}

static int listen_at(int type, const char *path, const char *abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	socklen_t len;

	if (path) {
		snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	} else {
		memcpy(a.sun_path + 1, abstract, strlen(abstract));
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract));
	}
	REQUIRE(s >= 0 && !bind(s, (void *)&a, len));
	REQUIRE(!path || !chmod(path, 0777));
	REQUIRE(type == SOCK_DGRAM || !listen(s, 64));
	return s;
}

/* Descriptors of the directory, of the secret, and of the program. */
static void give(int to, const char *dir)
{
	char buf[CMSG_SPACE(3 * sizeof(int))] = {0}, path[PATH_MAX];
	struct msghdr m = {.msg_iov = &(struct iovec){(char[]){"x"}, 1},
			   .msg_iovlen = 1,
			   .msg_control = buf,
			   .msg_controllen = sizeof(buf)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fds[3];

	fds[0] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/other", dir);
	fds[1] = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/prog", dir);
	fds[2] = open(path, O_RDONLY | O_CLOEXEC);
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], abstract[64];
	const struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	REQUIRE(argc == 5);
	alarm(110);
	log_fd = open(argv[4], O_WRONLY | O_APPEND | O_CLOEXEC);
	REQUIRE(log_fd >= 0);
	snprintf(secret, sizeof(secret), "%s", argv[2]);
	for (int sig = 1; sig < 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGTERM && sig != SIGALRM && sig != SIGSEGV &&
		    (sig < 32 || sig > 33))
			sigaction(sig, &sa, NULL);
	snprintf(path, sizeof(path), "%s/secret", argv[1]);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	REQUIRE(fd >= 0 && !chdir(argv[1]));
	snprintf(abstract, sizeof(abstract), "warren-escape-%d", getpid());
	snprintf(path, sizeof(path), "%s/stream", argv[1]);
	struct pollfd p[] = {
		{listen_at(SOCK_STREAM, path, NULL), POLLIN, 0},
		{-1, POLLIN, 0},
		{listen_at(SOCK_STREAM, NULL, abstract), POLLIN, 0},
		{listen_at(SOCK_STREAM, argv[3], NULL), POLLIN, 0},
	};
	snprintf(path, sizeof(path), "%s/dgram", argv[1]);
	p[1].fd = listen_at(SOCK_DGRAM, path, NULL);
	printf("E_PID=%d E_ADDR=%#lx E_FD=%d E_ABSTRACT=%s\n", getpid(), (unsigned long)secret, fd, abstract);
	fflush(stdout);
	fclose(stdout);
	for (;;) {
		if (poll(p, 4, -1) <= 0)
			continue;
		for (int i = 0; i < 4; i++) {
			char c;
			if (!p[i].revents)
				continue;
			if (i == 1) {
				REQUIRE(recv(p[i].fd, &c, 1, 0) >= 0);
				note("datagram");
				continue;
			}
			int s = accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC);
			if (i < 3)
				note("connection");
			else
				give(s, argv[1]);
			close(s);
		}
	}
}
