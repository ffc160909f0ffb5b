/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: nothing of the system can be changed there, by whoever the guest is. */
#include "t.h"

int main(int argc, char **argv)
{
	static const char *const files[] = {"/proc/sys/kernel/threads-max", "/proc/sys/vm/swappiness",
					    "/proc/sys/fs/file-max", "/proc/sys/kernel/hostname",
					    "/proc/sys/kernel/pid_max"};
	static const char *const hidden[] = {
		"/proc/kcore",
		"/proc/kmsg",
		"/proc/sysrq-trigger",
		"/proc/keys",
		"/proc/1",
		"/proc/sys/kernel/core_pattern",
		"/proc/self/map_files",
		"/proc/self/ns/mnt",
		"/proc/self/attr/current",
		"/proc/net/unix",
		"/proc/self/net/tcp",
		"/proc/locks",
	};
	char before[64], after[64];
	struct stat st;

	t_begin(argc, argv);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CHECK(t_get(files[i], before, sizeof(before)) > 0);
		CHECK_ERR(open(files[i], O_WRONLY), EACCES);
		CHECK_ERR(open(files[i], O_RDWR), EACCES);
		CHECK(open(files[i], O_RDONLY | O_TRUNC) < 0);
		CHECK(access(files[i], W_OK) < 0);
		CHECK(chmod(files[i], 0666) < 0);
		CHECK(truncate(files[i], 0) < 0);
		CHECK(t_get(files[i], after, sizeof(after)) > 0 && !strcmp(before, after));
	}
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		CHECK_ERR(stat(hidden[i], &st), ENOENT);
		CHECK_ERR(open(hidden[i], O_RDONLY), ENOENT);
	}
	return t_end();
}
