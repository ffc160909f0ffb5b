/* root  */
/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts, a new root, and the calls of the new mount interface. */
#include "e.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	if (!mount(e_env("E_OUT"), e_path("E_RO", "dir"), NULL, MS_BIND, NULL)) {
		umount2(e_path("E_RO", "dir"), MNT_DETACH);
		ESCAPED("mount");
	}
	int fd = (int)syscall(428, AT_FDCWD, e_env("E_OUT"), 1 /* OPEN_TREE_CLONE */);
	if (fd >= 0)
		ESCAPED("open_tree");
	fd = (int)syscall(430, "tmpfs", 0);
	if (fd >= 0)
		ESCAPED("fsopen");
	return t_end();
}
