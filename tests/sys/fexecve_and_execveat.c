/* SPDX-License-Identifier: Apache-2.0 */
/* exec: fexecve, execveat with a dirfd, with an empty path, without following a link; scripts by fd. */
#include "t.h"

static long in_child(int fd, const char *path, int flags, char *const av[])
{
	int p[2], err = 0, st;
	pid_t pid;

	REQUIRE(!pipe2(p, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		syscall(SYS_execveat, fd, path, av, (char *[]){NULL}, flags);
		err = errno;
		REQUIRE(write(p[1], &err, sizeof(err)) == sizeof(err));
		_exit(126);
	}
	close(p[1]);
	if (read(p[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(p[0]);
	st = t_wait(pid);
	return err ? -err : st;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char *av[] = {"z", "exit", "6", NULL}, out[16384];
	int d = open("/t", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = open("/t/helper", O_RDONLY | O_CLOEXEC);
	int p = open("/t/helper", O_PATH | O_CLOEXEC), s, dd;
	pid_t pid;
	int pipes[2];

	REQUIRE(!symlink("/t/helper", "l") && !mkdir("d", 0755));
	CHECK_EQ(in_child(d, "helper", 0, av), 6);
	CHECK_EQ(in_child(AT_FDCWD, "/t/helper", 0, av), 6);
	CHECK_EQ(in_child(-1, "/t/helper", 0, av), 6);
	CHECK_EQ(in_child(fd, "", AT_EMPTY_PATH, av), 6);
	CHECK_EQ(in_child(p, "", AT_EMPTY_PATH, av), 6);
	CHECK_EQ(in_child(AT_FDCWD, "l", 0, av), 6);
	CHECK_EQ(in_child(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, av), -ELOOP);
	CHECK_EQ(in_child(fd, "", 0, av), -ENOENT);
	CHECK_EQ(in_child(-1, "helper", 0, av), -EBADF);
	CHECK_EQ(in_child(fd, "helper", 0, av), -ENOTDIR);
	CHECK_EQ(in_child(d, "helper", 0x40000, av), -EINVAL);
	CHECK_EQ(in_child(d, "", 0x40000, av), -ENOENT);
	CHECK_EQ(in_child(d, "", AT_EMPTY_PATH, av), -EACCES);
	CHECK_EQ(in_child(d, "missing", 0, av), -ENOENT);
	pid = t_fork();
	if (!pid) {
		fexecve(fd, av, (char *[]){NULL});
		_exit(99);
	}
	CHECK_EQ(t_wait(pid), 6);
	/* What the program sees: /dev/fd/N, or /dev/fd/N/name. */
	REQUIRE(!pipe2(pipes, O_CLOEXEC));
	pid = t_fork();
	if (!pid) {
		dup2(pipes[1], 1);
		fcntl(fd, F_SETFD, 0);
		syscall(SYS_execveat, fd, "", (char *[]){"z", NULL}, (char *[]){NULL}, AT_EMPTY_PATH);
		_exit(99);
	}
	close(pipes[1]);
	t_slurp(pipes[0], out, sizeof(out));
	CHECK_EQ(t_wait(pid), 0);
	CHECK_LINE(out, "exe=/t/helper");
	snprintf(out + 8000, 100, "execfn=/dev/fd/%d", fd);
	CHECK_LINE(out, out + 8000);
	/* A script by an fd that survives the exec works, by one that does not is ENOENT. */
	t_put_mode("s", "#!/t/helper exit\n", 0755);
	t_put_mode("sh", "#!/bin/sh\nexit 5\n", 0755);
	s = open("sh", O_RDONLY);
	CHECK_EQ(in_child(s, "", AT_EMPTY_PATH, av), 5);
	fcntl(s, F_SETFD, FD_CLOEXEC);
	CHECK_EQ(in_child(s, "", AT_EMPTY_PATH, av), -ENOENT);
	dd = open(".", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(in_child(dd, "sh", 0, av), 5);
	/* A memfd that the guest made. */
	char buf[65536];
	ssize_t n;
	int m = memfd_create("prog", MFD_CLOEXEC);
	if (m >= 0) {
		lseek(fd, 0, SEEK_SET);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			REQUIRE(write(m, buf, (size_t)n) == n);
		CHECK_EQ(in_child(m, "", AT_EMPTY_PATH, av), 6);
	}
	return t_end();
}
