/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "exec_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "../engine/base/cleanup.h"
#include "elf.h"

#define WRITER_WAIT_MS 3000

struct wr_file_id wr_file_id_of(const struct statx *stx)
{
	return (struct wr_file_id){
		.dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
		.ino = stx->stx_ino,
		.size = stx->stx_size,
		.mtime_s = stx->stx_mtime.tv_sec,
		.mtime_ns = stx->stx_mtime.tv_nsec,
		.ctime_s = stx->stx_ctime.tv_sec,
		.ctime_ns = stx->stx_ctime.tv_nsec,
	};
}

/* The ctime advances in steps: those of the timer (up to 10 ms) or of the file system (seconds, its
 * nanoseconds are 0 then). One in the future says nothing either. */
bool wr_file_id_is_fresh(const struct wr_file_id *id)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t s = (int64_t)now.tv_sec - id->ctime_s;
	int64_t ms = (now.tv_nsec - id->ctime_ns) / 1000000;
	if (s < 0)
		return true;
	return s < 4 && s * 1000 + ms < (id->ctime_ns ? 50 : 2500);
}

static int file_id_read(int fd, struct wr_file_id *ret)
{
	struct statx stx;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return -errno;
	*ret = wr_file_id_of(&stx);
	return 0;
}

static bool same_id(const struct wr_file_id *a, const struct wr_file_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A ctime alone changes with chmod, link, rename: the content stays. */
static bool same_content(const struct wr_file_id *a, const struct wr_file_id *b)
{
	return a->size == b->size && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

/* F_SETLEASE. Should somebody open the file just then, the kernel signals us: not SIGIO, which would kill. */
static int lease(int fd, int type)
{
	fcntl(fd, F_SETSIG, SIGURG);
	return fcntl(fd, F_SETLEASE, type) < 0 ? -errno : 0;
}

/* Our writing fd is closed, but a child that another thread forked meanwhile has it too until it execs, and
 * execve of the copy would give ETXTBSY. The kernel grants a read lease only when there is no writer. */
static int wait_for_writers(int dir_fd, const char *file)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;

	for (int waited = 0; lease(fd, F_RDLCK) == -EAGAIN; waited++) {
		if (waited == WRITER_WAIT_MS)
			return -ETXTBSY;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return 0; /* closing gives the lease back; any other error: no leases here, nothing to learn */
}

static int write_copy(int dir_fd, const char *file, int src_fd, const char *interp, struct stat *ret)
{
	_cleanup_close_ int fd =
		openat(dir_fd, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;

	int r = wr_elf_copy_with_interp(src_fd, fd, interp);
	if (r == 0 && (fchmod(fd, 0555) < 0 || fstat(fd, ret) < 0))
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, file, 0);
	return r;
}

int wr_exec_copy_make(int dir_fd, const char *file, int src_fd, const char *interp,
		      const struct wr_file_id *id, dev_t *ret_dev, ino_t *ret_ino)
{
	struct wr_file_id before, after;
	struct stat st;

	int r = file_id_read(src_fd, &before);
	if (r < 0)
		return r;
	r = write_copy(dir_fd, file, src_fd, interp, &st);
	if (r < 0)
		return r;

	r = wait_for_writers(dir_fd, file);
	if (r == 0)
		r = file_id_read(src_fd, &after);
	if (r == 0 && !same_content(&before, &after))
		r = -ETXTBSY; /* what execve says of a file that is being written */
	if (r < 0) {
		unlinkat(dir_fd, file, 0);
		return r;
	}
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	return same_id(&before, id) && same_id(&after, id) ? 0 : 1;
}

bool wr_exec_copy_in_use(int dir_fd, const char *file)
{
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	/* Not granted while the file is open anywhere else, and what runs it has it open. */
	return lease(fd, F_WRLCK) == -EAGAIN;
}

int wr_exec_copy_open(int dir_fd, const char *file, dev_t dev, ino_t ino)
{
	struct stat st;
	_cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != dev || st.st_ino != ino)
		return -ESTALE;
	return wr_steal_fd(&fd);
}
