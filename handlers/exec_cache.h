/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of executables whose PT_INTERP names another loader (handlers/elf.h), kept as real files in a
 * private directory and shared by all sandboxes of the process. Every (content, guest path) has a directory
 * entry of its own, DIR/N/BASENAME, so that what the kernel says of a running copy in /proc/PID/exe and
 * /proc/PID/maps leads back to the path that the guest knows. All functions but _free() may be called from
 * any number of threads at once. */
#ifndef WARREN_HANDLERS_EXEC_CACHE_H
#define WARREN_HANDLERS_EXEC_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct wr_exec_cache;

struct wr_exec_cache_limits {
	uint64_t max_bytes;	 /* of all copies; one counts as much as its original's size says */
	uint64_t max_name_bytes; /* of memory for the mapping back; at the limit the oldest names are
				    forgotten */
	unsigned idle_ms;	 /* a copy asked for less than this ago is not evicted */
};

struct wr_exec_cache_stats {
	uint64_t copies; /* there are now */
	uint64_t names;	 /* known now, those of evicted copies among them */
	uint64_t bytes;	 /* as max_bytes counts */
	uint64_t made;	 /* copies made so far */
	uint64_t hits;	 /* requests that found a copy ready or waited for one */
	uint64_t evicted;
};

/* dir: an existing directory of mode 0700 that is the cache's alone, not on a noexec mount. The limits are 2
 * GiB or half of what the file system has free, 32 MiB of names, 2 s. 0 or a negative errno. */
int wr_exec_cache_new(const char *dir, struct wr_exec_cache **ret);
/* Removes its files, not dir. Nobody may use the cache any more. NULL is fine. */
void wr_exec_cache_free(struct wr_exec_cache *cache);
void wr_exec_cache_set_limits(struct wr_exec_cache *cache, const struct wr_exec_cache_limits *limits);
void wr_exec_cache_stats(struct wr_exec_cache *cache, struct wr_exec_cache_stats *ret);

/* The copy of src_fd (O_RDONLY, its position is not used) with the interpreter host_interp. stx is what
 * statx(src_fd) gives with STATX_BASIC_STATS, untranslated. guest_path is absolute. base: BASENAME, of which
 * the kernel makes the task's comm; NULL: that of guest_path. The caller owns *ret_fd, an O_RDONLY |
 * O_CLOEXEC fd that was opened at DIR/N/BASENAME; it can be executed at once, no writer is left anywhere. The
 * file has mode 0555 and stays at that path for at least idle_ms; the fd, and a process that runs it, stay
 * good for ever.
 *
 * May take as long as the copy does; others that want the same copy wait, nobody else does. Returns 0 or a
 * negative errno, then nothing is left behind: -ENOEXEC and the others of wr_elf_copy_with_interp(), -ENOSPC
 * (the file system or max_bytes is full of copies that are in use, or this file alone is larger), -ETXTBSY
 * (the original changed during the copy, or a writer of the copy did not go away), -ENAMETOOLONG, -EINVAL,
 * -ENOMEM. */
int wr_exec_cache_get(struct wr_exec_cache *cache, int src_fd, const struct statx *stx,
		      const char *guest_path, const char *base, const char *host_interp, int *ret_fd,
		      dev_t *ret_dev, ino_t *ret_ino);

/* The directory of its own, which the guests' Landlock rules let be executed. */
const char *wr_exec_cache_dir(const struct wr_exec_cache *cache);

/* host_path as readlink of /proc/PID/exe or a line of /proc/PID/maps gives it, with or without " (deleted)".
 * Answers for evicted copies too. The length of the guest path, without NUL, that was written to buf; -ENOENT
 * when host_path is not of this cache or its name has been forgotten; -ERANGE when buf is too small. Does no
 * system call. */
int wr_exec_cache_guest_path(struct wr_exec_cache *cache, const char *host_path, char *buf, size_t size);
#endif
