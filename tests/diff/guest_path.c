/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments: paths in every spelling, directory fds, bad pointers. Names come from a small pool, so that
 * calls meet each other's results. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N255                                                                                                 \
	"NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"   \
	"NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"   \
	"NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"

static const char *const files[] = {"a",  "b",	"c",  "f0",	  "ro",	  "h1",
				    "h2", "ff", "so", "\xff\xfe", "n\nl", N255};
static const char *const dirs[] = {"d",	 "d",  "d",  "e",  "d/x", "d/y", "x0",
				   "ns", "nw", "sg", "st", ".",	  "ld",	 "ldabs"};
static const char *const links[] = {"la",   "ld",     "labs", "ldabs", "lx",   "lself", "loop1", "lup",
				    "lupa", "lts",    "ltf",  "lc1",   "lc5",  "lcm",	"ldot",	 "ldd",
				    "hs",   "lother", "lnew", "lproc", "lcwd", "lroot", "ldev",	 "ldevx"};
static const char *const inside[] = {"a", "b", "x", "y", "la", "k", "n0"};
static const char *const fresh[] = {"n0", "n1", "n2", "n3", "n4", "d/n0", "d/n1", "e/n0", "st/n0", "sg/n0"};
static const char *const special[] = {"",    "",      ".",   ".",    "..",   "/",    "//",   "///",
				      "/..", "../..", "./.", "d/..", "../t", "x0/k", "ns/k", "nw/k"};
static const char *const ro_paths[] = {"/dev/null",  "/proc/self/exe",	  "/dev/stdin", "/dev/fd/0",
				       "/proc/self", "/proc/thread-self", "/dev/zero",	"/proc/self/comm"};
static const char *const other[] = {"/other/f", "/other/secret",   "/other/d/f", "/other/priv/f",
				    "/other/d", "/other/sticky/f", "/other/n0",	 "/diff-guest"};

void *bad_ptr(struct guest *g, const char **ret_desc)
{
	switch (rnd(g, 5)) {
	case 0:
		*ret_desc = "NULL";
		return NULL;
	case 1:
		*ret_desc = "1";
		return (void *)1;
	case 2:
		*ret_desc = "-1";
		return (void *)-1L;
	case 3:
		*ret_desc = "kernel";
		return (void *)0xffff800000000000UL;
	default:
		*ret_desc = "unmapped";
		return g->edge[0];
	}
}

char *edge_buf(struct guest *g, size_t size)
{
	return g->edge[g->edge_next++ & 1] - size;
}

void deep_path(char *dst, unsigned levels)
{
	size_t n = 0;

	for (unsigned i = 0; i < levels; i++) {
		memset(dst + n, 'D', DEEP_NAME);
		n += DEEP_NAME;
		dst[n++] = '/';
	}
	dst[n ? n - 1 : 0] = '\0';
}

mode_t gen_mode(struct guest *g)
{
	static const mode_t modes[] = {0644, 0600,  0777,  0755,  0,	0444, 0200, 0100,
				       0111, 02755, 01777, 04755, 0700, 0500, 07777};

	return PICK(g, modes);
}

/* Repeat unit until the path is exactly len bytes with tail at its end. */
static void fill_path(char *dst, size_t len, const char *unit, const char *tail)
{
	size_t u = strlen(unit), t = strlen(tail), n = 0;

	while (n + u + t <= len) {
		memcpy(dst + n, unit, u);
		n += u;
	}
	while (n + t < len)
		dst[n++] = '/';
	memcpy(dst + n, tail, t + 1);
}

