/* SPDX-License-Identifier: Apache-2.0 */
/* Which layer has a path. The index alone says whether the upper or the lowers are to be asked; then the
 * kernel walks the whole path in that one (openat2), and the index is asked again whether what it said still
 * holds.
 *
 * Why that is right. Let the index have decided by the entry E (path full[0..at)) with the word W, and found
 * nothing for the longer prefixes it asked about before reaching a decision. After the system calls E still
 * has W, so E was not set in between (stamps are unique).
 * - E is a pure directory, file or whiteout: it was that throughout, and so was the meaning of the upper
 * name.
 * - E is merged and the next component had no entry: the lowers were asked. An entry made meanwhile means a
 *   copy-up or a change that is concurrent with this lookup, which may be ordered before it. An entry that
 * was there before the lookup and is gone (a whiteout that went with its directory) means that E was removed
 * in between, as its directory has to go first: then W differs.
 * - The entries above E are merged directories. They cannot change while they have entries below.
 * A name whose change takes more than one step on disk is busy meanwhile; who meets it waits for the lock. */
#define _GNU_SOURCE
#include "internal.h"

#define TRIES  1000
#define ABSENT 6

/* Waits until who changes the name is done; he holds the lock of its directory, and nothing while waiting. */
static void wait_for(struct wr_layer *l, const char *full, size_t len)
{
	const char *slash = memrchr(full, '/', len);
	size_t dir_len = slash ? (size_t)(slash - full) : 0;

	wr_dir_lock(l, full, dir_len);
	wr_dir_unlock(l, full, dir_len);
}

/* Must not be called with a lock held that somebody could wait for who has made an entry on the way busy.
 * That is so for the callers with locks: they ask about a merged directory whose own and whose parent's locks
 * they have, and what is above it cannot be busy, as it is neither empty nor can it be renamed. */
void wr_place(struct wr_layer *l, const char *full, size_t len, struct wr_place *ret)
{
	size_t end = 0;

	ret->at = 0;
	ret->word = wr_index_get(l->index, "", 0);
	ret->check_dir = ret->word & WR_ATTR;
	ret->kind = WR_PLACE_UPPER;
	ret->leaf = len == 0;
	while (end < len) {
		const char *slash = memchr(full + end + !!end, '/', len - end - !!end);
		end = slash ? (size_t)(slash - full) : len;
		uint64_t w = wr_index_get(l->index, full, end);
		if (w & WR_BUSY) {
			wait_for(l, full, end);
			end = 0;
			ret->word = wr_index_get(l->index, "", 0);
			ret->at = 0;
			continue;
		}
		if (wr_state(w) == WR_NONE) {
			ret->kind = WR_PLACE_LOWER;
			return;
		}
		ret->word = w;
		ret->at = end;
		ret->leaf = end == len;
		if (wr_state(w) == WR_IS_MERGED) {
			if (!ret->leaf)
				ret->check_dir |= (w & WR_ATTR) != 0;
			continue;
		}
		if (wr_state(w) == WR_IS_WHITEOUT)
			ret->kind = WR_PLACE_WHITEOUT;
		return;
	}
}

bool wr_place_holds(struct wr_layer *l, const char *full, const struct wr_place *p)
{
	return ((wr_index_get(l->index, full, p->at) ^ p->word) & ~(uint64_t)WR_ATTR) == 0;
}

bool wr_layer_untouched(struct wr_layer *l, const char *rel, size_t len)
{
	struct wr_place p;

	while (len && rel[len - 1] == '/')
		len--;
	wr_place(l, rel, len, &p);
	return p.kind == WR_PLACE_LOWER && !p.check_dir && wr_place_holds(l, rel, &p);
}

bool wr_layer_owns(struct wr_layer *l, const char *rel)
{
	size_t len = strlen(rel);
	struct wr_place p;

	while (len && rel[len - 1] == '/')
		len--;
	wr_place(l, rel, len, &p);
	return p.kind == WR_PLACE_UPPER && (!p.leaf || wr_state(p.word) == WR_IS_PURE) &&
	       wr_place_holds(l, rel, &p);
}

/* ---- the lowers ---- */

struct walk {
	int dirs[WR_LAYER_MAX_LOWERS];
	unsigned which[WR_LAYER_MAX_LOWERS];
	unsigned n;
	bool roots; /* the fds are the layer's own */
	int obj;    /* what is not a directory */
	unsigned obj_lower;
};

static void walk_release(struct walk *w)
{
	for (unsigned i = 0; i < w->n && !w->roots; i++)
		close(w->dirs[i]);
	wr_cleanup_close(&w->obj);
}

