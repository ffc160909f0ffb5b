/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "names.h"

#include <time.h>

#define FIRST_OFF 3 /* after "." and ".." */

/* Below 2^39, which lseek of every file system accepts for a directory. Names that collide are put
 * one after the other (listing.c). */
uint64_t wr_name_hash(const char *name, size_t len)
{
	uint64_t h = wr_index_hash(name, len) % ((1ULL << 39) - (1U << 20));

	return h < FIRST_OFF ? FIRST_OFF : h;
}

static int compare(const void *a, const void *b)
{
	const struct wr_name *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct arena {
	struct arena *next;
	size_t used, size;
	char bytes[];
};

struct wr_names_builder {
	struct wr_names names; /* first: it is what the caller gets */
	size_t room;
	struct arena *arenas;
};

static void names_free(struct wr_cached *c)
{
	struct wr_names_builder *b = (struct wr_names_builder *)c;

	while (b->arenas) {
		struct arena *next = b->arenas->next;
		free(b->arenas);
		b->arenas = next;
	}
	free(b->names.v);
	free(b);
}

void wr_names_unref(struct wr_names *n)
{
	if (n)
		wr_cached_unref(&n->cached);
}

/* The kernel's clock for files ticks every few milliseconds, and some file systems count in seconds. */
bool wr_names_settled(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age =
		(now.tv_sec - st->st_ctim.tv_sec) * 1000 + (now.tv_nsec - st->st_ctim.tv_nsec) / 1000000;
	return age > (st->st_ctim.tv_nsec ? 50 : 2500);
}

static char *keep(struct wr_names_builder *b, const char *name, size_t len)
{
	struct arena *a = b->arenas;

	if (!a || a->size - a->used < len + 1) {
		size_t size = a ? 32768 : 1024;
		struct arena *more = malloc(sizeof(*more) + size);
		if (!more)
			return NULL;
		*more = (struct arena){.next = a, .size = size};
		b->arenas = a = more;
		b->names.cached.bytes += sizeof(*more) + size;
	}
	char *s = a->bytes + a->used;
	memcpy(s, name, len + 1);
	a->used += len + 1;
	return s;
}

struct wr_names_builder *wr_names_new(void)
{
	struct wr_names_builder *b = calloc(1, sizeof(*b));

	if (b) {
		atomic_init(&b->names.cached.refs, 1);
		b->names.cached.free_fn = names_free;
	}
	return b;
}

int wr_names_add(struct wr_names_builder *b, const struct wr_name *n)
{
	if (b->names.n == b->room) {
		size_t room = b->room ? b->room * 2 : 16;
		struct wr_name *v = realloc(b->names.v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		b->names.v = v;
		b->room = room;
	}
	struct wr_name *e = &b->names.v[b->names.n];
	*e = *n;
	e->name = keep(b, n->name, n->len);
	if (!e->name)
		return -ENOMEM;
	b->names.n++;
	return 0;
}

struct wr_names *wr_names_finish(struct wr_names_builder *b)
{
	if (b->names.n)
		qsort(b->names.v, b->names.n, sizeof(*b->names.v), compare);
	b->names.cached.bytes += sizeof(*b) + b->room * sizeof(*b->names.v);
	return &b->names;
}

/* A name that was a whiteout, or whose type the file system does not tell, is looked at. */
static int classify(int fd, enum wr_marks marks, struct wr_name *n)
{
	struct stat st;
	bool look = n->type == DT_UNKNOWN || (marks != WR_MARKS_NONE && n->type == DT_CHR) ||
		    (marks == WR_MARKS_FILES && n->type == DT_REG);

	if (!look)
		return 0;
	if (fstatat(fd, n->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1 : -errno;
	n->type = (uint8_t)IFTODT(st.st_mode);
	n->ino = st.st_ino;
	n->hidden = marks != WR_MARKS_NONE && wr_is_whiteout(fd, n->name, &st);
	return 0;
}

int wr_names_read(int fd, enum wr_marks marks, struct wr_names **ret)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	_cleanup_closedir_ DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct wr_names_builder *b = wr_names_new();
	struct dirent *e;
	int r = d && b ? 0 : -ENOMEM;

	if (!d)
		wr_cleanup_close(&copy);
	while (r == 0 && (errno = 0, e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		size_t len = strlen(e->d_name);
		struct wr_name n = {.hash = wr_name_hash(e->d_name, len),
				    .ino = e->d_ino,
				    .name = e->d_name,
				    .len = (uint16_t)len,
				    .type = e->d_type};
		r = classify(fd, marks, &n);
		if (r == 0)
			r = wr_names_add(b, &n);
		else if (r == 1)
			r = 0; /* gone */
	}
	if (r == 0 && errno)
		r = -errno;
	if (r < 0) {
		wr_names_unref(b ? &b->names : NULL);
		return r;
	}
	*ret = wr_names_finish(b);
	return 0;
}