static void gen_long(struct guest *g, char *dst)
{
	static const unsigned near[] = {39, 40, 41, 20};
	char unit[8];

	switch (rnd(g, 9)) {
	case 0: /* the longest that is allowed */
		fill_path(dst, PATH_MAX - 1, "./", "a");
		return;
	case 1:
		fill_path(dst, PATH_MAX, "./", "a");
		return;
	case 2:
		fill_path(dst, PATH_MAX + 700, "d/../", "a");
		return;
	case 3: /* a component one byte too long */
		memset(dst, 'N', 256);
		dst[256] = '\0';
		return;
	case 4: /* ... behind a name that does not exist, and below a file */
		fill_path(dst, 300, "N", "");
		memcpy(dst, one_in(g, 2) ? "zz/" : "aa/", 3);
		if (one_in(g, 2))
			memcpy(dst, "a/", 2);
		return;
	case 5: { /* around the limit of 40 symbolic links in one lookup */
		unsigned n = PICK(g, near);

		dst[0] = '\0';
		while (n--)
			strcat(dst, "ldot/");
		strcat(dst, "a");
		return;
	}
	case 6:
		snprintf(dst, PATH_MAX, "lc%u", 30 + rnd(g, CHAIN_LINKS - 30));
		return;
	case 7:
		deep_path(dst, 1 + rnd(g, DEEP_LEVELS));
		strcat(dst, one_in(g, 2) ? "/a" : "/n0");
		return;
	default: /* the deepest file by the longest path */
		deep_path(dst, DEEP_LEVELS);
		snprintf(unit, sizeof(unit), "%s", one_in(g, 2) ? "/./" : "/");
		fill_path(dst + strlen(dst), PATH_MAX - rnd(g, 2) - strlen(dst), unit, "a");
		return;
	}
}

static const char *gen_name(struct guest *g, enum want w)
{
	unsigned roll = rnd(g, 100);

	if (w == W_NEW)
		return roll < 70   ? PICK(g, fresh)
		       : roll < 85 ? PICK(g, files)
		       : roll < 93 ? PICK(g, links)
				   : PICK(g, dirs);
	if (w == W_DIR)
		return roll < 75   ? PICK(g, dirs)
		       : roll < 85 ? PICK(g, links)
		       : roll < 93 ? PICK(g, fresh)
				   : PICK(g, files);
	if (roll < 40)
		return PICK(g, files);
	return roll < 62 ? PICK(g, links) : roll < 80 ? PICK(g, dirs) : PICK(g, fresh);
}

static void gen_prefix(struct guest *g, char *dst)
{
	static const char *const rel[] = {"./",	   "d/../",  ".//",   "e/./../",
					  "../t/", "ld/../", "ldot/", "d/x/../../"};
	static const char *const abs[] = {"", "/", "/w/..", "/../..", "/w/./", "/proc/../"};
	unsigned roll = rnd(g, 60);

	dst[0] = '\0';
	if (roll < 30)
		return;
	if (roll < 38)
		strcpy(dst, PICK(g, rel));
	else if (roll < 46)
		sprintf(dst, "%s%s/", PICK(g, abs), g->base);
	else if (roll < 48)
		sprintf(dst, "lup%s/", g->base);
	else if (roll < 50)
		sprintf(dst, "../../../../../../..%s/", g->base);
	else if (roll < 57)
		sprintf(dst, "%s/", PICK(g, dirs));
	else if (!g->proc)
		sprintf(dst, "%s/", PICK(g, links));
	else if (roll == 57)
		strcpy(dst, one_in(g, 2) ? "/proc/self/cwd/" : "/proc/thread-self/cwd/");
	else if (roll == 58)
		sprintf(dst, "/proc/self/root%s/", g->base);
	else
		sprintf(dst, "%s/%d/", one_in(g, 2) ? "/proc/self/fd" : "/dev/fd", g->slot[rnd(g, NSLOT)]);
}

static void gen_composed(struct guest *g, char *dst, enum want w)
{
	static const char *const suffix[] = {"/", "/", "/.", "/..", "//", "/../t/a"};

	gen_prefix(g, dst);
	/* Below a directory there are other names. */
	if (dst[0] && dst[strlen(dst) - 1] == '/' && w != W_NEW && one_in(g, 3))
		strcat(dst, PICK(g, inside));
	else
		strcat(dst, gen_name(g, w));
	if (one_in(g, w == W_DIR ? 7 : 14))
		strcat(dst, PICK(g, suffix));
	/* An fd by its name in /proc: the object itself. */
	if (g->proc && one_in(g, 40))
		sprintf(dst, "/proc/self/fd/%d", g->slot[rnd(g, NSLOT)]);
}

