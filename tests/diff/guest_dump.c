/* SPDX-License-Identifier: Apache-2.0 */
/* Directory listings, and the whole tree as a sequence left it. */
#include "guest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* linux_dirent64: d_ino, d_off, u16 d_reclen, u8 d_type, name. The legacy record has its type in the last
 * byte. */
static bool parse_entries(const char *buf, size_t len, bool legacy, struct entry **list, unsigned *n,
			  unsigned *cap)
{
	for (size_t pos = 0; pos + 19 <= len;) {
		const char *rec = buf + pos;
		struct entry *e;
		uint16_t reclen;

		memcpy(&reclen, rec + 16, 2);
		if (reclen < 19 || pos + reclen > len)
			return false;
		if (*n == *cap) {
			unsigned want = *cap ? *cap * 2 : 64;

			e = realloc(*list, want * sizeof(*e));
			if (!e)
				return false;
			*list = e;
			*cap = want;
		}
		e = &(*list)[(*n)++];
		memset(e, 0, sizeof(*e));
		memcpy(&e->ino, rec, 8);
		e->type = (unsigned char)(legacy ? rec[reclen - 1] : rec[18]);
		strncpy(e->name, rec + (legacy ? 18 : 19), 255);
		pos += reclen;
	}
	return true;
}

int read_dir(int fd, bool legacy, size_t bufsize, struct entry **ret, unsigned *ret_n)
{
	struct entry *list = NULL;
	unsigned n = 0, cap = 0;
	char *buf = malloc(bufsize ? bufsize : 1);
	long r;
#ifdef SYS_getdents
	long nr = legacy ? SYS_getdents : SYS_getdents64;
#else
	long nr = SYS_getdents64;

	legacy = false;
#endif

	raw(SYS_lseek, fd, 0, SEEK_SET);
	while ((r = raw(nr, fd, buf, bufsize)) > 0) {
		if (!parse_entries(buf, (size_t)r, legacy, &list, &n, &cap)) {
			r = -EBADMSG;
			break;
		}
		if (n > 20000) {
			r = -E2BIG; /* an endless listing must not hang the run */
			break;
		}
	}
	raw(SYS_lseek, fd, 0, SEEK_SET);
	free(buf);
	if (r < 0) {
		free(list);
		return (int)r;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	*ret = list;
	*ret_n = n;
	return 0;
}

static void dump_xattrs(struct guest *g, int fd)
{
	char names[1024], value[600];
	long len = raw(SYS_flistxattr, fd, names, sizeof(names));

	/* The order of names is the file system's: print them by a fixed list. */
	static const char *const known[] = {"user.a", "user.b", "user.c", "user.long"};

	if (len <= 0)
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		long r = raw(SYS_fgetxattr, fd, known[i], value, sizeof(value));

		if (r < 0)
			continue;
		out(g, " %s=", known[i]);
		out_bytes(g, value, (size_t)r);
	}
	out(g, " xl%ld", len);
}

static void dump_content(struct guest *g, int fd)
{
	char buf[8192];
	uint64_t h = HASH_START;
	size_t total = 0;
	long r;

	while (total < 65536 && (r = raw(SYS_read, fd, buf, sizeof(buf))) > 0) {
		h = hash_bytes(h, buf, (size_t)r);
		total += (size_t)r;
	}
	out(g, " c%016llx", (unsigned long long)h);
}

static void dump_dir(struct guest *g, int fd, unsigned depth);

static void dump_entry(struct guest *g, int dirfd, const struct entry *e, unsigned depth)
{
	bool dir, file;
	struct stat st;
	char buf[PATH_MAX];
	long r, fd = -1;

	out(g, "T%u", depth);
	out_bytes(g, e->name, strlen(e->name));
	out(g, " t%u", e->type);
	r = raw(SYS_newfstatat, dirfd, e->name, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0) {
		res(g, r);
		out(g, "\n");
		return;
	}
	out_stat(g, &st);
	if (!g->overlay && canon_known(g, st.st_dev, e->ino) != canon_num(g, st.st_dev, st.st_ino))
		out(g, " d_ino-differs");
	dir = S_ISDIR(st.st_mode);
	file = S_ISREG(st.st_mode);
	if (S_ISLNK(st.st_mode)) {
		r = raw(SYS_readlinkat, dirfd, e->name, buf, sizeof(buf));
		if (r >= 0)
			out_bytes(g, buf, (size_t)r);
		else
			res(g, r);
	}
	if (dir || file) {
		int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

		fd = raw(SYS_openat, dirfd, e->name, flags);
		if (fd == -EACCES) {
			raw(SYS_fchmodat, dirfd, e->name, dir ? 0700 : 0600);
			fd = raw(SYS_openat, dirfd, e->name, flags);
		} else if (dir && g->uid != 0 && (st.st_mode & 0700) != 0700) {
			raw(SYS_fchmodat, dirfd, e->name, 0700);
		}
		if (fd < 0)
			res(g, fd);
	}
	if (fd >= 0)
		dump_xattrs(g, (int)fd);
	if (fd >= 0 && file)
		dump_content(g, (int)fd);
	out(g, "\n");
	if (fd >= 0 && dir && depth < 200)
		dump_dir(g, (int)fd, depth + 1);
	if (fd >= 0)
		raw(SYS_close, fd);
}

static void dump_dir(struct guest *g, int fd, unsigned depth)
{
	struct entry *e = NULL;
	unsigned n = 0;
	int r = read_dir(fd, false, 32768, &e, &n);

	if (r < 0) {
		out(g, "T%u listing", depth);
		res(g, r);
		out(g, "\n");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		if (strcmp(e[i].name, ".") && strcmp(e[i].name, ".."))
			dump_entry(g, fd, &e[i], depth);
	free(e);
}

void tree_dump(struct guest *g)
{
	long fd;

	raw(SYS_chdir, "/");
	if (g->uid != 0) {
		raw(SYS_fchmodat, AT_FDCWD, WORK_DIR, 0777);
		raw(SYS_fchmodat, AT_FDCWD, g->top, 0700);
	}
	fd = raw(SYS_openat, AT_FDCWD, g->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		out(g, "T0 no tree");
		res(g, fd);
		out(g, "\n");
		return;
	}
	dump_dir(g, (int)fd, 0);
	raw(SYS_close, fd);
}
