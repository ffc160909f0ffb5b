/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "control.h"
#include <string.h>

#define HEAD CMSG_LEN(0)

void wr_control_release(struct wr_control *c)
{
	if (c->n_fds)
		wr_guest_fds_give(c->sandbox, c->n_fds);
	while (c->n_fds)
		close(c->fds[--c->n_fds]);
}

static int rights(struct warren_request *rq, int pidfd, char *data, size_t len, struct wr_control *c)
{
	for (size_t at = 0; at + sizeof(int) <= len; at += sizeof(int)) {
		int fd;
		if (c->n_fds == WR_RIGHTS_MAX)
			return -EINVAL;
		if (!wr_guest_fds_take(rq->sandbox, 1))
			return -ETOOMANYREFS; /* as the kernel when too many are in flight */
		memcpy(&fd, data + at, sizeof(fd));
		fd = wr_guest_fd(rq, pidfd, (uint64_t)fd);
		if (fd < 0) {
			wr_guest_fds_give(rq->sandbox, 1);
			return fd == -EMFILE || fd == -ENFILE ? -ETOOMANYREFS : fd;
		}
		c->fds[c->n_fds++] = fd;
		memcpy(data + at, &fd, sizeof(fd));
	}
	return 0;
}

/* The kernel takes a pid that is the sender's own only, and the sender is this process. */
static int credentials(struct warren_request *rq, char *data, size_t len)
{
	struct ucred cred;

	if (len != sizeof(cred))
		return -EINVAL;
	memcpy(&cred, data, sizeof(cred));
	if (cred.pid != wr_task_tgid(rq->tid))
		return -EPERM;
	cred.pid = getpid();
	memcpy(data, &cred, sizeof(cred));
	return 0;
}

int wr_control_read(struct warren_request *rq, int pidfd, uint64_t addr, uint64_t len, struct wr_control *c)
{
	c->n_fds = 0;
	c->len = 0;
	c->sandbox = rq->sandbox;
	if (len > WR_CONTROL_MAX)
		return -ENOBUFS;
	int r = wr_guest_read(rq, addr, c->buf, len);
	if (r < 0)
		return r;
	c->len = len;
	for (size_t at = 0; len - at >= HEAD;) {
		struct cmsghdr h;
		memcpy(&h, c->buf + at, sizeof(h));
		if (h.cmsg_len < HEAD || h.cmsg_len > len - at)
			return -EINVAL;
		char *data = c->buf + at + HEAD;
		if (h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_RIGHTS)
			r = rights(rq, pidfd, data, h.cmsg_len - HEAD, c);
		else if (h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_CREDENTIALS)
			r = credentials(rq, data, h.cmsg_len - HEAD);
		if (r < 0)
			return r;
		size_t step = CMSG_ALIGN(h.cmsg_len);
		if (step >= len - at)
			break;
		at += step;
	}
	return 0;
}
