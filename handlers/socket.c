/* SPDX-License-Identifier: Apache-2.0 */
/* bind, connect, getsockname, getpeername: done on behalf, on a copy of the guest's socket. Continued, they
 * would let another thread put another address or another socket in place after it was checked. */
#define _GNU_SOURCE
#include "sockaddr.h"
#include "../engine/side.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

/* ---- bind ---- */

static int do_bind(int sock, const struct wr_sockaddr *a)
{
	return bind(sock, &a->sa, a->len) < 0 ? -errno : 0;
}

/* With dir as the working directory, which is this thread's own. */
static int bind_in(int dir, int sock, const struct wr_sockaddr *a)
{
	_cleanup_close_ int old = open(".", O_PATH | O_CLOEXEC);
	if (old < 0 || fchdir(dir) < 0)
		return -errno;
	int r = do_bind(sock, a);
	if (fchdir(old) < 0 && r == 0)
		r = -errno;
	return r;
}

/* In a private directory a symlink with the name dir leads to parent while bind(2) runs. */
static int bind_through_link(const char *runtime, int parent, const char *dir, int sock,
			     const struct wr_sockaddr *a)
{
	static atomic_uint serial;
	char name[32], link[32];
	_cleanup_close_ int base = open(runtime, O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(name, sizeof(name), "bind-%u", atomic_fetch_add(&serial, 1));
	if (base < 0 || mkdirat(base, name, 0700) < 0)
		return -errno;
	int r = fchmodat(base, name, 0700, 0) < 0 ? -errno : 0; /* whatever the guest's umask is */
	_cleanup_close_ int here = openat(base, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && here < 0)
		r = -errno;
	if (r == 0 && symlinkat(wr_fd_path(parent, link), here, dir) < 0)
		r = -errno;
	if (r == 0) {
		r = bind_in(here, sock, a);
		unlinkat(here, dir, 0);
	}
	unlinkat(base, name, AT_REMOVEDIR);
	return r;
}

static int bind_at(struct warren_request *rq, int sock, struct wr_sockaddr *a, int parent, const char *name,
		   const char *text);

static int bind_path(struct warren_request *rq, int sock, struct wr_sockaddr *a)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char text[sizeof(a->un.sun_path) + 1], name[NAME_MAX + 2], rel[2 * PATH_MAX];
	size_t len = strnlen(a->un.sun_path, a->len - offsetof(struct sockaddr_un, sun_path));

	memcpy(text, a->un.sun_path, len);
	text[len] = '\0';
	strcpy(rq->scratch->path[0], text);
	int r = wr_resolve(rq, AT_FDCWD, rq->scratch->path[0], WR_PARENT, NULL, WR_MAY_WRITE, 0, &t);
	if (r == 0 && (!t.name[0] || !strcmp(t.name, ".") || !strcmp(t.name, "..")))
		return t.parent >= 0 && faccessat(t.parent, ".", X_OK, AT_EACCESS) < 0 ? -errno : -EADDRINUSE;
	if (r == 0)
		r = wr_apply_umask(rq);
	if (r == 0 && !wr_request_alive(rq))
		r = -ENOENT;
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s%s", t.name, t.slash ? "/" : "");
	struct wr_layer *l = wr_target_layer(&t, rel);
	if (!l)
		return bind_at(rq, sock, a, t.parent, name, text);
	_cleanup_close_ int upper = -1;
	r = wr_layer_prepare(l, rel, &upper);
	if (r < 0)
		return r == -EEXIST ? -EADDRINUSE : r;
	r = bind_at(rq, sock, a, upper, name, text);
	int r2 = wr_layer_settle(l, rel);
	return r < 0 ? r : r2;
}

static int bind_at(struct warren_request *rq, int sock, struct wr_sockaddr *a, int parent, const char *name,
		   const char *text)
{
	char dir[sizeof(a->un.sun_path) + 1];

	if (wr_sockaddr_encode(text, name, dir, a))
		return bind_through_link(wr_sandbox_policy(rq->sandbox)->runtime, parent, dir, sock, a);
	/* A plain name: the kernel is told what the guest wrote. (Or "/NAME" that fills the address to its
	 * last byte, whose slash getsockname(2) does not show then.) */
	memset(a->un.sun_path, 0, sizeof(a->un.sun_path));
	size_t len = strlen(name);
	if (len > sizeof(a->un.sun_path))
		return -EINVAL;
	memcpy(a->un.sun_path, name, len);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return bind_in(parent, sock, a);
}

/* The kernel's own choice of a name (five hexadecimal digits) would be in the host's space. */
static int bind_auto(struct warren_request *rq, int sock)
{
	static atomic_uint next;
	int r = -EADDRINUSE;

	for (int i = 0; r == -EADDRINUSE && i < 4096; i++) {
		struct wr_sockaddr a = {.un = {.sun_family = AF_UNIX}};
		int n = snprintf(a.un.sun_path + 1, 16, "%05x", atomic_fetch_add(&next, 1) & 0xfffff);
		a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
		r = wr_sockaddr_hide(rq, &a);
		if (r == 0)
			r = do_bind(sock, &a);
	}
	return r;
}

struct warren_verdict wr_handle_bind(struct warren_request *rq, void *user)
{
	struct wr_sockaddr a;

