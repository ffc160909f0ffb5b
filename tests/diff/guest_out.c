/* SPDX-License-Identifier: Apache-2.0 */
/* The stream that diff-run compares: one line per call. */
#include "guest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void out_flush(struct guest *g)
{
	size_t done = 0;

	while (done < g->sh->len) {
		ssize_t n = write(STDOUT_FILENO, g->sh->out + done, g->sh->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(98);
		done += (size_t)n;
	}
	g->sh->len = 0;
}

static void vout(struct guest *g, const char *fmt, va_list ap)
{
	struct shared *sh = g->sh;
	int n;

	if (sh->len > OUT_HIGH)
		out_flush(g);
	n = vsnprintf(sh->out + sh->len, OUT_SIZE - sh->len, fmt, ap);
	if (n > 0)
		sh->len += (size_t)n < OUT_SIZE - sh->len ? (size_t)n : OUT_SIZE - sh->len - 1;
}

void out(struct guest *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vout(g, fmt, ap);
	va_end(ap);
}

void line(struct guest *g, const char *name, const char *fmt, ...)
{
	va_list ap;

	out(g, "%s%u %s(", g->in_child ? "+" : "", ++g->sh->call_no, name);
	va_start(ap, fmt);
	vout(g, fmt, ap);
	va_end(ap);
	out(g, ")");
	/* Before the call, so that a hang or a crash shows the call that did it. */
	if (g->flush)
		out_flush(g);
}

void res(struct guest *g, long r)
{
	const char *name = r < 0 ? strerrorname_np((int)-r) : NULL;

	if (name)
		out(g, " = %s", name);
	else
		out(g, " = %ld", r);
	if (g->sh->sigxfsz) {
		out(g, " SIGXFSZ*%u", g->sh->sigxfsz);
		g->sh->sigxfsz = 0;
	}
}

uint64_t hash_bytes(uint64_t h, const void *p, size_t len)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ c[i]) * 0x100000001b3ULL;
	return h;
}

static size_t escape(char *dst, size_t size, const char *src, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 5 < size; i++) {
		unsigned char c = (unsigned char)src[i];

		if (isprint(c) && c != '"' && c != '\\')
			dst[n++] = (char)c;
		else
			n += (size_t)snprintf(dst + n, size - n, "\\%02x", c);
	}
	dst[n] = '\0';
	return n;
}

void quote(char *dst, size_t size, const char *src, size_t len)
{
	char a[400], b[200];

	if (len <= 72) {
		escape(a, sizeof(a), src, len);
		snprintf(dst, size, "\"%s\"", a);
		return;
	}
	escape(a, sizeof(a), src, 24);
	escape(b, sizeof(b), src + len - 12, 12);
	snprintf(dst, size, "\"%s...%s\"[%zu:%08x]", a, b, len, (unsigned)hash_bytes(HASH_START, src, len));
}

void out_bytes(struct guest *g, const char *src, size_t len)
{
	char q[400];

	quote(q, sizeof(q), src, len);
	out(g, " %s", q);
}

void out_kpath(struct guest *g, const char *src, size_t len)
{
	char tmp[PATH_MAX + 64];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 8 < sizeof(tmp);) {
		bool pid = i >= 6 && !memcmp(src + i - 6, "/proc/", 6) && isdigit((unsigned char)src[i]);
		bool ino = i >= 2 && !memcmp(src + i - 2, "/#", 2) && isdigit((unsigned char)src[i]);
		/* readlink("/proc/self") and "/proc/thread-self": digits from the first byte on. */
		bool self = i == 0 && isdigit((unsigned char)src[0]);

		if (!pid && !ino && !self) {
			tmp[n++] = src[i++];
			continue;
		}
		tmp[n++] = '%';
		while (i < len && isdigit((unsigned char)src[i]))
			i++;
		/* cut short, where depends on how many digits there are */
		if (self && len - i < 7 && !memcmp(src + i, "/task/", len - i)) {
			i = len;
		} else if (self && len - i > 6 && !memcmp(src + i, "/task/", 6)) {
			memcpy(tmp + n, "/task/%", 7);
			n += 7;
			i = len;
		}
	}
	out_bytes(g, tmp, n);
}
