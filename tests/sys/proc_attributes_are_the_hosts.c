/* warren-only */
/* /proc: it is the host's: a guest changes neither mode nor owner nor times of what is in it, root neither.
 * Objects that links in it lead to are the guest's own. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const paths[] = {"/proc", "/proc/self", "/proc/self/fd", "/proc/self/status"};
	struct timespec ts[2] = {{1, 0}, {2, 0}};
	struct stat st;
	char link[64];
	int fd, proc = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		CHECK_ERR(chmod(paths[i], 0700), EPERM);
		CHECK_ERR(lchown(paths[i], geteuid(), getegid()), EPERM);
		CHECK_ERR(utimensat(AT_FDCWD, paths[i], ts, AT_SYMLINK_NOFOLLOW), EPERM);
	}
	CHECK_ERR(syscall(SYS_fchmodat2, proc, "", 0700, AT_EMPTY_PATH), EPERM);
	CHECK_ERR(fchownat(proc, "", geteuid(), getegid(), AT_EMPTY_PATH), EPERM);
	CHECK_ERR(fchmod(proc, 0700), EPERM);
	t_put("f", "x");
	fd = open("f", O_RDONLY | O_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_OK(chmod(link, 0600));
	CHECK_EQ(t_mode("f"), 0600);
	REQUIRE(!unlink("f"));
	CHECK_OK(chmod(link, 0640));
	CHECK(!fstat(fd, &st) && (st.st_mode & 0777) == 0640);
	CHECK_OK(utimensat(AT_FDCWD, link, ts, 0));
	return t_end();
}
