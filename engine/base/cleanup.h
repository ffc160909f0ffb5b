/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-bound cleanup: a variable marked _cleanup_X_ is released when it goes out of scope. Ownership is
 * handed on with wr_steal_fd() / wr_steal_ptr(), which leave the variable empty. */
#ifndef WARREN_BASE_CLEANUP_H
#define WARREN_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void wr_cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Close *fd if it is open; errno is left as it was. */
static inline void wr_cleanup_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
		*fd = -1;
	}
}

static inline void wr_cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_	   __attribute__((cleanup(wr_cleanup_free)))
#define _cleanup_close_	   __attribute__((cleanup(wr_cleanup_close)))
#define _cleanup_closedir_ __attribute__((cleanup(wr_cleanup_closedir)))

static inline int wr_steal_fd(int *fd)
{
	int r = *fd;
	*fd = -1;
	return r;
}

#define wr_steal_ptr(p)                                                                                      \
	({                                                                                                   \
		__auto_type _steal = *(p);                                                                   \
		*(p) = NULL;                                                                                 \
		_steal;                                                                                      \
	})

#define WR_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
