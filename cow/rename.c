/* SPDX-License-Identifier: Apache-2.0 */
/* rename. Files of lower layers are copied up first; a directory with a lower part is -EXDEV, as its names
 * are where they are. What moves is then in the upper layer, and one renameat2 moves it; a whiteout stays
 * behind where a lower layer has the old name. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>

#define TRIES 100

struct end {
	struct wr_path p;
	struct wr_found f;
	struct stat st;
	bool there;
	struct wr_updir dir;
	uint64_t word; /* in the index; 0 also below a pure directory */
	bool lower;    /* a lower layer has the name, which must be hidden when the upper has it no more */
};

struct move {
	struct wr_layer *l;
	unsigned flags;
	struct end from, to;
};

static void end_release(struct end *e)
{
	wr_found_release(&e->f);
	wr_updir_release(&e->dir);
}

/* For any directory: what the kernel says when it comes to look at the name. */
static bool too_long(const struct end *e)
{
	return strlen(e->p.name) > NAME_MAX;
}

static int look(struct wr_layer *l, struct end *e)
{
	int r = wr_layer_lookup(l, e->p.full, 0, &e->f);

	if (r == -ENOENT || (r == -ENAMETOOLONG && too_long(e))) {
		e->there = false;
		return 0;
	}
	if (r < 0)
		return r;
	e->there = true;
	return fstat(e->f.fd, &e->st) < 0 ? -errno : 0;
}

/* What is wrong with the way to a name that is not there. */
static int way_to(struct wr_layer *l, const struct end *e)
{
	char dir[PATH_MAX];
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	return e->there ? 0 : wr_layer_lookup(l, wr_path_dir(&e->p, dir), O_DIRECTORY, &f);
}

static bool is_dir(const struct end *e)
{
	return e->there && S_ISDIR(e->st.st_mode);
}

static bool below(const struct wr_path *p, const struct wr_path *dir)
{
	return p->len > dir->len && p->full[dir->len] == '/' && !memcmp(p->full, dir->full, dir->len);
}

