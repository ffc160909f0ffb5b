/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two objects are the same but for their place. */
#define _GNU_SOURCE
#include "compare.h"
#include "../engine/base/io.h"

#include <sys/xattr.h>

#define CHUNK (1 << 17)

/* 1: equal, 0: not. What cannot be read is not known to be equal. */
static int same_data(int lower, int upper)
{
	char proc[32];
	_cleanup_free_ char *x = malloc(2 * CHUNK);
	_cleanup_close_ int a = open(wr_cow_proc(lower, proc), O_RDONLY | O_CLOEXEC | O_NOATIME);
	if (a < 0)
		a = open(proc, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int b = open(wr_cow_proc(upper, proc), O_RDONLY | O_CLOEXEC);

	if (!x)
		return -ENOMEM;
	if (a < 0 || b < 0)
		return 0;
	for (off_t at = 0;; at += CHUNK) {
		ssize_t n = wr_read_at(a, x, CHUNK, at), m = wr_read_at(b, x + CHUNK, CHUNK, at);
		if (n < 0 || m < 0)
			return (int)(n < 0 ? n : m);
		if (n != m || memcmp(x, x + CHUNK, (size_t)n))
			return 0;
		if (n < CHUNK)
			return 1;
	}
}

static int same_text(int lower, int upper)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(lower, "", a, sizeof(a)), m = readlinkat(upper, "", b, sizeof(b));

	return n >= 0 && n == m && !memcmp(a, b, (size_t)n);
}

static int same_content(int lower, const struct stat *a, int upper, const struct stat *b)
{
	if (S_ISREG(a->st_mode))
		return a->st_size == b->st_size ? same_data(lower, upper) : 0;
	if (S_ISLNK(a->st_mode))
		return same_text(lower, upper);
	if (S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode))
		return a->st_rdev == b->st_rdev;
	return 1;
}

static ssize_t names_of(int fd, char **ret)
{
	char path[32];
	ssize_t n = listxattr(wr_cow_proc(fd, path), NULL, 0);

	if (n < 0)
		n = 0;
	*ret = malloc((size_t)n + 256);
	if (!*ret)
		return -ENOMEM;
	n = listxattr(path, *ret, (size_t)n + 256);
	return n < 0 ? 0 : n;
}

/* Every attribute of a is in b with the same value. */
static bool contained(int a, const char *names, ssize_t n, int b, char *x, char *y)
{
	char pa[32], pb[32];

	wr_cow_proc(a, pa);
	wr_cow_proc(b, pb);
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		if (wr_layer_private_xattr(name))
			continue;
		ssize_t i = getxattr(pa, name, x, XATTR_SIZE_MAX);
		ssize_t j = getxattr(pb, name, y, XATTR_SIZE_MAX);
		if (i < 0)
			continue; /* not ours to see */
		if (i != j || memcmp(x, y, (size_t)i))
			return false;
	}
	return true;
}

static int same_xattrs(int lower, int upper)
{
	_cleanup_free_ char *a = NULL;
	_cleanup_free_ char *b = NULL;
	_cleanup_free_ char *x = malloc(2 * XATTR_SIZE_MAX);
	ssize_t n = names_of(lower, &a), m = names_of(upper, &b);

	if (!x || n < 0 || m < 0)
		return -ENOMEM;
	return contained(lower, a, n, upper, x, x + XATTR_SIZE_MAX) &&
	       contained(upper, b, m, lower, x, x + XATTR_SIZE_MAX);
}

static bool in_our_groups(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (gid == getegid())
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* An ordinary user cannot have changed the owner: the copy is his because it could not be anybody else's. */
static unsigned compare_rights(const struct stat *a, const struct stat *b)
{
	mode_t mask = 07777;
	bool ordinary = geteuid() != 0;
	bool uid = a->st_uid != b->st_uid, gid = a->st_gid != b->st_gid;
	unsigned what = 0;

	if (ordinary && uid) {
		uid = false;
		mask &= ~(mode_t)S_ISUID;
	}
	if (ordinary && gid && !in_our_groups(a->st_gid)) {
		gid = false;
		mask &= ~(mode_t)S_ISGID;
	}
	if (uid || gid)
		what |= WR_CH_OWNER;
	if (!S_ISLNK(a->st_mode) && ((a->st_mode ^ b->st_mode) & mask))
		what |= WR_CH_MODE;
	return what;
}

int wr_compare(int lower, const struct stat *a, int upper, const struct stat *b, unsigned *ret)
{
	unsigned what = compare_rights(a, b);
	int r = same_content(lower, a, upper, b);

	if (r < 0)
		return r;
	if (!r)
		what |= WR_CH_CONTENT;
	r = S_ISLNK(a->st_mode) ? 1 : same_xattrs(lower, upper);
	if (r < 0)
		return r;
	if (!r)
		what |= WR_CH_XATTR;
	if (!S_ISDIR(a->st_mode) &&
	    (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec))
		what |= WR_CH_TIMES;
	*ret = what;
	return 0;
}
