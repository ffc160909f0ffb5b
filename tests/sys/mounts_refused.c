/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: every spelling is trapped: the calls that would change what a path means are refused, old and new.
 */
#include "t.h"
#include <linux/mount.h>

static void refused(const char *what, long r)
{
	if (r >= 0 ||
	    (errno != EPERM && errno != ENOSYS && errno != EACCES && errno != EINVAL && errno != ENOENT))
		t_fail(__FILE__, __LINE__, "%s returns %ld, errno %d", what, r, errno);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	REQUIRE(!mkdir("d", 0755) && !mkdir("d/old", 0755));
	refused("mount tmpfs", syscall(SYS_mount, "none", "d", "tmpfs", 0, NULL));
	refused("mount bind", syscall(SYS_mount, "/", "d", NULL, 4096, NULL));
	refused("umount2", syscall(SYS_umount2, "/proc", 2));
	refused("pivot_root", syscall(SYS_pivot_root, "d", "d/old"));
	refused("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	refused("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0));
	refused("open_tree clone", syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
	refused("move_mount", syscall(SYS_move_mount, AT_FDCWD, "d", AT_FDCWD, "d/old", 0));
	refused("mount_setattr", syscall(442, AT_FDCWD, "/", 0, NULL, 0));
	refused("chroot", syscall(SYS_chroot, "d"));
	refused("acct", syscall(SYS_acct, "f"));
	refused("swapon", syscall(SYS_swapon, "f", 0));
	refused("swapoff", syscall(SYS_swapoff, "f"));
	refused("quotactl", syscall(SYS_quotactl, 0, "f", 0, NULL));
#ifdef SYS_uselib
	refused("uselib", syscall(SYS_uselib, "/t/helper"));
#endif
	refused("fanotify_init", syscall(SYS_fanotify_init, 0, O_RDONLY));
	refused("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, &(int[32]){0}, O_RDONLY));
	refused("init_module", syscall(SYS_finit_module, 0, "", 0));
	return t_end();
}
