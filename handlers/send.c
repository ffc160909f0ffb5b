/* SPDX-License-Identifier: Apache-2.0 */
/* sendto with an address, sendmsg, sendmmsg: done on behalf. Where a message goes and what it carries is in
 * memory that another thread may change, so that even a message without an address could not be continued:
 * with one put in at the last moment the kernel would take it for a path of the host.
 *
 * A worker sends with MSG_DONTWAIT only. What does not fit goes on in the side pool from where it stopped. */
#define _GNU_SOURCE
#include "control.h"
#include "sockaddr.h"
#include "../engine/side.h"
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>

#define CHUNK	      65536 /* of a stream, and the buffer of the thread */
#define WORKER_CHUNKS 8	    /* then the rest is for the side pool, or for the guest's next call */
#define DATAGRAM_MAX  (1U << 20)

struct message { /* struct msghdr as the kernel has it (struct user_msghdr) */
	uint64_t name;
	int32_t namelen;
	uint32_t pad;
	uint64_t iov, iovlen, control, controllen;
	uint32_t flags, pad2;
};
struct message_len { /* struct mmsghdr */
	struct message hdr;
	uint32_t len, pad;
};

struct send {
	int sock, pidfd;
	unsigned flags; /* the guest's */
	int domain, type;
	bool wait; /* on a side thread: calls may block */
	enum { TO, ONE, MANY } kind;
	uint64_t messages, count; /* ONE, MANY: the guest's array */
	uint64_t at;		  /* messages sent */
	size_t done;		  /* bytes of a stream sent of the one that comes next */
};

static void send_release(struct send *s)
{
	wr_cleanup_close(&s->sock);
	wr_cleanup_close(&s->pidfd);
}
#define _cleanup_send_ __attribute__((cleanup(send_release)))

/* ---- one message ---- */

struct outgoing {
	struct wr_sockaddr addr;
	struct wr_target target; /* keeps addr's file */
	struct iovec iov[IOV_MAX];
	size_t n_iov, total;
	struct wr_control control;
};

static void outgoing_free(struct outgoing **o)
{
	if (!*o)
		return;
	wr_target_release(&(*o)->target);
	wr_control_release(&(*o)->control);
	free(*o);
}
#define _cleanup_outgoing_ __attribute__((cleanup(outgoing_free)))

static int load_iov(struct warren_request *rq, const struct message *m, struct outgoing *o)
{
	const size_t max = INT_MAX & ~4095UL; /* MAX_RW_COUNT */

	if (m->iovlen > IOV_MAX)
		return -EMSGSIZE;
	int r = wr_guest_read(rq, m->iov, o->iov, m->iovlen * sizeof(*o->iov));
	if (r < 0)
		return r;
	o->n_iov = m->iovlen;
	for (size_t i = 0; i < o->n_iov; i++) {
		if ((ssize_t)o->iov[i].iov_len < 0)
			return -EINVAL;
		if (o->iov[i].iov_len > max - o->total)
			o->iov[i].iov_len = max - o->total;
		o->total += o->iov[i].iov_len;
	}
	return 0;
}

/* In the kernel's order: address, vector, control messages. Those go out with the first bytes only. */
static int load(struct warren_request *rq, struct send *s, struct outgoing *o)
{
	struct message m = {0};
	int r;

	if (s->kind == TO) {
		m = (struct message){.name = rq->args[4], .namelen = (int32_t)rq->args[5]};
		o->iov[0] = (struct iovec){(void *)(uintptr_t)rq->args[1], rq->args[2]};
		o->n_iov = 1;
		o->total = o->iov[0].iov_len =
			rq->args[2] < (INT_MAX & ~4095UL) ? rq->args[2] : (INT_MAX & ~4095UL);
	} else {
		size_t step = s->kind == MANY ? sizeof(struct message_len) : sizeof(m);
		r = wr_guest_read(rq, s->messages + s->at * step, &m, sizeof(m));
		if (r < 0)
			return r;
		if (m.namelen > (int32_t)sizeof(o->addr.ss))
			m.namelen = sizeof(o->addr.ss);
	}
	if (m.namelen < 0)
		return -EINVAL;
	if (m.name && m.namelen) {
		r = wr_sockaddr_read(rq, m.name, m.namelen, &o->addr);
		/* What has a peer ignores or refuses an address without a look at it. */
		if (r == 0 && s->domain == AF_UNIX && s->type != SOCK_DGRAM)
			o->addr.len = s->type == SOCK_STREAM ? sizeof(sa_family_t) : 0;
		else if (r == 0)
			r = wr_sockaddr_target(rq, s->sock, &o->addr, &o->target);
		if (r < 0)
			return r;
	}
	r = s->kind == TO ? 0 : load_iov(rq, &m, o);
	if (r == 0 && m.control && m.controllen && !s->done)
		r = wr_control_read(rq, s->pidfd, m.control, m.controllen, &o->control);
	return r;
}

