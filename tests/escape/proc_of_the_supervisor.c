/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc tells of the parent, which is the supervisor: none of it. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	static const char *const names[] = {"mem",   "maps",   "environ", "cmdline", "status", "fd",
					    "cwd/.", "root/.", "exe",	  "stat",    "syscall"};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), names[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			ESCAPED("%s", path);
		snprintf(path, sizeof(path), "/proc/self/../%d/%s", getppid(), names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			ESCAPED("%s", path);
	}
	return t_end();
}
