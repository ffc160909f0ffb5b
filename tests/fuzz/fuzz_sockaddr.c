/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of sockets, from guests and from the kernel. The input: what to do, a length, the address. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "request.h"
#include "../../handlers/sockaddr.h"

/* What bind(2) is told for a path comes back as that path, through getsockname(2). */
static void check_path(struct warren_request *rq, const char *text)
{
	struct wr_sockaddr a = {.un.sun_family = AF_UNIX};
	char dir[sizeof(a.un.sun_path) + 1], name[sizeof(a.un.sun_path) + 2];
	size_t len = strlen(text), end = len;

	while (end && text[end - 1] == '/')
		end--;
	size_t start = end;
	while (start && text[start - 1] != '/')
		start--;
	if (end == start)
		return; /* the root */
	snprintf(name, sizeof(name), "%.*s%s", (int)(end - start), text + start, end < len ? "/" : "");
	if (!wr_sockaddr_encode(text, name, dir, &a))
		return;
	CHECK(a.len <= sizeof(a.un));
	CHECK(*dir && !strchr(dir, '/') && strcmp(dir, ".") && strcmp(dir, ".."));
	CHECK(!strncmp(a.un.sun_path, dir, strlen(dir)) && a.un.sun_path[strlen(dir)] == '/');
	/* the kernel ends it with a NUL, in room of its own if need be */
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			    strnlen(a.un.sun_path, sizeof(a.un.sun_path)) + 1);
	wr_sockaddr_show(rq, &a);
	if (strpbrk(text, "\x1d\x1e\x1f"))
		return;
	CHECK(a.len == offsetof(struct sockaddr_un, sun_path) + strlen(name) + start + 1);
	CHECK(!strncmp(a.un.sun_path, text, start) && !strncmp(a.un.sun_path + start, name, strlen(name)));
}

static void check_abstract(struct warren_request *rq, struct wr_sockaddr *a)
{
	struct wr_sockaddr b = *a;

	if (wr_sockaddr_hide(rq, &b) < 0)
		return;
	CHECK(b.len >= a->len && b.len <= sizeof(b.un));
	if (b.len == a->len)
		return; /* it was one of ours, untranslated */
	wr_sockaddr_show(rq, &b);
	CHECK(b.len == a->len && !memcmp(&b.un, &a->un, a->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int sock = -1;
	struct warren_request *rq = fuzz_request();
	struct input in = {data, size};
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	struct wr_sockaddr a;
	char bytes[300], text[sizeof(a.un.sun_path) + 1] = "";

	if (sock < 0)
		sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t what = take8(&in);
	int len = take8(&in);
	if (len > 200) /* what no address can be, too */
		len = (int)take32(&in);
	take(&in, bytes, sizeof(bytes));
	int r = wr_sockaddr_read(rq, (uintptr_t)bytes, len, &a);
	CHECK((r == 0) == (len >= 0 && (size_t)len <= sizeof(a.ss)));
	if (r < 0)
		return 0;
	CHECK(a.len == (socklen_t)len && !memcmp(&a.ss, bytes, a.len));
	if (what & 1)
		a.un.sun_family = AF_UNIX;
	if (what & 2) {
		memcpy(text, a.un.sun_path, sizeof(a.un.sun_path));
		check_path(rq, text);
	} else if (what & 4) {
		wr_sockaddr_show(rq, &a); /* as if the kernel had told it */
		CHECK(a.len <= (socklen_t)len);
	} else if (wr_sockaddr_kind(&a) == WR_UN_ABSTRACT) {
		check_abstract(rq, &a);
	} else if (wr_sockaddr_target(rq, sock, &a, &t) == 0 && t.fd >= 0) {
		char link[32];
		CHECK(a.un.sun_family == AF_UNIX && !strcmp(a.un.sun_path, wr_fd_path(t.fd, link)));
	}
	return 0;
}
