/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "byname.h"
#include "resolve.h"
#include "../engine/substitute.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct want {
	dev_t dev;
	ino_t ino;
};

/* In the exit stop: the path in the task's memory may have been changed by another thread meanwhile. */
static int check(struct warren_substitution *s, pid_t tid, int64_t result)
{
	const struct want *want = s->data;
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, (int)result);
	_cleanup_close_ int fd = open(link, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_dev == want->dev && st.st_ino == want->ino ? 0 : -EACCES;
}

struct warren_verdict wr_by_name(struct warren_request *rq, int fd, long nr, const uint64_t args[6],
				 unsigned path_arg)
{
	char link[32], *host = rq->scratch->bytes;
	struct stat st;
	ssize_t n = readlink(wr_fd_path(fd, link), host, PATH_MAX);

	if (n < 0 || fstat(fd, &st) < 0)
		return warren_return(-errno);
	if (n >= PATH_MAX)
		return warren_return(-ENAMETOOLONG);
	if (st.st_nlink == 0)
		return warren_return(-ENOENT);
	struct warren_substitution *s = wr_subst_new();
	struct want *want = malloc(sizeof(*want));
	char *scratch = malloc((size_t)n + 1);
	if (!s || !want || !scratch) {
		wr_subst_free(s);
		free(want);
		free(scratch);
		return warren_return(-ENOMEM);
	}
	*want = (struct want){st.st_dev, st.st_ino};
	memcpy(scratch, host, (size_t)n);
	scratch[n] = '\0';
	s->nr = nr;
	memcpy(s->args, args, sizeof(s->args));
	s->args[path_arg] = 0; /* offset 0 of the scratch */
	s->scratch = scratch;
	s->scratch_len = (size_t)n + 1;
	s->scratch_args = 1U << path_arg;
	s->check = check;
	s->data = want;
	s->free_data = free;
	return (struct warren_verdict){.kind = WARREN_SUBSTITUTE, .fd = -1, .sub = s};
}
