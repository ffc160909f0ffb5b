/* SPDX-License-Identifier: Apache-2.0 */
/* Merged listings. The names of each layer's directory are read and sorted by the hash of the name, then
 * merged from the top: the first layer that has a name decides. The position of an entry is that hash, so it
 * does not depend on which other names there are: a reader that goes on in a later listing of the directory
 * meets every name that existed all the time exactly once. */
#define _GNU_SOURCE
#include "names.h"

#define TRIES	  16
#define MAX_PARTS (WR_LAYER_MAX_LOWERS + 1)

struct listing {
	struct wr_layer_listing shown; /* first */
	atomic_uint refs;
	char *names;
	struct wr_layer_dirent *entries;
};

struct parts {
	unsigned n;
	struct wr_names *v[MAX_PARTS];
	uint64_t self, parent; /* inode numbers of "." and ".." */
};

static void parts_release(struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++)
		wr_names_free(p->v[i]);
	p->n = 0;
}

static void listing_free(struct listing *ls)
{
	free(ls->names);
	free(ls->entries);
	free(ls);
}

void wr_layer_listing_unref(const struct wr_layer_listing *shown)
{
	struct listing *ls = (struct listing *)shown;

	if (ls && atomic_fetch_sub(&ls->refs, 1) == 1)
		listing_free(ls);
}