/* name in every directory of w, which is replaced by what is found. */
static int walk_step(struct wr_layer *l, struct walk *w, const char *name)
{
	struct walk next = {.obj = -1};
	int r = 0;

	for (unsigned i = 0; i < w->n; i++) {
		struct stat st;
		bool marks = l->lowers[w->which[i]].marks;
		_cleanup_close_ int fd = openat(w->dirs[i], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &st) < 0) {
			r = -errno;
			break;
		}
		if (marks && wr_is_whiteout(w->dirs[i], name, &st))
			break;
		if (!S_ISDIR(st.st_mode)) {
			if (!next.n) {
				next.obj = wr_steal_fd(&fd);
				next.obj_lower = w->which[i];
			}
			break;
		}
		bool opaque = marks && wr_is_opaque(fd);
		next.which[next.n] = w->which[i];
		next.dirs[next.n++] = wr_steal_fd(&fd);
		if (opaque)
			break;
	}
	walk_release(w);
	*w = next;
	if (r == 0 && !w->n && w->obj < 0)
		r = -ENOENT;
	return r;
}

static int walk_lowers(struct wr_layer *l, const char *full, struct walk *w)
{
	char name[NAME_MAX + 1];

	*w = (struct walk){.obj = -1, .roots = true, .n = l->n_lowers};
	for (unsigned i = 0; i < w->n; i++) {
		w->dirs[i] = l->lowers[i].fd;
		w->which[i] = i;
	}
	while (*full) {
		size_t c = strcspn(full, "/");
		if (w->obj >= 0) {
			struct stat st;
			return fstat(w->obj, &st) == 0 && S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
		}
		if (c > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, full, c);
		name[c] = '\0';
		int r = walk_step(l, w, name);
		if (r < 0)
			return r;
		full += c + (full[c] == '/');
	}
	return 0;
}

int wr_lower_lookup(struct wr_layer *l, const char *full, uint64_t flags, unsigned *ret_lower)
{
	struct walk w;
	struct stat st;

	if (l->n_lowers == 1) {
		if (ret_lower)
			*ret_lower = 0;
		return wr_open_below(l->lowers[0].fd, full,
				     O_PATH | ((flags & O_DIRECTORY) ? O_DIRECTORY : O_NOFOLLOW), 0);
	}
	int r = walk_lowers(l, full, &w);
	if (r == 0) {
		if (ret_lower)
			*ret_lower = w.obj >= 0 ? w.obj_lower : w.which[0];
		if (w.obj < 0)
			/* not opened again: it need not be one that may be searched */
			r = (int)wr_ret(fcntl(w.dirs[0], F_DUPFD_CLOEXEC, 0));
		else if ((flags & O_DIRECTORY))
			r = fstat(w.obj, &st) == 0 && S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
		else
			r = wr_steal_fd(&w.obj);
	}
	walk_release(&w);
	return r;
}

int wr_lower_dirs(struct wr_layer *l, const char *full, int fds[static WR_LAYER_MAX_LOWERS])
{
	struct walk w;

	if (l->n_lowers == 1) {
		fds[0] = wr_open_below(l->lowers[0].fd, full, O_PATH | O_DIRECTORY, 0);
		return fds[0] < 0 ? fds[0] : 1;
	}
	int r = walk_lowers(l, full, &w);
	if (r == 0 && w.obj >= 0)
		r = -ENOTDIR;
	for (unsigned i = 0; r >= 0 && i < w.n; i++) {
		fds[i] = w.roots ? fcntl(w.dirs[i], F_DUPFD_CLOEXEC, 0) : w.dirs[i];
		if (fds[i] < 0) {
			r = -errno;
			while (i--)
				close(fds[i]);
			break;
		}
		r++;
	}
	if (r > 0)
		w.n = 0;
	walk_release(&w);
	return r;
}

bool wr_lower_exists(struct wr_layer *l, const char *full)
{
	_cleanup_close_ int fd = wr_lower_lookup(l, full, 0, NULL);

	/* what cannot be looked at may be there: a whiteout too many does no harm */
	return fd >= 0 || (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP);
}

/* ---- both ---- */

/* The lower object is reached by its own directories; those of the upper layer may forbid it. */
static int search_permission(struct wr_layer *l, const char *full, size_t at)
{
	char dir[PATH_MAX];

	memcpy(dir, full, at);
	dir[at] = '\0';
	_cleanup_close_ int fd = wr_open_below(l->upper, dir, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	return (int)wr_ret(syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS));
}

