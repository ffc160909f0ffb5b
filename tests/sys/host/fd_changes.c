/* SPDX-License-Identifier: Apache-2.0 */
/* fd_changes FILE DIR: tries every way to change FILE through an fd that is open for reading only; DIR may be
 * written. One line for each: its name, and 0 or the errno. The last lines: calls on fds that are none, on
 * the device nodes, and on what has no name. fd_changes FILE DIR race: the fd's number is FILE's and another
 * file's in turns while a thread changes it. */
#include "../t.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static void say(const char *what, long result)
{
	printf("%s %d\n", what, result < 0 ? errno : 0);
}

static void attributes(int fd)
{
	const struct timespec ts[2] = {{1000, 5}, {2000, 6}};
	const struct timeval tv[2] = {{1000, 5}, {2000, 6}};
	struct stat st;

	REQUIRE(!fstat(fd, &st));
	say("fchmod", fchmod(fd, 0640));
	say("fchown", fchown(fd, geteuid(), getegid()));
	say("fsetxattr", fsetxattr(fd, "user.fd_changes", "x", 1, 0));
	say("fremovexattr", fremovexattr(fd, "user.fd_changes"));
	say("futimens", futimens(fd, ts));
	say("futimens-now", futimens(fd, NULL));
	say("utimensat-flags", syscall(SYS_utimensat, fd, NULL, ts, AT_SYMLINK_NOFOLLOW));
#ifdef SYS_futimesat
	say("futimesat", syscall(SYS_futimesat, fd, NULL, tv));
#else
	(void)tv;
#endif
	say("utimensat-empty", utimensat(fd, "", ts, AT_EMPTY_PATH));
	say("fchownat-empty", fchownat(fd, "", geteuid(), getegid(), AT_EMPTY_PATH));
	say("fchmodat2-empty", syscall(452, fd, "", 0600, AT_EMPTY_PATH));
}

static void requests(int fd)
{
	struct fsxattr fsx;
	int flags = 0, version = 0;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		flags ^= FS_NODUMP_FL;
		say("setflags", ioctl(fd, FS_IOC_SETFLAGS, &flags));
		say("setflags-high-bits", syscall(SYS_ioctl, fd, FS_IOC_SETFLAGS | 1UL << 40, &flags));
		say("setflags-fault", ioctl(fd, FS_IOC_SETFLAGS, NULL));
	}
	if (!ioctl(fd, FS_IOC_FSGETXATTR, &fsx)) {
		fsx.fsx_xflags ^= FS_XFLAG_NODUMP;
		say("fssetxattr", ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	}
	if (!ioctl(fd, FS_IOC_GETVERSION, &version)) {
		version++;
		say("setversion", ioctl(fd, FS_IOC_SETVERSION, &version));
	}
}

static void contents(int fd, const char *dir)
{
	char link[64], name[PATH_MAX];
	int to = open(dir, O_RDONLY | O_DIRECTORY);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	snprintf(name, sizeof(name), "%s/linked", dir);
	say("reopen", open(link, O_RDWR));
	say("reopen-truncating", open(link, O_RDONLY | O_TRUNC));
	say("truncate-magic", truncate(link, 3));
	say("chmod-magic", chmod(link, 0644));
	say("linkat-magic", linkat(AT_FDCWD, link, to, "linked", AT_SYMLINK_FOLLOW));
	unlink(name);
	say("linkat-empty", linkat(fd, "", to, "linked2", AT_EMPTY_PATH));
	unlinkat(to, "linked2", 0);
	say("ftruncate", ftruncate(fd, 3));
	say("fallocate", fallocate(fd, 0, 0, 100));
	say("write", write(fd, "x", 1));
	say("ficlone", ioctl(fd, FICLONE, fd));
	close(to);
}

static void others(const char *file)
{
	int fd = open(file, O_PATH), null = open("/dev/null", O_RDONLY), mem = memfd_create("m", 0), p[2];
	struct stat st;

	REQUIRE(!pipe(p));
	say("fchmod-path-fd", fchmod(fd, 0600));
	say("fchown-path-fd", fchown(fd, -1, -1));
	say("futimens-path-fd", futimens(fd, NULL));
	say("fsetxattr-path-fd", fsetxattr(fd, "user.x", "x", 1, 0));
	say("fchmod-none", fchmod(777, 0600));
	say("fchmod-minus-one", fchmod(-1, 0600));
	say("fchmod-at-fdcwd", fchmod(AT_FDCWD, 0755));
	say("fsetxattr-name", fsetxattr(mem, "", "x", 1, 0));
	say("memfd", fchmod(mem, 0600));
	CHECK(!fstat(mem, &st) && (st.st_mode & 07777) == 0600);
	say("pipe", fchmod(p[1], 0640));
	CHECK(!fstat(p[0], &st) && (st.st_mode & 07777) == 0640);
	REQUIRE(!fstat(null, &st));
	say("null", fchmod(null, st.st_mode & 07777));
	say("null-path", chmod("/dev/null", st.st_mode & 07777));
	say("null-touch", futimens(null, NULL));
	CHECK_ERR(ioctl(null, FS_IOC_SETFLAGS, &p), ENOTTY);
}

static int number;
static atomic_bool stop;

static void *change(void *arg)
{
	const struct timespec ts[2] = {{1000, 5}, {2000, 6}};

	(void)arg;
	while (!stop) {
		fchmod(number, 0777);
		futimens(number, ts);
		fchmodat(number, "", 0777, AT_EMPTY_PATH);
		syscall(452, number, "", 0777, AT_EMPTY_PATH);
	}
	return NULL;
}

static void race(const char *file, const char *dir)
{
	char name[PATH_MAX];
	pthread_t t;

	snprintf(name, sizeof(name), "%s/racer", dir);
	int ro = open(file, O_RDONLY), rw = open(name, O_RDWR | O_CREAT, 0600);
	REQUIRE(ro >= 0 && rw >= 0);
	number = dup(rw);
	REQUIRE(!pthread_create(&t, NULL, change, NULL));
	for (long end = t_now_ms() + 300; t_now_ms() < end;) {
		dup2(ro, number);
		dup2(rw, number);
	}
	stop = true;
	pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
	REQUIRE(argc >= 3);
	if (argc > 3) {
		race(argv[1], argv[2]);
		return t_failures != 0;
	}
	int fd = open(argv[1], O_RDONLY);
	REQUIRE(fd >= 0);
	attributes(fd);
	requests(fd);
	contents(fd, argv[2]);
	others(argv[1]);
	return t_failures != 0;
}
