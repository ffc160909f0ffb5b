/* SPDX-License-Identifier: Apache-2.0 */
/* Private directories for warren's own files (skeletons, rewritten programs), named warren-UID-PID-RANDOM.
 * Thread-safe.
 */
#ifndef WARREN_ENGINE_RUNTIME_DIR_H
#define WARREN_ENGINE_RUNTIME_DIR_H

#include <stddef.h>

/* The process's own, made at the first call, removed with all that is in it at exit. NULL: there is no place
 * for it. */
const char *wr_runtime_dir(void);

/* Makes another one, mode 0700, in the first of $XDG_RUNTIME_DIR, /dev/shm, /tmp, /var/tmp that is writable
 * and not mounted noexec. buf gets its path, free of symlinks. As long as this process lives the directory is
 * locked (flock) against wr_runtime_dir_prune(). 0 or a negative errno, that of the last place tried;
 * -ERANGE: buf is too small. */
int wr_runtime_dir_new(char *buf, size_t size);

/* Removes a directory of this user with all that is in it. Symlinks are not followed, mount points not
 * crossed; while others write into it something may remain. 0 or a negative errno; one that is not there is
 * -ENOENT. */
int wr_runtime_dir_remove(const char *path);

/* Removes what processes of this user that are dead left behind: the name fits strictly, the owner is this
 * user, there is no such process, and nobody holds the lock (a process of another PID namespace would).
 * Returns how many. */
int wr_runtime_dir_prune(void);

#endif