/* Put the string where its last byte, or the missing NUL, is the last mapped byte. */
static void to_page_edge(struct guest *g, struct parg *p, bool cut)
{
	size_t len = strlen(p->buf) + (cut ? 0 : 1);
	char *e;

	if (!len)
		return;
	e = edge_buf(g, len);
	memcpy(e, p->buf, len);
	p->p = e;
	strcat(p->desc, cut ? "@cut" : "@edge");
}

void gen_path(struct guest *g, struct parg *p, enum want w)
{
	unsigned roll = rnd(g, 1000);
	const char *desc;

	p->buf[0] = '\0';
	if (roll < 15) {
		p->p = bad_ptr(g, &desc);
		snprintf(p->desc, sizeof(p->desc), "%s", desc);
		return;
	}
	p->p = p->buf;
	if (roll < 60)
		strcpy(p->buf, PICK(g, special));
	else if (roll < 85)
		gen_long(g, p->buf);
	else if (roll < 100 && w == W_STAT && g->proc)
		strcpy(p->buf, PICK(g, ro_paths));
	else if (roll < 115 && g->uid != 0)
		strcpy(p->buf, PICK(g, other));
	else
		gen_composed(g, p->buf, w);
	/* fds differ by what the supervisor left open; slots do not, so their numbers are not printed. */
	if (strstr(p->buf, "/fd/")) {
		char shown[PATH_MAX + 1024], *q = strstr(p->buf, "/fd/") + 4;
		int n = atoi(q);

		snprintf(shown, sizeof(shown), "%.*s<%d>%s", (int)(q - p->buf), p->buf,
			 n < 0 || n < g->fd0 ? n : n - g->fd0, q + strspn(q, "-0123456789"));
		quote(p->desc, sizeof(p->desc) - 8, shown, strlen(shown));
		strcat(p->desc, away_mark(g, n));
	} else {
		quote(p->desc, sizeof(p->desc) - 8, p->buf, strlen(p->buf));
	}
	if (one_in(g, 60))
		to_page_edge(g, p, true);
	else if (one_in(g, 10))
		to_page_edge(g, p, false);
}

static void dirfd_slot(struct guest *g, struct darg *d, unsigned i)
{
	d->v = g->slot[i];
	snprintf(d->desc, sizeof(d->desc), "@%u%s", i, d->v < 0 ? "-" : away_mark(g, d->v));
}

void gen_dirfd(struct guest *g, struct darg *d)
{
	unsigned roll = rnd(g, 100);

	if (roll < 55) {
		d->v = AT_FDCWD;
		sprintf(d->desc, "cwd%s", away_mark(g, AT_FDCWD));
	} else if (roll < 70) {
		dirfd_slot(g, d, rnd(g, 2)); /* the base, mostly */
	} else if (roll < 94) {
		dirfd_slot(g, d, rnd(g, NSLOT));
	} else if (roll < 97) {
		d->v = one_in(g, 2) ? -1 : one_in(g, 2) ? 9999 : -1000;
		snprintf(d->desc, sizeof(d->desc), "%ld", d->v);
	} else {
		/* The argument is an int: the upper half of the register means nothing. */
		dirfd_slot(g, d, rnd(g, 2));
		if (one_in(g, 2)) {
			d->v = AT_FDCWD;
			sprintf(d->desc, "cwd%s", away_mark(g, AT_FDCWD));
		}
		d->v = (long)(0x5555000000000000UL | (uint32_t)d->v);
		strcat(d->desc, "+hi");
	}
}

void gen_fd(struct guest *g, struct darg *d)
{
	if (one_in(g, 25)) {
		d->v = one_in(g, 2) ? -1 : AT_FDCWD;
		snprintf(d->desc, sizeof(d->desc), "%ld%s", d->v, away_mark(g, d->v));
		return;
	}
	dirfd_slot(g, d, rnd(g, NSLOT));
}
