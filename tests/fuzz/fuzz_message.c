/* SPDX-License-Identifier: Apache-2.0 */
/* sendto, sendmsg and sendmmsg: the handlers as they are, with sockets that have a peer here. The input: the
 * call, the socket, flags; then of up to three messages where their parts lie and how long they are; then the
 * memory that they lie in. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "request.h"
#include "../../handlers/handlers.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define AREA 32768

static char area[AREA];
static int from[4], to[4]; /* datagrams with addresses, datagrams, a stream, packets */

static void make_sockets(void)
{
	static const int types[] = {SOCK_DGRAM, SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET};
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int pair[2];

	for (unsigned i = 1; i < 4; i++) {
		CHECK(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
		from[i] = pair[0];
		to[i] = pair[1];
	}
	from[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	to[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(a.sun_path);
	CHECK(bind(to[0], (struct sockaddr *)&a, sizeof(a)) == 0);
}

/* What has arrived goes, with its descriptors. */
static void drain(int sock)
{
	static char bytes[65536], control[CMSG_SPACE(1024)];

	for (;;) {
		struct iovec iov = {bytes, sizeof(bytes)};
		struct msghdr m = {.msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		if (recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
				continue;
			for (size_t i = 0; i < n; i++)
				close(((int *)CMSG_DATA(c))[i]);
		}
	}
}

/* Somewhere in the area, at its end, or where nothing is. */
static uint64_t pointer(struct input *in)
{
	uint16_t v = take16(in);

	return v == 0xffff ? 0 : v == 0xfffe ? 1ULL << 63 : (uintptr_t)(area + v % AREA);
}

/* Not far beyond the area: what lies there is ours, too, and may be read. */
static uint64_t length(struct input *in)
{
	uint16_t v = take16(in);

	return v >= 0xff00 ? 1ULL << (v & 63) : v % 4096;
}

static void put_vector(struct input *in, uint64_t at, uint64_t count)
{
	for (uint64_t i = 0; i < count && i < 8; i++) {
		struct iovec v = {(void *)(uintptr_t)pointer(in), length(in)};
		size_t off = (size_t)(at - (uintptr_t)area) + i * sizeof(v);
		if (at && off + sizeof(v) <= AREA)
			memcpy(area + off, &v, sizeof(v));
	}
}

/* A control message with descriptors or credentials that are right, now and then; others come as bytes. */
static void put_control(struct input *in, uint64_t at)
{
	size_t off = (size_t)(at - (uintptr_t)area);
	struct cmsghdr h = {.cmsg_level = SOL_SOCKET, .cmsg_type = take8(in) & 3};
	unsigned n = take8(in) % 8;

	h.cmsg_len = CMSG_LEN(n * sizeof(int));
	if (!at || off + 64 > AREA)
		return;
	memcpy(area + off, &h, sizeof(h));
	for (unsigned i = 0; i < n; i++) {
		int fd = take8(in) & 15;
		memcpy(area + off + CMSG_LEN(i * sizeof(int)), &fd, sizeof(fd));
	}
}

static void put_message(struct input *in, struct mmsghdr *m)
{
	uint8_t what = take8(in);

	memset(m, 0, sizeof(*m));
	if (what & 1) {
		m->msg_hdr.msg_name = (void *)(uintptr_t)pointer(in);
		m->msg_hdr.msg_namelen = (socklen_t)length(in);
	}
	m->msg_hdr.msg_iov = (void *)(uintptr_t)pointer(in);
	m->msg_hdr.msg_iovlen = length(in);
	if (what & 2)
		m->msg_hdr.msg_iovlen %= 8;
	if (what & 4) {
		m->msg_hdr.msg_control = (void *)(uintptr_t)pointer(in);
		m->msg_hdr.msg_controllen = length(in);
	}
	if (what & 8)
		put_vector(in, (uintptr_t)m->msg_hdr.msg_iov, m->msg_hdr.msg_iovlen);
	if ((what & 20) == 20)
		put_control(in, (uintptr_t)m->msg_hdr.msg_control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mmsghdr m[3];
	static pid_t owner;
	struct warren_request *rq = fuzz_request();
	struct input in = {data, size};
	struct warren_verdict v;

	if (owner != getpid()) {
		owner = getpid();
		make_sockets();
	}
	unsigned call = take8(&in), which = take8(&in) & 3;
	rq->args[0] = (uint64_t)from[which];
	uint64_t flags = call & 0x80 ? take32(&in) & ~(uint32_t)MSG_ZEROCOPY : MSG_NOSIGNAL;
	const uint8_t *rest = data + size / 2;
	struct input memory = {rest, (size_t)(data + size - rest)};
	take(&memory, area, sizeof(area));
	switch (call & 3) {
	case 0:
		rq->args[1] = pointer(&in);
		rq->args[2] = length(&in);
		rq->args[3] = flags;
		rq->args[4] = pointer(&in);
		rq->args[5] = length(&in);
		v = wr_handle_sendto(rq, NULL);
		break;
	case 1:
		put_message(&in, &m[0]);
		rq->args[1] = (uintptr_t)&m[0];
		rq->args[2] = flags;
		v = wr_handle_sendmsg(rq, NULL);
		break;
	default:
		for (unsigned i = 0; i < 3; i++)
			put_message(&in, &m[i]);
		rq->args[1] = (uintptr_t)m;
		rq->args[2] = take8(&in) & 3;
		rq->args[3] = flags;
		v = wr_handle_sendmmsg(rq, NULL);
	}
	/* nothing here may wait: all is nonblocking */
	CHECK(v.kind == WARREN_RETURN);
	for (unsigned i = 0; i < 4; i++)
		drain(to[i]);
	return 0;
}
