/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing of files at a position, as far as it goes. */
#ifndef WARREN_BASE_IO_H
#define WARREN_BASE_IO_H

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* Up to n bytes; fewer only at the end of the file. Negative errno. */
static inline ssize_t wr_read_at(int fd, void *buf, size_t n, off_t off)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, (char *)buf + done, n - done, off + (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

/* All n bytes. 0, or a negative errno. */
static inline int wr_write_at(int fd, const void *buf, size_t n, off_t off)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pwrite(fd, (const char *)buf + done, n - done, off + (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return -EIO;
		done += (size_t)r;
	}
	return 0;
}

#endif