/* Bytes [from, from + len) of the message into buf; how many could be read, -EFAULT if none. */
static ssize_t gather(struct warren_request *rq, struct outgoing *o, size_t from, char *buf, size_t len)
{
	struct iovec local = {buf, len};
	size_t i = 0;

	if (!len)
		return 0;
	while (from >= o->iov[i].iov_len)
		from -= o->iov[i++].iov_len;
	struct iovec first = o->iov[i];
	o->iov[i].iov_base = (void *)((uintptr_t)first.iov_base + from); /* the guest's, and any number */
	o->iov[i].iov_len -= from;
	ssize_t n = process_vm_readv(rq->tid, &local, 1, o->iov + i, o->n_iov - i, 0);
	o->iov[i] = first;
	return n <= 0 ? -EFAULT : n;
}

/* One call of sendmsg(2); the result or a negative errno. */
static ssize_t transmit(struct warren_request *rq, struct send *s, struct outgoing *o, char *buf, size_t len,
			bool first)
{
	struct iovec iov = {buf, len};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (o->addr.len) {
		h.msg_name = &o->addr.ss;
		h.msg_namelen = o->addr.len;
	}
	if (first && o->control.len) {
		h.msg_control = o->control.buf;
		h.msg_controllen = o->control.len;
	}
	if (!wr_request_alive(rq)) /* then what was read may be another task's */
		return -ENOENT;
	unsigned flags = (s->flags & ~(unsigned)MSG_ZEROCOPY) | MSG_NOSIGNAL | (s->wait ? 0 : MSG_DONTWAIT);
	ssize_t n = sendmsg(s->sock, &h, (int)flags);
	return n < 0 ? -errno : n;
}

static int why_interrupted(struct warren_request *rq, const struct send *s)
{
	struct timeval tv = {0};
	socklen_t len = sizeof(tv);
	int r = s->wait ? wr_side_interrupted(rq) : 0;

	if (r == -WR_ERESTARTSYS && getsockopt(s->sock, SOL_SOCKET, SO_SNDTIMEO, &tv, &len) == 0 &&
	    (tv.tv_sec || tv.tv_usec))
		return -EINTR; /* sock_intr_errno() */
	return r;
}

/* A datagram is one piece. The kernel refuses what is larger than the send buffer, before any wait. */
static ssize_t send_datagram(struct warren_request *rq, struct send *s, struct outgoing *o)
{
	_cleanup_free_ char *own = NULL;
	char *buf = rq->scratch->bytes;
	ssize_t n;

	if (o->total > sizeof(rq->scratch->bytes)) {
		int room = wr_sockopt(s->sock, SO_SNDBUF);
		if (room < 0 || o->total > (size_t)room || o->total > DATAGRAM_MAX)
			return -EMSGSIZE;
		buf = own = malloc(o->total);
		if (!own)
			return -ENOBUFS;
	}
	n = gather(rq, o, 0, buf, o->total);
	if (n >= 0 && (size_t)n < o->total)
		n = -EFAULT;
	if (n < 0)
		return n;
	do {
		n = transmit(rq, s, o, buf, o->total, true);
		if (n == -EINTR)
			n = why_interrupted(rq, s);
		else
			break;
	} while (n == 0);
	return n;
}

/* A stream goes in pieces; s->done tells how far it is, whatever the result. 0: all, or as much as there will
 * be; -EAGAIN: the rest would have to wait. */
static ssize_t send_stream(struct warren_request *rq, struct send *s, struct outgoing *o)
{
	bool first = s->done == 0;

	for (unsigned pieces = 0;; pieces++) {
		size_t want = o->total > s->done ? o->total - s->done : 0;
		if (!want && !(first && !pieces))
			return 0;
		if (pieces >= WORKER_CHUNKS && !s->wait)
			return -EAGAIN;
		ssize_t n = gather(rq, o, s->done, rq->scratch->bytes, want < CHUNK ? want : CHUNK);
		if (n < 0)
			return n;
		n = transmit(rq, s, o, rq->scratch->bytes, (size_t)n, first);
		if (n == -EINTR) {
			n = why_interrupted(rq, s);
			if (n == 0)
				continue;
		}
		if (n < 0)
			return n;
		first = false;
		s->done += (size_t)n;
		if (!want)
			return 0;
	}
}

