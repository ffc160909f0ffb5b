/* SPDX-License-Identifier: Apache-2.0 */
/* Merged listings. The names of each layer's directory are read and sorted by the hash of the name, then
 * merged from the top: the first layer that has a name decides. The position of an entry is that hash, so it
 * does not depend on which other names there are: a reader that goes on in a later listing of the directory
 * meets every name that existed all the time exactly once. */
#define _GNU_SOURCE
#include "names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TRIES	  16
#define MAX_PARTS (WR_LAYER_MAX_LOWERS + 1)

struct listing {
	struct wr_cached cached; /* first */
	struct wr_layer_listing shown;
	char *names;
	struct wr_layer_dirent *entries;
};

struct parts {
	unsigned n;
	struct wr_names *v[MAX_PARTS];
	uint64_t self, parent; /* inode numbers of "." and ".." */
};

/* The lower directories that are merged. */
struct lowers {
	int n;
	int fds[WR_LAYER_MAX_LOWERS]; /* O_PATH */
	struct stat st[WR_LAYER_MAX_LOWERS];
};

enum { KEY_NAMES = 1, KEY_MERGED, KEY_LOWER };

static void parts_release(struct parts *p)
{
	for (unsigned i = 0; i < p->n; i++)
		wr_names_unref(p->v[i]);
	p->n = 0;
}

static void listing_free(struct wr_cached *c)
{
	struct listing *ls = (struct listing *)c;

	free(ls->names);
	free(ls->entries);
	free(ls);
}

