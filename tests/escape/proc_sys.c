/* root  */
/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's settings, written by a guest that is root. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	static const char *const names[] = {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
					    "/proc/sys/vm/swappiness", "/proc/sysrq-trigger",
					    "/proc/sys/kernel/modprobe"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int fd = open(names[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			ESCAPED("%s opens for writing", names[i]);
	}
	return t_end();
}
