/* root options="-w /" */
/* SPDX-License-Identifier: Apache-2.0 */
/* Mode, owner and times of what every process of the host uses: the nodes in /dev, the roots of /proc and
 * /dev/pts, by a guest that is root, by path and by descriptor. They are set to what they are. */
#include "e.h"
#include <sys/ioctl.h>
#include <sys/xattr.h>

static const char *const names[] = {"/proc",
				    "/dev/pts",
				    "/dev/ptmx",
				    "/dev/pts/ptmx",
				    "/dev/tty",
				    "/dev/null",
				    "/dev/zero",
				    "/dev/full",
				    "/dev/random",
				    "/proc/cpuinfo",
				    "/proc/sys/kernel/hostname",
				    "/proc/self/root/proc"};

static void try(const char *name)
{
	struct stat st;
	char link[64];

	if (stat(name, &st))
		return;
	mode_t mode = st.st_mode & 07777;
	struct timespec times[2] = {st.st_atim, st.st_mtim};
	int o_path = open(name, O_PATH | O_CLOEXEC),
	    fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", o_path);
	if (!chmod(name, mode) || !chown(name, st.st_uid, st.st_gid) || !utimensat(AT_FDCWD, name, times, 0))
		ESCAPED("%s by its path", name);
	if (!chmod(link, mode) || !fchownat(o_path, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) ||
	    !utimensat(o_path, "", times, AT_EMPTY_PATH))
		ESCAPED("%s by O_PATH", name);
	/* /dev/ptmx is a terminal of our own once it is open */
	if (fd >= 0 && (!fchmod(fd, mode) || !fchown(fd, st.st_uid, st.st_gid) || !futimens(fd, times)))
		ESCAPED("%s by a descriptor", name);
	if (!setxattr(name, "user.x", "x", 1, 0) || !setxattr(name, "trusted.x", "x", 1, 0)) {
		removexattr(name, "trusted.x");
		ESCAPED("%s has an attribute", name);
	}
	close(fd);
	close(o_path);
}

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		try(names[i]);
	/* what is the guest's own it may change */
	CHECK_OK(chmod("/dev/shm", 01777));
	return t_end();
}