void wr_layer_listing_unref(const struct wr_layer_listing *shown)
{
	if (shown)
		wr_cached_unref((struct wr_cached *)((char *)shown - offsetof(struct listing, shown)));
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

uint64_t wr_layer_listing_off(const char *name)
{
	return wr_name_hash(name, strlen(name));
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
	atomic_init(&ls->cached.refs, 1);
	ls->cached.free_fn = listing_free;
	ls->cached.bytes = sizeof(*ls) + total * sizeof(*ls->entries) + bytes;
	ls->entries = malloc(total * sizeof(*ls->entries));
	ls->names = malloc(bytes);
	if (!ls->entries || !ls->names) {
		listing_free(&ls->cached);
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

int wr_names_merge(struct wr_names *const *names, unsigned n, uint64_t self, uint64_t parent,
		   const struct wr_layer_listing **ret)
{
	struct parts p = {.n = n, .self = self, .parent = parent};
	struct listing *ls;

	memcpy(p.v, names, n * sizeof(*names));
	int r = merge(&p, &ls);
	if (r == 0)
		*ret = &ls->shown;
	return r;
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

static void lowers_release(struct lowers *w)
{
	for (int i = 0; i < w->n; i++)
		close(w->fds[i]);
	w->n = 0;
}

static int open_lowers(struct wr_layer *l, const char *full, struct lowers *w)
{
	int r = wr_lower_dirs(l, full, w->fds);

	w->n = r < 0 ? 0 : r;
	for (int i = 0; i < w->n; i++)
		if (fstat(w->fds[i], &w->st[i]) < 0)
			return -errno;
	return r < 0 ? r : 0;
}

#define IDENTITY 6

static void identity(const struct stat *st, uint64_t v[static IDENTITY])
{
	v[0] = st->st_dev;
	v[1] = st->st_ino;
	v[2] = (uint64_t)st->st_ctim.tv_sec;
	v[3] = (uint64_t)st->st_ctim.tv_nsec;
	v[4] = (uint64_t)st->st_mtim.tv_sec;
	v[5] = (uint64_t)st->st_mtim.tv_nsec;
}

/* Lower directories are shared by all layers over them. */
static int read_lower(struct wr_layer *l, int path, const struct stat *st, struct parts *p)
{
	enum wr_marks marks = l->n_lowers > 1 ? WR_MARKS_FILES : WR_MARKS_NONE;
	struct wr_cache_key key = {.v = {KEY_NAMES, marks}};
	struct stat after;

	identity(st, key.v + 2);
	struct wr_cached *known = wr_cache_get(&key);
	if (known) {
		p->v[p->n++] = (struct wr_names *)known;
		return 0;
	}
	_cleanup_close_ int fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : read_part(p, fd, marks);
	if (r < 0 || fstat(fd, &after) < 0)
		return r;
	if (after.st_ctim.tv_sec == st->st_ctim.tv_sec && after.st_ctim.tv_nsec == st->st_ctim.tv_nsec &&
	    wr_names_settled(st))
		wr_cache_put(&key, &p->v[p->n - 1]->cached, NULL);
	return 0;
}

static int read_lowers(struct wr_layer *l, const struct lowers *w, struct parts *p)
{
	int r = 0;

	for (int i = 0; r == 0 && i < w->n; i++)
		r = read_lower(l, w->fds[i], &w->st[i], p);
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

/* The directories that are merged; whether they may be remembered as they are now. */
static bool lowers_key(const struct lowers *w, uint64_t v[static 2])
{
	uint64_t ids[WR_LAYER_MAX_LOWERS][IDENTITY];
	bool settled = true;

	for (int i = 0; i < w->n; i++) {
		identity(&w->st[i], ids[i]);
		settled = settled && wr_names_settled(&w->st[i]);
	}
	XXH128_hash_t h = XXH3_128bits(ids, (size_t)w->n * sizeof(ids[0]));
	v[0] = h.low64;
	v[1] = h.high64;
	return settled;
}

/* A merged directory of this layer at this generation over these lower ones. Returns whether it may be kept.
 */
static bool merged_key(struct wr_layer *l, uint64_t generation, const struct lowers *w,
		       struct wr_cache_key *key)
{
	*key = (struct wr_cache_key){.v = {KEY_MERGED, l->id, generation}};
	return lowers_key(w, key->v + 3) && generation != 0;
}

/* A directory that the layer never touched. What of it is the layer's own is the number of "..", unless its
 * parent was not touched either: then all layers over the same lowers share it. */
static bool lower_key(struct wr_layer *l, const char *full, const struct wr_place *place,
		      const struct lowers *w, struct wr_cache_key *key)
{
	const char *slash = strrchr(full, '/');
	bool shared = slash && (size_t)(slash - full) > place->at;

	*key = (struct wr_cache_key){.v = {KEY_LOWER, shared ? l->lowers_id : l->id,
					   shared ? 0 : place->word & ~(uint64_t)WR_ATTR,
					   XXH3_64bits(full, strlen(full))}};
	return lowers_key(w, key->v + 4);
}

static int make_listing(struct wr_layer *l, const char *full, const struct wr_place *place, bool merged,
			const struct lowers *w, struct listing **ret)
{
	struct parts p = {0};
	int r = 0;

	if (place->kind == WR_PLACE_UPPER)
		r = read_upper(l, full, merged, &p);
	if (r == 0)
		r = read_lowers(l, w, &p);
	if (r == 0)
		r = dot_numbers(l, full, &p);
	if (r == 0)
		r = merge(&p, ret);
	parts_release(&p);
	return r;
}

static int list_once(struct wr_layer *l, const char *full, const struct wr_place *place, struct listing **ret)
{
	bool merged = place->leaf && place->kind == WR_PLACE_UPPER && wr_state(place->word) == WR_IS_MERGED;
	uint64_t generation = merged ? wr_index_generation(l->index, full, strlen(full)) : 0;
	struct lowers w = {0};
	struct wr_cache_key key;
	int r = 0;

	if (place->kind == WR_PLACE_WHITEOUT)
		return -ENOENT;
	if (place->kind == WR_PLACE_LOWER || merged)
		r = open_lowers(l, full, &w);
	bool keep = r == 0 && (merged ? merged_key(l, generation, &w, &key)
				      : place->kind == WR_PLACE_LOWER && lower_key(l, full, place, &w, &key));
	struct wr_cached *known = keep ? wr_cache_get(&key) : NULL;
	if (known) {
		*ret = (struct listing *)known;
	} else if (r == 0) {
		r = make_listing(l, full, place, merged, &w, ret);
		/* what changed while it was read may be in it by half */
		if (r == 0 && keep &&
		    (merged ? wr_index_generation(l->index, full, strlen(full)) == generation
			    : wr_place_holds(l, full, place)))
			wr_cache_put(&key, &(*ret)->cached, key.v[1] == l->id ? &l->cached : NULL);
	}
	lowers_release(&w);
	return r;
}

int wr_layer_list(struct wr_layer *l, const char *rel, const struct wr_layer_listing **ret)
{
	char full[PATH_MAX];
	struct wr_place place;
	size_t len = strlen(rel);

	while (len && rel[len - 1] == '/')
		len--;
	if (len >= sizeof(full))
		return -ENAMETOOLONG;
	memcpy(full, rel, len);
	full[len] = '\0';
	for (int i = 0; i < TRIES; i++) {
		struct listing *ls = NULL;
		wr_place(l, full, len, &place);
		int r = list_once(l, full, &place, &ls);
		if (wr_place_holds(l, full, &place)) {
			if (r == 0)
				*ret = &ls->shown;
			return r;
		}
		if (r == 0)
			wr_cached_unref(&ls->cached);
	}
	return -EBUSY;
}

/* Takes the parts. */
static int list_parts(struct parts *p, int r, const struct wr_layer_listing **ret)
{
	struct listing *ls;

	if (r == 0)
		r = merge(p, &ls);
	parts_release(p);
	if (r == 0)
		*ret = &ls->shown;
	return r;
}

int wr_lower_list(struct wr_layer *l, const char *full, const struct wr_layer_listing **ret)
{
	struct parts p = {0};
	struct lowers w = {0};
	int r = open_lowers(l, full, &w);

	if (r == 0)
		r = read_lowers(l, &w, &p);
	lowers_release(&w);
	return list_parts(&p, r, ret);
}

int wr_covered_list(struct wr_layer *l, const char *full, const struct wr_layer_listing **ret)
{
	struct parts p = {0};
	_cleanup_close_ int fd = wr_open_below(wr_bottom(l), full, O_RDONLY | O_DIRECTORY, 0);

	return list_parts(&p, fd < 0 ? fd : read_part(&p, fd, WR_MARKS_NONE), ret);
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
