/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sockaddr.h"
#include "proc.h"
#include <inttypes.h>
#include <string.h>

#define UN_HEAD offsetof(struct sockaddr_un, sun_path)

int wr_sockaddr_read(struct warren_request *rq, uint64_t addr, int len, struct wr_sockaddr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (len < 0 || (size_t)len > sizeof(ret->ss))
		return -EINVAL;
	ret->len = (socklen_t)len;
	return wr_guest_read(rq, addr, &ret->ss, (size_t)len);
}

int wr_sockopt(int sock, int option)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(sock, SOL_SOCKET, option, &value, &len) < 0 ? -errno : value;
}

enum wr_un_kind wr_sockaddr_kind(const struct wr_sockaddr *a)
{
	if (a->len <= UN_HEAD || a->len > sizeof(a->un) || a->un.sun_family != AF_UNIX)
		return WR_UN_NONE;
	return a->un.sun_path[0] ? WR_UN_PATH : WR_UN_ABSTRACT;
}

/* ---- abstract names ---- */

/* Of this sandbox: "" when it shares the host's names. */
static size_t prefix(struct warren_request *rq, char buf[static 40])
{
	uint64_t tag = wr_sandbox_tag(rq->sandbox);

	if (wr_sandbox_policy(rq->sandbox)->net == WARREN_NET_HOST)
		return 0;
	return (size_t)snprintf(buf, 40, "wr%" PRIx32 ".%" PRIx32 ":", (uint32_t)(tag >> 32) & 0x3fffffff,
				(uint32_t)tag);
}

int wr_sockaddr_hide(struct warren_request *rq, struct wr_sockaddr *a)
{
	char pre[40], *name = a->un.sun_path + 1;
	size_t n = prefix(rq, pre), len = a->len - UN_HEAD - 1;

	/* a name that was seen untranslated, by recvmsg(2) for one */
	if (!n || (len >= n && !memcmp(name, pre, n)))
		return 0;
	if (len + n + 1 > sizeof(a->un.sun_path))
		return -EINVAL;
	memmove(name + n, name, len);
	memcpy(name, pre, n);
	a->len += (socklen_t)n;
	return 0;
}

/* ---- paths ---- */

static void replace(char *from, const char *to, char what, char by)
{
	for (char *c = from; c < to; c++)
		if (*c == what)
			*c = by;
}

bool wr_sockaddr_encode(const char *text, const char *name, char *dir, struct wr_sockaddr *ret)
{
	const size_t max = sizeof(ret->un.sun_path);
	const char *last = text + strlen(text);
	size_t len = strlen(name);

	while (last > text && last[-1] == '/')
		last--;
	while (last > text && last[-1] != '/')
		last--;
	size_t dirlen = (size_t)(last - text);
	bool full = dirlen + 1 + len > max;
	memcpy(dir, text, dirlen);
	if (dirlen && full)
		dirlen--; /* its last slash */
	dir[dirlen] = '\0';
	if (!dirlen || dirlen + 1 + len > max)
		return false;
	if (full && (!strcmp(dir, ".") || !strcmp(dir, "..")))
		memset(dir, WR_DOT, dirlen);
	replace(dir, dir + dirlen, '/', full ? WR_SLASH_FULL : WR_SLASH);
	memset(ret->un.sun_path, 0, max);
	memcpy(ret->un.sun_path, dir, dirlen);
	ret->un.sun_path[dirlen] = '/';
	memcpy(ret->un.sun_path + dirlen + 1, name, len);
	ret->len = (socklen_t)(UN_HEAD + dirlen + 1 + len);
	return true;
}

/* "D/NAME" that fills the address, back to what the guest wrote: it is as long. */
static void decode_full(char *path, char *slash)
{
	if (path[0] == WR_DOT && (slash == path + 1 || (slash == path + 2 && path[1] == WR_DOT)))
		replace(path, slash, WR_DOT, '.');
	replace(path, slash, WR_SLASH_FULL, '/');
}

/* "D/NAME" back to what the guest wrote, in place: it is one byte shorter. */
static bool decode(char *path, size_t *len)
{
	char *slash = memchr(path, '/', *len);

	if (!slash || slash == path)
		return false;
	if (slash[-1] != WR_SLASH) {
		if (*len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
			decode_full(path, slash);
		return false;
	}
	replace(path, slash, WR_SLASH, '/');
	memmove(slash, slash + 1, *len - (size_t)(slash + 1 - path));
	path[--*len] = '\0';
	return true;
}

void wr_sockaddr_show(struct warren_request *rq, struct wr_sockaddr *a)
{
	char pre[40], *name = a->un.sun_path + 1;
	size_t n, len = a->len - UN_HEAD;

	if (a->len > UN_HEAD && a->un.sun_family == AF_UNIX && a->un.sun_path[0]) {
		/* The kernel adds a NUL beyond the structure to a path that fills it. */
		if (decode(a->un.sun_path, &len))
			a->len = (socklen_t)(UN_HEAD + len);
	} else if (wr_sockaddr_kind(a) == WR_UN_ABSTRACT) {
		n = prefix(rq, pre);
		if (n && len > n && !memcmp(name, pre, n)) {
			memmove(name, name + n, len - 1 - n);
			a->len -= (socklen_t)n;
		}
	}
}

int wr_sockaddr_target(struct warren_request *rq, int sock, struct wr_sockaddr *a, struct wr_target *t)
{
	int domain = wr_sockopt(sock, SO_DOMAIN);
	enum wr_un_kind kind = wr_sockaddr_kind(a);
	char *path = rq->scratch->path[0];

	if (domain < 0)
		return domain;
	if (domain != AF_UNIX)
		return 0;
	if (a->len > sizeof(a->un))
		return -EINVAL;
	if (kind == WR_UN_ABSTRACT)
		return wr_sockaddr_hide(rq, a);
	if (kind != WR_UN_PATH)
		return 0; /* AF_UNSPEC, or the kernel's error */
	size_t len = strnlen(a->un.sun_path, a->len - UN_HEAD);
	memcpy(path, a->un.sun_path, len);
	path[len] = '\0';
	decode(path, &len);
	int r = wr_resolve(rq, AT_FDCWD, path, WR_FOLLOW, NULL, WR_MAY_WRITE, 0, t);
	if (r < 0)
		return r == -EROFS ? -EACCES
				   : r; /* natively a read-only mount is no hindrance: it is policy */
	if (wr_proc_is_own_fds(rq, t->mnt, t->fd))
		return -ECONNREFUSED; /* may be written to, but is no socket */
	wr_fd_path(t->fd, path);
	strcpy(a->un.sun_path, path);
	a->len = (socklen_t)(UN_HEAD + strlen(path) + 1);
	return 0;
}
