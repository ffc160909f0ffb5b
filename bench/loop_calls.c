// SPDX-License-Identifier: Apache-2.0
/* The calls that a loop makes, by the numbers that a program linked with glibc would use; a kernel without
 * legacy calls has only the others. */
#include "loop_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static long do_call(const struct loop_op *op)
{
	return syscall(op->nr, op->args[0], op->args[1], op->args[2], op->args[3], op->args[4], op->args[5]);
}

static long do_getppid(const struct loop_op *op)
{
	(void)op;
	return syscall(SYS_getppid);
}

static long do_null(const struct loop_op *op)
{
	(void)op;
	return syscall(SYS_readlinkat, AT_FDCWD, NULL, NULL, 0);
}

static long close_after(long fd)
{
	if (fd >= 0)
		syscall(SYS_close, fd);
	return fd;
}

static long do_open(const struct loop_op *op)
{
	return close_after(syscall(SYS_openat, AT_FDCWD, op->path, O_RDONLY | O_CLOEXEC));
}

static long do_openat2(const struct loop_op *op)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};

	return close_after(syscall(SYS_openat2, AT_FDCWD, op->path, &how, sizeof(how)));
}

static long do_stat(const struct loop_op *op)
{
	struct stat st;

	return syscall(SYS_newfstatat, AT_FDCWD, op->path, &st, 0);
}

static long do_statx(const struct loop_op *op)
{
	struct statx stx;

	return syscall(SYS_statx, AT_FDCWD, op->path, 0, STATX_BASIC_STATS, &stx);
}

static long do_access(const struct loop_op *op)
{
#ifdef SYS_access
	return syscall(SYS_access, op->path, F_OK);
#else
	return syscall(SYS_faccessat, AT_FDCWD, op->path, F_OK);
#endif
}

static long do_readlink(const struct loop_op *op)
{
	char buf[256];
#ifdef SYS_readlink
	return syscall(SYS_readlink, op->path, buf, sizeof(buf));
#else
	return syscall(SYS_readlinkat, AT_FDCWD, op->path, buf, sizeof(buf));
#endif
}

static long do_getdents(const struct loop_op *op)
{
	static char buf[32768];
	long fd = syscall(SYS_openat, AT_FDCWD, op->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n;

	if (fd < 0)
		return fd;
	do
		n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	while (n > 0);
	syscall(SYS_close, fd);
	return n;
}

static long do_mkdir(const struct loop_op *op)
{
	long r = mkdir(op->path, 0755);

	return r < 0 ? r : rmdir(op->path);
}

static long do_create(const struct loop_op *op)
{
	long fd = close_after(open(op->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));

	return fd < 0 ? fd : unlink(op->path);
}

static long do_rename(const struct loop_op *op)
{
	long r = rename(op->path, op->other);

	return r < 0 ? r : rename(op->other, op->path);
}

static long do_symlink(const struct loop_op *op)
{
	long r = symlink("f", op->path);

	return r < 0 ? r : unlink(op->path);
}

static long do_chdir(const struct loop_op *op)
{
	return chdir(op->path);
}

static long do_getcwd(const struct loop_op *op)
{
	char buf[4096];

	(void)op;
	return syscall(SYS_getcwd, buf, sizeof(buf));
}

static long do_xattr(const struct loop_op *op)
{
	char buf[64];

	return getxattr(op->path, "user.warren", buf, sizeof(buf));
}

static long do_exec(const struct loop_op *op)
{
	static char word[] = "exit";
	char *argv[] = {(char *)(uintptr_t)op->path, word, NULL}, *envp[] = {NULL};
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, op->path, NULL, NULL, argv, envp);
	if (errno || waitpid(pid, &status, 0) < 0)
		return -1;
	errno = ENOEXEC;
	return status ? -1 : 0;
}

const struct loop_call loop_calls[] = {
	[LOOP_CALL] = {"call", 1, do_call},
	[LOOP_GETPPID] = {"getppid", 0, do_getppid},
	[LOOP_NULL] = {"null", 0, do_null},
	[LOOP_OPEN] = {"open", 1, do_open},
	[LOOP_OPENAT2] = {"openat2", 1, do_openat2},
	[LOOP_STAT] = {"stat", 1, do_stat},
	[LOOP_STATX] = {"statx", 1, do_statx},
	[LOOP_ACCESS] = {"access", 1, do_access},
	[LOOP_READLINK] = {"readlink", 1, do_readlink},
	[LOOP_ENOENT] = {"enoent", 1, do_stat},
	[LOOP_GETDENTS] = {"getdents", 1, do_getdents},
	[LOOP_MKDIR] = {"mkdir", 1, do_mkdir},
	[LOOP_CREATE] = {"create", 1, do_create},
	[LOOP_RENAME] = {"rename", 1, do_rename},
	[LOOP_SYMLINK] = {"symlink", 1, do_symlink},
	[LOOP_CHDIR] = {"chdir", 1, do_chdir},
	[LOOP_GETCWD] = {"getcwd", 0, do_getcwd},
	[LOOP_XATTR] = {"xattr", 1, do_xattr},
	[LOOP_EXEC] = {"exec", 1, do_exec},
	[LOOP_OPEN_ENOENT] = {"open-enoent", 1, do_open},
};

static int remake(const char *path)
{
	char text[256];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return unlink(path) < 0 || symlink(text, path) < 0 ? -errno : 0;
}

int loop_touch(const struct loop_op *op)
{
	char inside[300];
	const char *made = op->path;
	struct stat st;
	int fd;

	if (!op->path)
		return 0;
	if (lstat(op->path, &st) == 0 && S_ISLNK(st.st_mode))
		return remake(op->path);
	if (lstat(op->path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		fd = open(op->path, O_WRONLY | O_APPEND | O_CLOEXEC);
		return fd < 0 || close(fd) < 0 ? -errno : 0;
	}
	if (lstat(op->path, &st) == 0) {
		snprintf(inside, sizeof(inside), "%s/touched", op->path);
		made = inside;
	}
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 || close(fd) < 0 || unlink(made) < 0 ? -errno : 0;
}
