/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: locks (flock, fcntl, OFD) live on the injected fd and behave. */
#include "t.h"
#include <sys/file.h>

static int try_lock(int cmd)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	int fd = open("f", O_RDWR | O_CLOEXEC);
	int r = fcntl(fd, cmd, &fl) ? errno : 0;

	close(fd);
	return r;
}

static int in_child(int cmd)
{
	pid_t pid = t_fork();

	if (!pid)
		_exit(try_lock(cmd));
	return t_wait(pid);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	int a = -1, b, dup_a;
	pid_t pid;

	t_put("f", "0123456789");
	a = open("f", O_RDWR | O_CLOEXEC);
	b = open("f", O_RDWR | O_CLOEXEC);
	/* POSIX locks belong to the process that asked, so not to the supervisor. */
	CHECK_OK(fcntl(a, F_SETLK, &fl));
	CHECK_EQ(in_child(F_SETLK), EAGAIN);
	fl.l_type = F_WRLCK;
	pid = t_fork();
	if (!pid) {
		CHECK_OK(fcntl(a, F_GETLK, &fl));
		CHECK_EQ(fl.l_type, F_WRLCK);
		CHECK_EQ(fl.l_pid, getppid());
		_exit(t_end());
	}
	CHECK_EQ(t_wait(pid), 0);
	/* The famous defect: closing any fd of the file drops them. */
	close(b);
	CHECK_EQ(in_child(F_SETLK), 0);
	/* OFD locks. */
	fl = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
	CHECK_OK(fcntl(a, F_OFD_SETLK, &fl));
	CHECK_EQ(try_lock(F_OFD_SETLK), EAGAIN);
	close(a);
	CHECK_EQ(try_lock(F_OFD_SETLK), 0);
	/* flock belongs to the open file description: shared by dup and fork. */
	a = open("f", O_RDONLY | O_CLOEXEC);
	b = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_OK(flock(a, LOCK_EX));
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	dup_a = dup(a);
	close(a);
	CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	pid = t_fork();
	if (!pid)
		_exit(flock(dup_a, LOCK_UN) ? 1 : 0);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
	return t_end();
}