/* Would a native call wait where MSG_DONTWAIT said -EAGAIN? */
static bool would_wait(const struct send *s)
{
	return !s->wait && !(s->flags & MSG_DONTWAIT) && !(fcntl(s->sock, F_GETFL) & O_NONBLOCK);
}

#define LATER INT64_MIN /* to go on in the side pool */

static int64_t send_one(struct warren_request *rq, struct send *s)
{
	_cleanup_outgoing_ struct outgoing *o = malloc(sizeof(*o));

	if (!o)
		return -ENOBUFS;
	o->addr.len = 0;
	o->target = (struct wr_target)WR_TARGET_INIT;
	o->n_iov = o->total = o->control.len = 0;
	o->control.n_fds = 0;
	ssize_t r = load(rq, s, o);
	if (r == 0)
		r = s->type == SOCK_STREAM ? send_stream(rq, s, o) : send_datagram(rq, s, o);
	if (r == -EAGAIN && would_wait(s))
		return LATER;
	if (r < 0 && s->done)
		return (int64_t)s->done; /* what is out is out */
	if (r == -EPIPE && s->type == SOCK_STREAM && !(s->flags & MSG_NOSIGNAL))
		wr_guest_signal(rq, SIGPIPE);
	return r < 0 ? r : s->type == SOCK_STREAM ? (int64_t)s->done : r;
}

/* ---- the calls ---- */

static int64_t send_all(struct warren_request *rq, struct send *s)
{
	for (; s->at < s->count; s->at++, s->done = 0) {
		int64_t r = send_one(rq, s);
		if (s->kind != MANY || r == LATER)
			return r;
		uint64_t at = s->messages + s->at * sizeof(struct message_len);
		uint32_t len = (uint32_t)r;
		if (r >= 0)
			r = wr_guest_write(rq, at + offsetof(struct message_len, len), &len, sizeof(len));
		if (r < 0)
			return s->at ? (int64_t)s->at : r;
	}
	return (int64_t)s->at;
}

static struct warren_verdict go_on(struct warren_request *rq, void *data)
{
	struct warren_verdict v = warren_return(send_all(rq, data));

	/* before the answer: the guest's close of the socket must be the last one */
	send_release(data);
	return v;
}

static void send_free(void *data)
{
	send_release(data);
	free(data);
}

static struct warren_verdict start(struct warren_request *rq, struct send *s)
{
	int zerocopy = 0;

	s->pidfd = wr_guest_pidfd(rq);
	s->sock = s->pidfd < 0 ? s->pidfd : wr_guest_fd(rq, s->pidfd, rq->args[0]);
	s->type = s->sock < 0 ? s->sock : wr_sockopt(s->sock, SO_TYPE);
	s->domain = s->type < 0 ? s->type : wr_sockopt(s->sock, SO_DOMAIN);
	if (s->domain < 0)
		return warren_return(s->domain);
	/* The bytes would be the guest's, which may change them after our copy was sent. As if there were no
	 * room for it; programs fall back to copying. */
	if (s->flags & MSG_ZEROCOPY)
		zerocopy = wr_sockopt(s->sock, SO_ZEROCOPY);
	if (zerocopy > 0)
		return warren_return(-ENOBUFS);
	int64_t r = send_all(rq, s);
	if (r != LATER)
		return warren_return(r);
	struct send *later = malloc(sizeof(*later));
	if (!later)
		return warren_return(-ENOBUFS);
	*later = *s;
	later->wait = true;
	s->sock = s->pidfd = -1;
	return wr_side_run(rq, go_on, later, send_free);
}

struct warren_verdict wr_handle_sendto(struct warren_request *rq, void *user)
{
	_cleanup_send_ struct send s = {-1, -1, (unsigned)rq->args[3], .kind = TO, .count = 1};

	(void)user;
	return start(rq, &s);
}

struct warren_verdict wr_handle_sendmsg(struct warren_request *rq, void *user)
{
	_cleanup_send_ struct send s = {
		-1, -1, (unsigned)rq->args[2], .kind = ONE, .messages = rq->args[1], .count = 1};

	(void)user;
	return start(rq, &s);
}

struct warren_verdict wr_handle_sendmmsg(struct warren_request *rq, void *user)
{
	_cleanup_send_ struct send s = {-1, -1, (unsigned)rq->args[3], .kind = MANY, .messages = rq->args[1]};

	(void)user;
	s.count = (unsigned)rq->args[2] < IOV_MAX ? (unsigned)rq->args[2] : IOV_MAX;
	return start(rq, &s);
}