static int open_lower(struct wr_layer *l, const char *rel, size_t len, const struct wr_place *p,
		      uint64_t flags, struct wr_found *f)
{
	char full[PATH_MAX], proc[32];
	int r = p->check_dir ? search_permission(l, rel, p->at) : 0;

	if (r < 0)
		return r;
	f->lower = 0;
	f->where = WR_LOWER;
	if (l->n_lowers == 1)
		return wr_open_below(l->lowers[0].fd, rel, flags, 0);
	memcpy(full, rel, len);
	full[len] = '\0';
	_cleanup_close_ int fd =
		wr_lower_lookup(l, full, rel[len] ? O_DIRECTORY : flags & O_DIRECTORY, &f->lower);
	if (fd < 0)
		return fd;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		int dirs[WR_LAYER_MAX_LOWERS], n = wr_lower_dirs(l, full, dirs);
		for (int i = 0; i < n; i++)
			close(dirs[i]);
		f->merged = n > 1;
	}
	if (flags & O_PATH)
		return wr_steal_fd(&fd);
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	struct open_how how = {.flags = (flags & ~(uint64_t)O_NOFOLLOW) | O_CLOEXEC};
	return wr_openat2(AT_FDCWD, wr_cow_proc(fd, proc), &how);
}

static int open_placed(struct wr_layer *l, const char *rel, size_t len, const struct wr_place *p,
		       uint64_t flags, struct wr_found *f)
{
	f->merged = false;
	f->where = WR_ABSENT;
	switch (p->kind) {
	case WR_PLACE_WHITEOUT:
		return -ENOENT;
	case WR_PLACE_LOWER:
		return open_lower(l, rel, len, p, flags, f);
	default:
		f->where = WR_UPPER;
		f->merged = p->leaf && wr_state(p->word) == WR_IS_MERGED;
		return wr_open_below(l->upper, rel, flags, 0);
	}
}

/* flags: nothing that makes or changes a file of a lower layer. */
static int open_existing(struct wr_layer *l, const char *rel, uint64_t flags, bool upper_only,
			 struct wr_found *ret)
{
	size_t len = strlen(rel);
	struct wr_place p;
	struct wr_found f = WR_FOUND_INIT;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (len && rel[len - 1] == '/')
		len--;
	for (int i = 0; i < TRIES; i++) {
		wr_place(l, rel, len, &p);
		if (upper_only && p.kind == WR_PLACE_LOWER)
			return -ESTALE;
		int fd = open_placed(l, rel, len, &p, flags, &f);
		/* A whiteout that came and went meanwhile, of which the place tells nothing; a FIFO without a
		 * reader and a socket say it again. */
		if (fd == -ENXIO && i < ABSENT)
			continue;
		if (wr_place_holds(l, rel, &p)) {
			f.fd = fd < 0 ? -1 : fd;
			*ret = f;
			return fd < 0 ? fd : 0;
		}
		if (fd >= 0)
			close(fd);
		if (i > 16)
			wait_for(l, rel, p.at);
	}
	return -EBUSY; /* somebody changes this name without a pause */
}

int wr_layer_lookup(struct wr_layer *l, const char *rel, unsigned flags, struct wr_found *ret)
{
	/* where a directory is wanted a symlink is one on the way: ELOOP, which with O_NOFOLLOW were ENOTDIR
	 */
	if (!(flags & O_DIRECTORY))
		flags = O_NOFOLLOW;
	return open_existing(l, rel, O_PATH | (flags & (O_DIRECTORY | O_NOFOLLOW)), false, ret);
}

int wr_open_visible(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret)
{
	return open_existing(l, rel, flags & ~(uint64_t)(O_CREAT | O_EXCL | O_TRUNC), false, ret);
}

int wr_open_upper(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret)
{
	return open_existing(l, rel, flags & ~(uint64_t)(O_CREAT | O_EXCL), true, ret);
}

int wr_layer_find_link(struct wr_layer *l, const char *rel, struct wr_link *ret)
{
	char part[PATH_MAX];
	size_t len = strlen(rel), end = 0, start = 0;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (start < len) {
		while (start < len && rel[start] == '/')
			start++;
		end = start + strcspn(rel + start, "/");
		if (end == start)
			return 0;
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		memcpy(part, rel, end);
		part[end] = '\0';
		int r = wr_layer_lookup(l, part, 0, &f);
		if (r < 0)
			return r == -ELOOP ? 0 : r; /* a link a moment ago: look again */
		ssize_t n = readlinkat(f.fd, "", ret->text, sizeof(ret->text) - 1);
		if (n >= 0) {
			ret->text[n] = '\0';
			ret->start = start;
			ret->end = end;
			ret->where = f.where;
			return 1;
		}
		if (errno != ENOENT && errno != EINVAL)
			return -errno;
		start = end;
	}
	return 0;
}
