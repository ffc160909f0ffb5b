/* SPDX-License-Identifier: Apache-2.0 */
/* One rewritten copy of an executable as a file: writing it, telling contents apart, seeing whether it runs.
 * Used by exec_cache.c only. Thread-safe. */
#ifndef WARREN_HANDLERS_EXEC_COPY_H
#define WARREN_HANDLERS_EXEC_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What tells one content from another. No padding: it is hashed and compared as bytes. */
struct wr_file_id {
	uint64_t dev, ino, size;
	int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};
struct wr_file_id wr_file_id_of(const struct statx *stx);
/* Whether the file changed so lately that it could change again and keep its id. */
bool wr_file_id_is_fresh(const struct wr_file_id *id);

/* Writes dir_fd/file, mode 0555, a copy of src_fd with the interpreter interp; returns when no process can
 * have it open for writing. 0 when its content is that of *id; 1 when it is good, but the file has another id
 * by now; or a negative errno, then there is no file. */
int wr_exec_copy_make(int dir_fd, const char *file, int src_fd, const char *interp,
		      const struct wr_file_id *id, dev_t *ret_dev, ino_t *ret_ino);
/* Whether anybody has the file open or runs it; false also where the file system cannot say. */
bool wr_exec_copy_in_use(int dir_fd, const char *file);
/* Opens it O_RDONLY | O_CLOEXEC. -ESTALE: the file is gone or is another one. */
int wr_exec_copy_open(int dir_fd, const char *file, dev_t dev, ino_t ino);
#endif