	(void)user;
	_cleanup_close_ int sock = wr_guest_fd(rq, -1, rq->args[0]);
	if (sock < 0)
		return warren_return(sock);
	int domain = wr_sockopt(sock, SO_DOMAIN);
	int r = domain < 0 ? domain : wr_sockaddr_read(rq, rq->args[1], (int)rq->args[2], &a);
	if (r < 0)
		return warren_return(r);
	if (domain != AF_UNIX)
		return warren_return(wr_request_alive(rq) ? do_bind(sock, &a) : -ENOENT);
	if (a.len > sizeof(a.un))
		return warren_return(-EINVAL);
	switch (wr_sockaddr_kind(&a)) {
	case WR_UN_PATH:
		return warren_return(bind_path(rq, sock, &a));
	case WR_UN_ABSTRACT:
		r = wr_sockaddr_hide(rq, &a);
		break;
	default:
		if (a.len == offsetof(struct sockaddr_un, sun_path) && a.un.sun_family == AF_UNIX) {
			struct wr_sockaddr has = {.len = sizeof(has.ss)};
			if (getsockname(sock, &has.sa, &has.len) == 0 && has.len > sizeof(sa_family_t))
				return warren_return(0); /* it has a name: natively nothing happens */
			return warren_return(bind_auto(rq, sock));
		}
	}
	if (r == 0 && !wr_request_alive(rq))
		r = -ENOENT;
	return warren_return(r < 0 ? r : do_bind(sock, &a));
}

/* ---- connect ---- */

struct connection {
	int sock, target;
	struct wr_sockaddr addr;
};

static void connection_free(void *data)
{
	struct connection *c = data;

	wr_cleanup_close(&c->sock);
	wr_cleanup_close(&c->target);
	free(c);
}

/* sock_intr_errno(): with a timeout a call does not restart. */
static int interrupted(const struct warren_request *rq, int sock)
{
	struct timeval tv = {0};
	socklen_t len = sizeof(tv);
	int r = wr_side_interrupted(rq);

	if (r == -WR_ERESTARTSYS && getsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, &len) == 0 &&
	    (tv.tv_sec || tv.tv_usec))
		return -EINTR;
	return r;
}

static struct warren_verdict wait_for_connect(struct warren_request *rq, void *data)
{
	struct connection *c = data;
	int r;

	do {
		r = connect(c->sock, &c->addr.sa, c->addr.len) < 0 ? -errno : 0;
		if (r == -EINTR)
			r = interrupted(rq, c->sock);
		else
			break;
	} while (r == 0);
	/* before the answer: the guest's close of the socket must be the last one */
	wr_cleanup_close(&c->sock);
	return warren_return(r);
}

struct warren_verdict wr_handle_connect(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct wr_sockaddr a;

	(void)user;
	_cleanup_close_ int sock = wr_guest_fd(rq, -1, rq->args[0]);
	if (sock < 0)
		return warren_return(sock);
	int type = wr_sockopt(sock, SO_TYPE);
	int r = type < 0 ? type : wr_sockaddr_read(rq, rq->args[1], (int)rq->args[2], &a);
	if (r == 0)
		r = wr_sockaddr_target(rq, sock, &a, &t);
	if (r == 0 && !wr_request_alive(rq))
		r = -ENOENT;
	if (r < 0)
		return warren_return(r);
	if (type == SOCK_DGRAM || wr_sockopt(sock, SO_DOMAIN) == AF_NETLINK)
		return warren_return(connect(sock, &a.sa, a.len) < 0 ? -errno : 0);
	/* All others may wait, even if O_NONBLOCK is set now: another thread can take it off. */
	struct connection *c = malloc(sizeof(*c));
	if (!c)
		return warren_return(-ENOMEM);
	*c = (struct connection){wr_steal_fd(&sock), wr_steal_fd(&t.fd), a};
	return wr_side_run(rq, wait_for_connect, c, connection_free);
}

/* ---- names ---- */

static struct warren_verdict name(struct warren_request *rq, int (*get)(int, struct sockaddr *, socklen_t *))
{
	/* one byte more than AF_UNIX can need: a path without NUL gets one */
	struct wr_sockaddr a = {.len = sizeof(a.ss)};
	int len;

	_cleanup_close_ int sock = wr_guest_fd(rq, -1, rq->args[0]);
	if (sock < 0)
		return warren_return(sock);
	if (get(sock, &a.sa, &a.len) < 0)
		return warren_return(-errno);
	int r = wr_guest_read(rq, rq->args[2], &len, sizeof(len));
	if (r < 0)
		return warren_return(r);
	if (len < 0)
		return warren_return(-EINVAL);
	wr_sockaddr_show(rq, &a);
	if (len > (int)a.len)
		len = (int)a.len;
	r = wr_request_alive(rq) ? 0 : -ENOENT;
	if (r == 0)
		r = wr_guest_write(rq, rq->args[1], &a.ss, (size_t)len);
	if (r == 0)
		r = wr_guest_write(rq, rq->args[2], &a.len, sizeof(a.len));
	return warren_return(r);
}

static int get_own(int sock, struct sockaddr *sa, socklen_t *len)
{
	return getsockname(sock, sa, len);
}

static int get_peer(int sock, struct sockaddr *sa, socklen_t *len)
{
	return getpeername(sock, sa, len);
}

struct warren_verdict wr_handle_getsockname(struct warren_request *rq, void *user)
{
	(void)user;
	return name(rq, get_own);
}

struct warren_verdict wr_handle_getpeername(struct warren_request *rq, void *user)
{
	(void)user;
	return name(rq, get_peer);
}
