/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that uses a bit of everything while its supervisor's calls and allocations fail. Any errno is
 * right; what is denied or read-only stays so. Exit status 42: it did not. */
#include "../sys/t.h"
#include <sys/inotify.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static void denied(void)
{
	char buf[64];

	if (open("/denied/secret", O_RDONLY) >= 0 || open("/ro/file", O_WRONLY) >= 0 ||
	    !chmod("/ro/file", 0600) || !unlink("/ro/file") || !rename("/ro/file", "stolen") ||
	    !link("/denied/secret", "linked") || !truncate("/ro/file", 0) ||
	    getxattr("/denied/secret", "user.x", buf, sizeof(buf)) >= 0 || !access("/denied/secret", R_OK)) {
		dprintf(2, "a rule does not hold\n");
		_exit(42);
	}
}

static void files(void)
{
	char buf[4096];
	struct stat st;
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)!write(fd, "text", 4);
	close(fd);
	fd = open("f", O_PATH);
	fstatat(fd, "", &st, AT_EMPTY_PATH);
	close(fd);
	stat("f", &st);
	mkdir("d", 0755);
	symlink("d", "l");
	(void)!readlink("l", buf, sizeof(buf));
	rename("f", "l/f");
	link("d/f", "g");
	chmod("g", 0600);
	fd = open("g", O_RDONLY);
	fchmod(fd, 0644);
	futimens(fd, NULL);
	fsetxattr(fd, "user.x", "x", 1, 0);
	close(fd);
	setxattr("g", "user.y", "y", 1, 0);
	listxattr("g", buf, sizeof(buf));
	truncate("g", 1);
	utimensat(AT_FDCWD, "g", NULL, 0);
	mkfifo("p", 0644);
	fd = open("p", O_RDWR);
	close(fd);
	unlink("p");
	unlink("g");
	unlink("d/f");
	rmdir("d");
	unlink("l");
	int in = inotify_init();
	inotify_add_watch(in, ".", IN_CREATE);
	close(in);
}

static void listings(void)
{
	static const char *const names[] = {"/", "/proc", "/proc/self/fd", "/dev/pts", "."};

	for (int i = 0; i < 5; i++) {
		DIR *d = opendir(names[i]);
		while (d && readdir(d))
			;
		if (d)
			closedir(d);
	}
	char buf[4096];
	t_get("/proc/self/maps", buf, sizeof(buf));
	t_get("/proc/self/mountinfo", buf, sizeof(buf));
	(void)!readlink("/proc/self/exe", buf, sizeof(buf));
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	close(m);
}

static void sockets(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "s"}, own;
	socklen_t len = sizeof(own);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), pair[2];
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;

	bind(s, (void *)&a, sizeof(a));
	listen(s, 1);
	connect(c, (void *)&a, sizeof(a));
	getsockname(s, (void *)&own, &len);
	unlink("s");
	if (!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair)) {
		struct msghdr m = {.msg_iov = &(struct iovec){&byte, 1},
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		*h = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		sendmsg(pair[0], &m, 0);
		close(pair[0]);
		close(pair[1]);
	}
	close(s);
	close(c);
}

static void programs(void)
{
	static const char *const names[] = {"/bin/true", "/t/helper-dyn", "/t/script"};

	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		if (!pid) {
			execl(names[i], "true", "exit", "0", NULL);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	pid_t pid = fork();
	if (!pid) {
		(void)!chdir("/proc/self");
		(void)!chdir("/w");
		execl("/denied/prog", "x", NULL);
		_exit(0);
	}
	int st = 0;
	if (pid > 0 && waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 42)
		_exit(42);
}

static void *run(void *arg)
{
	(void)arg;
	denied();
	listings();
	sockets();
	return NULL;
}

int main(void)
{
	pthread_t th;
	bool other = !pthread_create(&th, NULL, run, NULL);

	alarm(15);
	signal(SIGPIPE, SIG_IGN);
	denied();
	files();
	programs();
	denied();
	if (other)
		pthread_join(th, NULL);
	return 0;
}
