/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a process outside, by /proc/PID/mem, read and written. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char name[64], buf[64] = "";

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), i ? "/proc/%d/task/%d/mem" : "/proc/%d/mem", e_pid(), e_pid());
		int fd = open(name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (pread(fd, buf, sizeof(buf) - 1, strtol(e_env("E_ADDR"), NULL, 0)) > 0 &&
		    e_is_secret(buf, sizeof(buf)))
			ESCAPED("%s", name);
	}
	return t_end();
}
