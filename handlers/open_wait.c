/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "open_wait.h"
#include "resolve.h"
#include "../engine/side.h"
#include <poll.h>
#include <stdlib.h>

struct wait {
	int fd;
	bool reading; /* fd is open for reading a FIFO */
	uint64_t flags;
};

int wr_open_blocking(int fd, uint64_t flags)
{
	/* F_SETFL looks at the status flags only, and those are known: no F_GETFL. */
	return fcntl(fd, F_SETFL, (int)(flags & ~(uint64_t)O_NONBLOCK)) < 0 ? -errno : 0;
}

/* A writer has come, if only to go again. */
static bool has_writer(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

struct warren_verdict wr_open_inject_fifo(int fd, uint64_t flags)
{
	struct warren_verdict v = warren_inject(fd, (flags & O_CLOEXEC) != 0);

	v.close_first = 1;
	return v;
}

static struct warren_verdict hand_out(struct wait *w)
{
	int r = wr_open_blocking(w->fd, w->flags);

	if (r < 0)
		return warren_return(r);
	return wr_open_inject_fifo(wr_steal_fd(&w->fd), w->flags);
}

/* fd is a reader of the FIFO all the time, so that nothing that a writer does meanwhile is missed: either a
 * second open, which waits, meets a writer; or fd itself tells that one was there (data, or POLLHUP). */
static struct warren_verdict wait_for_open(struct warren_request *rq, void *data)
{
	struct wait *w = data;
	char link[32];
	/* the object exists and is what was reached: what made or looked for it is over */
	const int flags = (int)(w->flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC | O_NOCTTY;
	int r;

	if (w->reading)
		wr_side_watch(rq, w->fd, POLLIN);
	do {
		if (w->reading && has_writer(w->fd)) {
			wr_side_watch(rq, -1, 0);
			return hand_out(w);
		}
		int fd = open(wr_fd_path(w->fd, link), flags);
		r = fd < 0 ? -errno : fd;
		if (r != -EINTR)
			break;
		r = wr_side_interrupted(rq);
	} while (r == 0);
	wr_side_watch(rq, -1, 0);
	/* before the answer: the guest must not be taken for a reader any longer than it is one */
	wr_cleanup_close(&w->fd);
	return r < 0 ? warren_return(r) : wr_open_inject_fifo(r, w->flags);
}

static void wait_free(void *data)
{
	struct wait *w = data;

	wr_cleanup_close(&w->fd);
	free(w);
}

struct warren_verdict wr_open_wait(struct warren_request *rq, int fd, uint64_t flags)
{
	struct wait *w = malloc(sizeof(*w));

	if (!w) {
		close(fd);
		return warren_return(-ENOMEM);
	}
	*w = (struct wait){fd, !(fcntl(fd, F_GETFL) & O_PATH), flags};
	if (w->reading && has_writer(fd)) {
		struct warren_verdict v = hand_out(w);
		wait_free(w);
		return v;
	}
	return wr_side_run(rq, wait_for_open, w, wait_free);
}

/* The lease is gone when the file has been opened once; then the guest makes its call again. */
static struct warren_verdict open_once(struct warren_request *rq, void *data)
{
	struct wait *w = data;
	char link[32];
	int r;

	do {
		_cleanup_close_ int fd = open(wr_fd_path(w->fd, link), O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
		if (r != -EINTR)
			break;
		r = wr_side_interrupted(rq);
	} while (r == 0);
	return warren_return(r < 0 ? r : -WR_ERESTARTSYS);
}

struct warren_verdict wr_restart_when_open(struct warren_request *rq, int fd)
{
	struct wait *w = malloc(sizeof(*w));

	if (!w) {
		close(fd);
		return warren_return(-ENOMEM);
	}
	*w = (struct wait){.fd = fd};
	return wr_side_run(rq, open_once, w, wait_free);
}

/* ---- truncate ---- */

struct truncation {
	int fd; /* O_PATH */
	int64_t length;
};

static void truncation_free(void *data)
{
	struct truncation *t = data;

	wr_cleanup_close(&t->fd);
	free(t);
}

static struct warren_verdict truncate_waiting(struct warren_request *rq, void *data)
{
	struct truncation *t = data;
	char link[32];
	int r;

	do {
		r = truncate(wr_fd_path(t->fd, link), t->length) < 0 ? -errno : 0;
		if (r != -EINTR)
			break;
		r = wr_side_interrupted(rq);
	} while (r == 0);
	return warren_return(r);
}

struct warren_verdict wr_truncate(struct warren_request *rq, int fd, int64_t length)
{
	char link[32];
	/* truncate(2) alone would wait for the end of a lease; there is none on what is open to be written.
	 * ftruncate(2) always changes the times, this one as the file system likes. */
	_cleanup_close_ int file = open(wr_fd_path(fd, link), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r = file < 0 || truncate(wr_fd_path(file, link), length) < 0 ? -errno : 0;

	if (r != -EAGAIN) {
		close(fd);
		return warren_return(r);
	}
	struct truncation *t = malloc(sizeof(*t));
	if (!t) {
		close(fd);
		return warren_return(-ENOMEM);
	}
	*t = (struct truncation){fd, length};
	return wr_side_run(rq, truncate_waiting, t, truncation_free);
}