/* The kernel's checks, in its order. 1: nothing is to be done. */
static int check(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	bool exchange = m->flags & RENAME_EXCHANGE;

	if (!a->there)
		return too_long(a) ? -ENAMETOOLONG : -ENOENT;
	if (too_long(b))
		return -ENAMETOOLONG;
	if (exchange && !b->there)
		return -ENOENT;
	if (b->there && (m->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (exchange && b->p.slash && !is_dir(b))
		return -ENOTDIR;
	if (!is_dir(a) && (a->p.slash || (!exchange && b->p.slash)))
		return -ENOTDIR;
	if (is_dir(a) && below(&b->p, &a->p))
		return -EINVAL;
	if (below(&a->p, &b->p))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (!b->there)
		return 0;
	if (a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino)
		return 1; /* two names of one file: both stay */
	if (!exchange && is_dir(a) != is_dir(b))
		return is_dir(a) ? -ENOTDIR : -EISDIR;
	return 0;
}

static bool has_lower_part(const struct end *e)
{
	return is_dir(e) && (e->f.merged || e->f.where == WR_LOWER);
}

/* What moves must be in the upper layer, and both directories. */
static int bring_up(struct move *m)
{
	struct wr_layer *l = m->l;
	struct end *a = &m->from, *b = &m->to;
	bool exchange = m->flags & RENAME_EXCHANGE;
	int r = wr_up_dir(l, a->p.full, a->p.dir_len, true, &a->dir);

	if (r == 0)
		r = wr_up_dir(l, b->p.full, b->p.dir_len, true, &b->dir);
	if (r == 0)
		r = wr_sticky(l, &a->p, a->dir.fd, &a->st);
	if (r == 0 && b->there)
		r = wr_sticky(l, &b->p, b->dir.fd, &b->st);
	if (r == 0 && (m->flags & RENAME_WHITEOUT))
		r = -EINVAL;
	if (r == 0 && (has_lower_part(a) || (exchange && has_lower_part(b))))
		r = -EXDEV;
	if (r == 0 && a->f.where == WR_LOWER) {
		wr_found_release(&a->f);
		r = wr_layer_copy_up(l, a->p.full, WR_UP_ALWAYS, &a->f);
	}
	if (r == 0 && exchange && b->f.where == WR_LOWER) {
		wr_found_release(&b->f);
		r = wr_layer_copy_up(l, b->p.full, WR_UP_ALWAYS, &b->f);
	}
	return r;
}

/* With the locks: is it still as it was looked at? */
static int recheck(struct wr_layer *l, struct end *e, bool moves)
{
	e->word = 0;
	e->lower = false;
	if (!e->dir.merged)
		return 0;
	uint64_t now = wr_index_get(l->index, e->p.full, e->p.dir_len);
	if ((now ^ e->dir.word) & ~(uint64_t)WR_ATTR)
		return -ESTALE;
	e->word = wr_index_get(l->index, e->p.full, e->p.len);
	e->lower = wr_lower_exists(l, e->p.full);
	switch (wr_state(e->word)) {
	case WR_NONE:
		return !moves && e->there == e->lower ? 0 : -ESTALE;
	case WR_IS_WHITEOUT:
		return e->there ? -ESTALE : 0;
	case WR_IS_FILE:
		return e->there && !is_dir(e) ? 0 : -ESTALE;
	case WR_IS_PURE:
		return is_dir(e) ? 0 : -ESTALE;
	default:
		return is_dir(e) && !moves ? 0 : -ESTALE;
	}
}

/* A directory that comes to where a lower layer has the name must not be merged with it. */
static int close_off(struct wr_layer *l, const struct end *e, const struct end *to)
{
	if (!is_dir(e) || !to->dir.merged)
		return 0;
	int r = wr_opaque_set(l, e->f.fd);
	if (!to->lower)
		return 0; /* a precaution */
	return r == -EOPNOTSUPP ? -EXDEV : r;
}

static unsigned state_of(const struct end *e)
{
	return is_dir(e) ? WR_IS_PURE : WR_IS_FILE;
}

static void settle(struct wr_layer *l, struct end *e, unsigned state)
{
	if (!e->dir.merged)
		return;
	wr_index_set(l->index, e->p.full, e->p.len, state);
	wr_index_changed(l->index, e->p.full, e->p.dir_len);
}

/* Who holds the lower object may want to know where its copy is. */
static void note(struct wr_layer *l, const struct end *e, const struct end *to)
{
	if (wr_state(e->word) == WR_IS_FILE && (e->word & WR_COPY))
		wr_held_note(l, e->p.full, e->f.fd, to->p.full);
}

static void undo_busy(struct wr_layer *l, struct end *e)
{
	if (e->word)
		wr_index_set(l->index, e->p.full, e->p.len, (unsigned)(e->word & (WR_STATE_MASK | WR_ATTR)));
}

static int exchange(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	int r = close_off(m->l, a, b);

	if (r == 0)
		r = close_off(m->l, b, a);
	if (r < 0)
		return r;
	wr_index_busy(m->l->index, a->p.full, a->p.len);
	wr_index_busy(m->l->index, b->p.full, b->p.len);
	r = wr_cow_rename(a->dir.fd, a->p.name, b->dir.fd, b->p.name, RENAME_EXCHANGE);
	if (r < 0) {
		undo_busy(m->l, a);
		undo_busy(m->l, b);
		return r;
	}
	wr_held_renamed(m->l, a->p.full, b->p.full, true);
	note(m->l, a, b);
	note(m->l, b, a);
	settle(m->l, a, state_of(b));
	settle(m->l, b, state_of(a));
	return 0;
}

/* The old name has something that must go: a directory full of whiteouts, or a whiteout. */
static void clear_old(struct move *m, bool dir)
{
	struct wr_layer *l = m->l;
	struct end *a = &m->from;
	char tmp[32];

	if (!dir) {
		if (!a->lower)
			unlinkat(a->dir.fd, a->p.name, 0);
		return;
	}
	wr_work_name(l, tmp);
	if (a->lower && wr_whiteout_make(l, tmp) == 0)
		wr_cow_rename(l->work, tmp, a->dir.fd, a->p.name, RENAME_EXCHANGE);
	else
		wr_cow_rename(a->dir.fd, a->p.name, l->work, tmp, 0);
	wr_purge(l->work, tmp);
}

static int move_simply(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	struct wr_layer *l = m->l;
	int r = -EINVAL;

	if (a->lower && l->devices)
		r = wr_cow_rename(a->dir.fd, a->p.name, b->dir.fd, b->p.name, RENAME_WHITEOUT);
	if (r == -EINVAL) { /* not asked for, or the file system cannot: in two steps */
		r = wr_cow_rename(a->dir.fd, a->p.name, b->dir.fd, b->p.name, 0);
		if (r == 0 && a->lower)
			r = wr_whiteout_put(l, a->dir.fd, a->p.name);
	}
	return r;
}

static int replace(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	struct wr_layer *l = m->l;
	enum wr_state target = wr_state(b->word);
	bool swap = is_dir(a) && (target == WR_IS_WHITEOUT || target == WR_IS_MERGED);
	struct stat st;
	int r = close_off(l, a, b);

	if (r == 0 && target == WR_NONE && b->lower) {
		_cleanup_close_ int fd = wr_lower_lookup(l, b->p.full, 0, NULL);
		if (fd < 0 || fstat(fd, &st) < 0)
			return -ESTALE;
		r = wr_base_note(l, b->p.full, b->p.len, &st);
	}
	if (r < 0)
		return r;
	wr_index_busy(l->index, a->p.full, a->p.len);
	wr_index_busy(l->index, b->p.full, b->p.len);
	if (swap)
		r = wr_cow_rename(a->dir.fd, a->p.name, b->dir.fd, b->p.name, RENAME_EXCHANGE);
	else
		r = move_simply(m);
	if (r < 0) {
		undo_busy(l, a);
		undo_busy(l, b);
		return r;
	}
	if (swap) {
		if (target == WR_IS_MERGED)
			wr_forget_children(l, b->p.full, a->dir.fd, a->p.name);
		clear_old(m, target == WR_IS_MERGED);
	}
	wr_held_renamed(l, a->p.full, b->p.full, false);
	note(l, a, b);
	settle(l, a, a->lower ? WR_IS_WHITEOUT : WR_NONE);
	settle(l, b, state_of(a));
	return 0;
}

static int with_locks(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	bool exch = m->flags & RENAME_EXCHANGE;
	int r = recheck(m->l, a, true);

	if (r == 0)
		r = recheck(m->l, b, exch);
	/* a directory of which some part is in a lower layer may be replaced when nothing is visible in it */
	if (r == 0 && !exch && is_dir(b) && b->dir.merged && wr_state(b->word) != WR_IS_PURE)
		r = wr_dir_empty(m->l, b->p.full);
	if (r < 0)
		return r;
	return exch ? exchange(m) : replace(m);
}

static int rename_once(struct move *m)
{
	struct end *a = &m->from, *b = &m->to;
	struct wr_lockset locks = {0};
	int r = look(m->l, a);

	/* the kernel walks both ways first, then it looks at the names */
	if (r == 0)
		r = way_to(m->l, a);
	if (r == 0)
		r = look(m->l, b);
	if (r == 0) {
		r = check(m);
		int way = r < 0 ? way_to(m->l, b) : 0;
		r = way < 0 ? way : r;
	}
	if (r == 1)
		return 0;
	if (r == 0)
		r = bring_up(m);
	if (r < 0)
		return r;
	if (!a->dir.merged && !b->dir.merged) {
		r = wr_cow_rename(a->dir.fd, a->p.name, b->dir.fd, b->p.name, m->flags);
		if (r == 0)
			wr_held_renamed(m->l, a->p.full, b->p.full, m->flags & RENAME_EXCHANGE);
		return r;
	}
	if (a->dir.merged)
		wr_lockset_add(&locks, a->p.full, a->p.dir_len);
	if (b->dir.merged) {
		wr_lockset_add(&locks, b->p.full, b->p.dir_len);
		wr_lockset_add(&locks, b->p.full, b->p.len);
	}
	wr_lockset_lock(m->l, &locks);
	r = with_locks(m);
	wr_lockset_unlock(m->l, &locks);
	if (r == 0 && b->there && !(m->flags & RENAME_EXCHANGE) && b->f.where == WR_UPPER &&
	    (is_dir(b) || b->st.st_nlink == 1))
		wr_quota_give(m->l, S_ISREG(b->st.st_mode) ? (uint64_t)b->st.st_blocks * 512 : 0, 1);
	return r;
}

int wr_layer_rename(struct wr_layer *l, const char *from, const char *to, unsigned flags)
{
	struct move m = {.l = l, .flags = flags};
	int r;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT))))
		return -EINVAL;
	r = wr_path_parse(from, &m.from.p);
	if (r == 0)
		r = wr_path_parse(to, &m.to.p);
	if (r < 0)
		return !*from || !*to ? -EBUSY : r;
	for (int i = 0; i < TRIES; i++) {
		m.from.f.fd = m.to.f.fd = m.from.dir.fd = m.to.dir.fd = -1;
		r = rename_once(&m);
		end_release(&m.from);
		end_release(&m.to);
		if (r != -ESTALE)
			return r;
	}
	return -EBUSY;
}