size_t wr_layer_listing_seek(const struct wr_layer_listing *ls, uint64_t off)
{
	size_t low = 0, high = ls->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (ls->entries[mid].off > off)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The next name in order over all parts, from the topmost part that has it; NULL at the end. */
static const struct wr_name *next_name(const struct parts *p, size_t at[static MAX_PARTS])
{
	const struct wr_name *best = NULL;

	for (unsigned i = 0; i < p->n; i++) {
		if (at[i] == p->v[i]->n)
			continue;
		const struct wr_name *e = &p->v[i]->v[at[i]];
		if (!best || e->hash < best->hash ||
		    (e->hash == best->hash && strcmp(e->name, best->name) < 0))
			best = e;
	}
	for (unsigned i = 0; best && i < p->n; i++) {
		const struct wr_name *e = at[i] < p->v[i]->n ? &p->v[i]->v[at[i]] : NULL;
		if (e && e->hash == best->hash && !strcmp(e->name, best->name))
			at[i]++;
	}
	return best;
}

static int merge(const struct parts *p, struct listing **ret)
{
	size_t total = 2, bytes = 5, at[MAX_PARTS] = {0};

	for (unsigned i = 0; i < p->n; i++) {
		total += p->v[i]->n;
		for (size_t j = 0; j < p->v[i]->n; j++)
			bytes += p->v[i]->v[j].len + 1U;
	}
	struct listing *ls = calloc(1, sizeof(*ls));
	if (!ls)
		return -ENOMEM;
	atomic_init(&ls->refs, 1);
	ls->entries = malloc(total * sizeof(*ls->entries));
	ls->names = malloc(bytes);
	if (!ls->entries || !ls->names) {
		listing_free(ls);
		return -ENOMEM;
	}
	memcpy(ls->names, ".\0..", 5);
	char *s = ls->names + 5;
	ls->entries[0] = (struct wr_layer_dirent){p->self, 1, ls->names, 1, DT_DIR};
	ls->entries[1] = (struct wr_layer_dirent){p->parent, 2, ls->names + 2, 2, DT_DIR};
	size_t n = 2;
	for (const struct wr_name *e; (e = next_name(p, at));) {
		uint64_t last = ls->entries[n - 1].off;
		if (e->hidden)
			continue;
		memcpy(s, e->name, e->len + 1U);
		ls->entries[n++] = (struct wr_layer_dirent){e->ino, e->hash > last ? e->hash : last + 1, s,
							    e->len, e->type};
		s += e->len + 1U;
	}
	ls->shown = (struct wr_layer_listing){n, ls->entries};
	*ret = ls;
	return 0;
}

static int read_part(struct parts *p, int fd, enum wr_marks marks)
{
	int r = wr_names_read(fd, marks, &p->v[p->n]);

	if (r == 0)
		p->n++;
	return r;
}

static int read_upper(struct wr_layer *l, const char *full, bool merged, struct parts *p)
{
	enum wr_marks marks = !merged			     ? WR_MARKS_NONE
			      : l->devices && !l->file_marks ? WR_MARKS_DEVICES
							     : WR_MARKS_FILES;
	_cleanup_close_ int fd = wr_open_below(l->upper, full, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : read_part(p, fd, marks);
}

static int read_lowers(struct wr_layer *l, const char *full, struct parts *p)
{
	int dirs[WR_LAYER_MAX_LOWERS], n = wr_lower_dirs(l, full, dirs), r = n < 0 ? n : 0;

	for (int i = 0; i < n; i++) {
		_cleanup_close_ int path = dirs[i];
		_cleanup_close_ int fd = -1;
		if (r < 0)
			continue;
		fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : read_part(p, fd, l->n_lowers > 1 ? WR_MARKS_FILES : WR_MARKS_NONE);
	}
	return r;
}

/* As stat says of the same names. */
static int dot_numbers(struct wr_layer *l, const char *full, struct parts *p)
{
	struct wr_path path;
	char dir[PATH_MAX];
	struct stat st;
	_cleanup_found_ struct wr_found self = WR_FOUND_INIT;
	_cleanup_found_ struct wr_found up = WR_FOUND_INIT;
	int r = wr_layer_lookup(l, full, O_DIRECTORY, &self);

	if (r < 0)
		return r;
	if (fstat(self.fd, &st) < 0)
		return -errno;
	p->self = p->parent = st.st_ino;
	if (wr_path_parse(full, &path) == 0) {
		if (wr_layer_lookup(l, wr_path_dir(&path, dir), O_DIRECTORY, &up) == 0 &&
		    fstat(up.fd, &st) == 0)
			p->parent = st.st_ino;
	} else if (fstatat(l->lowers[l->n_lowers - 1].fd, "..", &st, 0) == 0) {
		p->parent = st.st_ino;
	}
	return 0;
}

static int read_parts(struct wr_layer *l, const char *full, const struct wr_place *place, struct parts *p)
{
	bool merged = place->leaf && wr_state(place->word) == WR_IS_MERGED;
	int r = 0;

	if (place->kind == WR_PLACE_WHITEOUT)
		return -ENOENT;
	if (place->kind == WR_PLACE_UPPER)
		r = read_upper(l, full, merged, p);
	if (r == 0 && (place->kind == WR_PLACE_LOWER || merged))
		r = read_lowers(l, full, p);
	if (r == 0)
		r = dot_numbers(l, full, p);
	return r;
}

int wr_layer_list(struct wr_layer *l, const char *rel, const struct wr_layer_listing **ret)
{
	char full[PATH_MAX];
	struct listing *ls;
	struct wr_place place;
	size_t len = strlen(rel);

	while (len && rel[len - 1] == '/')
		len--;
	if (len >= sizeof(full))
		return -ENAMETOOLONG;
	memcpy(full, rel, len);
	full[len] = '\0';
	for (int i = 0; i < TRIES; i++) {
		struct parts p = {0};
		wr_place(l, full, len, &place);
		int r = read_parts(l, full, &place, &p);
		bool holds = wr_place_holds(l, full, &place);
		if (holds && r == 0)
			r = merge(&p, &ls);
		parts_release(&p);
		if (!holds)
			continue;
		if (r < 0)
			return r;
		*ret = &ls->shown;
		return 0;
	}
	return -EBUSY;
}

int wr_dir_empty(struct wr_layer *l, const char *full)
{
	const struct wr_layer_listing *ls;
	int r = wr_layer_list(l, full, &ls);

	if (r < 0)
		return r;
	r = ls->n > 2 ? -ENOTEMPTY : 0;
	wr_layer_listing_unref(ls);
	return r;
}
