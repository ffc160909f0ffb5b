/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: nothing else in /dev exists: no disk, no memory, no kernel log, none of the host's terminals. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const no[] = {"/dev/mem",	"/dev/kmem", "/dev/port",    "/dev/kmsg",
					 "/dev/kvm",	"/dev/fuse", "/dev/loop0",   "/dev/loop-control",
					 "/dev/vda",	"/dev/sda",  "/dev/console", "/dev/tty0",
					 "/dev/tty1",	"/dev/cpu",  "/dev/net/tun", "/dev/vhost-net",
					 "/dev/uinput", "/dev/log"};
	static const char *const known[] = {".",       "..",  "null", "zero",  "full",	 "random",
					    "urandom", "tty", "fd",   "stdin", "stdout", "stderr",
					    "ptmx",    "pts", "shm",  "mqueue"};
	struct dirent *e;
	struct stat st;
	DIR *dir;

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		if (open(no[i], O_RDONLY | O_NONBLOCK) >= 0)
			t_fail(__FILE__, __LINE__, "%s opens", no[i]);
		if (!stat(no[i], &st) || errno != ENOENT)
			t_fail(__FILE__, __LINE__, "stat of %s: errno %d", no[i], errno);
	}
	dir = opendir("/dev");
	REQUIRE(dir);
	while ((e = readdir(dir))) {
		bool ok = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			ok |= !strcmp(e->d_name, known[i]);
		if (!ok)
			t_fail(__FILE__, __LINE__, "/dev lists %s", e->d_name);
	}
	CHECK(mknod("mem", S_IFCHR | 0600, makedev(1, 1)) < 0 || open("mem", O_RDONLY) < 0);
	CHECK(mknod("disk", S_IFBLK | 0600, makedev(7, 0)) < 0 || open("disk", O_RDONLY) < 0);
	return t_end();
}
