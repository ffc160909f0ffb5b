/* SPDX-License-Identifier: Apache-2.0 */
/* New names. In a directory of the upper layer alone the kernel makes them, and that is all. In a merged one
 * the directory is locked, and a whiteout of the name is replaced in one step. */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define TRIES 100

struct making {
	enum { FILE_, DIR_, NODE, SYMLINK, LINK } type;
	uint64_t flags; /* FILE_ */
	mode_t mode;
	dev_t dev;
	const char *text; /* SYMLINK */
	int from;	  /* LINK */
	int fd;		  /* FILE_: out */
};

struct slot {
	struct wr_layer *l;
	const struct wr_path *p;
	struct wr_updir dir;
	bool locked; /* merged */
	bool over;   /* there is a whiteout */
};

static int make_at(struct making *m, int dirfd, const char *name)
{
	char path[32];
	int r = 0;

	switch (m->type) {
	case FILE_: {
		struct open_how how = {
			.flags = m->flags | O_CREAT | O_EXCL | O_CLOEXEC, .mode = m->mode, .resolve = BELOW};
		m->fd = wr_openat2(dirfd, name, &how);
		return m->fd < 0 ? m->fd : 0;
	}
	case DIR_:
		r = mkdirat(dirfd, name, m->mode);
		break;
	case NODE:
		r = mknodat(dirfd, name, m->mode, m->dev);
		break;
	case SYMLINK:
		r = symlinkat(m->text, dirfd, name);
		break;
	case LINK:
		r = linkat(AT_FDCWD, wr_cow_proc(m->from, path), dirfd, name, AT_SYMLINK_FOLLOW);
		break;
	}
	return r < 0 ? -errno : 0;
}

/* Takes the directory's lock if it is merged. -EEXIST if the name is visible. */
static int slot_begin(struct wr_layer *l, const struct wr_path *p, struct slot *s)
{
	*s = (struct slot){.l = l, .p = p, .dir = {.fd = -1}};
	for (int i = 0; i < TRIES; i++) {
		int r = wr_up_dir(l, p->full, p->dir_len, true, &s->dir);
		if (r < 0 || !s->dir.merged)
			return r;
		wr_dir_lock(l, p->full, p->dir_len);
		uint64_t now = wr_index_get(l->index, p->full, p->dir_len);
		if (((now ^ s->dir.word) & ~(uint64_t)WR_ATTR) == 0) {
			uint64_t w = wr_index_get(l->index, p->full, p->len);
			s->locked = true;
			s->over = wr_state(w) == WR_IS_WHITEOUT;
			if (s->over || (!w && !wr_lower_exists(l, p->full)))
				return 0;
			return -EEXIST;
		}
		wr_dir_unlock(l, p->full, p->dir_len);
		wr_updir_release(&s->dir);
	}
	return -EBUSY;
}

static void slot_end(struct slot *s)
{
	if (s->locked)
		wr_dir_unlock(s->l, s->p->full, s->p->dir_len);
	wr_updir_release(&s->dir);
}

/* A new object takes the group and the default ACL of its directory; made in work/ it would not. */
static bool inherits(const struct slot *s, const struct making *m)
{
	char path[32];
	struct stat st;

	if (m->type == SYMLINK || m->type == LINK)
		return false;
	if (fstat(s->dir.fd, &st) < 0 || (st.st_mode & S_ISGID))
		return true;
	return getxattr(wr_cow_proc(s->dir.fd, path), "system.posix_acl_default", NULL, 0) > 0;
}

/* Where no xattr can say that a directory is opaque, each lower name in it gets a whiteout. */
static int hide_lower_names(struct slot *s, int fd)
{
	struct wr_layer *l = s->l;
	int dirs[WR_LAYER_MAX_LOWERS], n = wr_lower_dirs(l, s->p->full, dirs), r = 0;
	char path[PATH_MAX];

	for (int i = 0; i < n; i++) {
		int d = r == 0 ? openat(dirs[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		_cleanup_closedir_ DIR *dir = d >= 0 ? fdopendir(d) : NULL;
		struct dirent *e;
		if (r == 0 && !dir)
			r = -errno;
		while (r == 0 && (e = readdir(dir))) {
			if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
				continue;
			int len = snprintf(path, sizeof(path), "%s/%s", s->p->full, e->d_name);
			if (len >= (int)sizeof(path))
				continue; /* cannot be named anyway */
			r = wr_whiteout_put(l, fd, e->d_name);
			if (r == -EEXIST)
				r = 0;
			if (r == 0)
				r = wr_index_set(l->index, path, (size_t)len, WR_IS_WHITEOUT);
		}
		close(dirs[i]);
	}
	return r;
}

/* Marks the new directory, of which a lower one may be in the way. Returns its state in the index. */
static int close_off(struct slot *s, int dirfd, const char *name)
{
	char path[32];
	struct stat st;
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (s->l->xattrs) {
		int r = wr_opaque_set(s->l, fd);
		return r < 0 ? r : WR_IS_PURE;
	}
	if (fstat(fd, &st) < 0)
		return -errno;
	_cleanup_close_ int lower = wr_lower_lookup(s->l, s->p->full, O_DIRECTORY, NULL);
	if (lower < 0)
		return WR_IS_PURE;
	wr_cow_proc(fd, path);
	if (chmod(path, 0700) < 0)
		return -errno;
	int r = hide_lower_names(s, fd);
	if (chmod(path, st.st_mode & 07777) < 0 && r == 0)
		r = -errno;
	return r < 0 ? r : WR_IS_MERGED;
}

/* In work/, then in exchange for the whiteout. */
static int make_aside(struct slot *s, struct making *m)
{
	struct wr_layer *l = s->l;
	char tmp[32];
	int state = WR_IS_FILE, r = make_at(m, l->work, wr_work_name(l, tmp));

	if (r < 0)
		return r;
	if (m->type == DIR_)
		state = r = close_off(s, l->work, tmp);
	if (r >= 0)
		r = wr_cow_rename(l->work, tmp, s->dir.fd, s->p->name, m->type == DIR_ ? RENAME_EXCHANGE : 0);
	if (r < 0 && m->type == FILE_)
		wr_cleanup_close(&m->fd);
	if (m->type == DIR_)
		wr_purge(l->work, tmp); /* the whiteout, or the directory when it failed */
	else if (r < 0)
		unlinkat(l->work, tmp, 0);
	return r < 0 ? r : state;
}

/* In its directory; a supervisor that dies between removing the whiteout and making the object leaves what
 * was deleted before. */
static int make_in_place(struct slot *s, struct making *m)
{
	const char *name = s->p->name;
	int r, state = m->type == DIR_ ? WR_IS_PURE : WR_IS_FILE;

	if (s->over && unlinkat(s->dir.fd, name, 0) < 0)
		return -errno;
	r = make_at(m, s->dir.fd, name);
	if (r == 0 && m->type == DIR_) {
		int marked = close_off(s, s->dir.fd, name);
		if (marked < 0 && s->over) {
			unlinkat(s->dir.fd, name, AT_REMOVEDIR);
			r = marked;
		} else if (marked >= 0) {
			state = marked; /* without a lower one the mark is only a precaution */
		}
	}
	if (r < 0 && s->over)
		wr_whiteout_put(s->l, s->dir.fd, name);
	return r < 0 ? r : state;
}

static int make_merged(struct slot *s, struct making *m)
{
	struct wr_index *ix = s->l->index;
	const struct wr_path *p = s->p;
	int r;

	if (s->over) {
		r = inherits(s, m) ? make_in_place(s, m) : make_aside(s, m);
		if (r >= 0)
			wr_index_set(ix, p->full, p->len, (unsigned)r);
	} else {
		/* The entry first, as only it can fail for want of memory: who looks now finds no name yet.
		 */
		r = wr_index_set(ix, p->full, p->len, m->type == DIR_ ? WR_IS_PURE : WR_IS_FILE);
		if (r == 0)
			r = make_in_place(s, m);
		if (r < 0)
			wr_index_set(ix, p->full, p->len, WR_NONE);
	}
	if (r >= 0)
		wr_index_changed(ix, p->full, p->dir_len);
	return r < 0 ? r : 0;
}

static int make(struct wr_layer *l, const struct wr_path *p, struct making *m)
{
	struct slot s;
	int r = wr_quota_take(l, 0, 1);

	if (r < 0)
		return r;
	r = slot_begin(l, p, &s);
	if (r == 0)
		r = s.locked ? make_merged(&s, m) : make_at(m, s.dir.fd, p->name);
	slot_end(&s);
	if (r < 0)
		wr_quota_give(l, 0, 1);
	return r;
}

/* EEXIST before the rights, as the kernel has it; "x/" for anything but a directory is ENOENT. */
static int make_named(struct wr_layer *l, const char *rel, struct making *m)
{
	struct wr_path p;
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	if (!*rel)
		return -EEXIST;
	int r = wr_path_parse(rel, &p);
	if (r < 0)
		return r;
	r = wr_layer_lookup(l, p.full, 0, &f);
	if (r == 0)
		return -EEXIST;
	if (r != -ENOENT)
		return r;
	if (p.slash && m->type != DIR_)
		return -ENOENT;
	return make(l, &p, m);
}

int wr_layer_mkdir(struct wr_layer *l, const char *rel, mode_t mode)
{
	return make_named(l, rel, &(struct making){.type = DIR_, .mode = mode & 07777});
}

int wr_layer_mknod(struct wr_layer *l, const char *rel, mode_t mode, dev_t dev)
{
	if (S_ISCHR(mode) && dev == makedev(0, 0))
		return -EPERM; /* it would be a whiteout */
	return make_named(l, rel, &(struct making){.type = NODE, .mode = mode, .dev = dev});
}

int wr_layer_symlink(struct wr_layer *l, const char *text, const char *rel)
{
	return make_named(l, rel, &(struct making){.type = SYMLINK, .text = text});
}

int wr_layer_link_fd(struct wr_layer *l, int fd, const char *to)
{
	return make_named(l, to, &(struct making){.type = LINK, .from = fd});
}

/* What the kernel says of the new name before it looks at the old one's type: 0 if it can be made. */
static int new_name(struct wr_layer *l, const char *to)
{
	struct wr_path p;
	char dir[PATH_MAX];
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	int r = wr_path_parse(to, &p);

	if (r < 0)
		return *to ? r : -EEXIST;
	r = wr_layer_lookup(l, p.full, 0, &f);
	if (r == 0)
		return -EEXIST;
	if (r != -ENOENT)
		return r;
	r = wr_layer_lookup(l, wr_path_dir(&p, dir), O_DIRECTORY, &f);
	return r < 0 ? r : p.slash ? -ENOENT : 0;
}

/* The name of the copy may go, and the link stay. */
static void note_link(struct wr_layer *l, const char *from, int fd, const char *to)
{
	struct wr_path a, b;

	if (wr_path_parse(from, &a) == 0 && wr_path_parse(to, &b) == 0 &&
	    (wr_index_get(l->index, a.full, a.len) & (WR_STATE_MASK | WR_COPY)) == (WR_IS_FILE | WR_COPY))
		wr_held_note(l, a.full, fd, b.full);
}

int wr_layer_link(struct wr_layer *l, const char *from, const char *to)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	struct stat st;
	int r = wr_layer_lookup(l, from, 0, &f);

	if (r == 0)
		r = new_name(l, to);
	if (r < 0)
		return r;
	if (fstat(f.fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EPERM;
	wr_found_release(&f);
	r = wr_layer_copy_up(l, from, WR_UP_ALWAYS, &f);
	if (r == 0)
		r = wr_layer_link_fd(l, f.fd, to);
	if (r == 0)
		note_link(l, from, f.fd, to);
	return r;
}

/* ---- open ---- */

static int open_tmpfile(struct wr_layer *l, const char *rel, const struct open_how *how, struct wr_found *ret)
{
	struct wr_updir dir = {.fd = -1};
	size_t len = strlen(rel);

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (len && rel[len - 1] == '/')
		len--;
	int r = wr_quota_check(l);
	if (r == 0)
		r = wr_up_dir(l, rel, len, true, &dir);
	if (r < 0)
		return r;
	int fd = wr_open_below(dir.fd, "", how->flags, how->mode);
	wr_updir_release(&dir);
	if (fd < 0)
		return fd;
	*ret = (struct wr_found){.fd = fd, .where = WR_UPPER};
	return 0;
}

static int create_file(struct wr_layer *l, const char *rel, const struct open_how *how, struct wr_found *ret,
		       bool *ret_created)
{
	struct wr_path p;
	struct making m = {.type = FILE_, .flags = how->flags, .mode = how->mode, .fd = -1};
	int r = wr_path_parse(rel, &p);

	if (r < 0)
		return r;
	r = make(l, &p, &m);
	if (r < 0)
		return r;
	*ret = (struct wr_found){.fd = m.fd, .where = WR_UPPER};
	if (ret_created)
		*ret_created = true;
	return 0;
}

/* For writing, and what is visible is not in the upper layer. -ESTALE: look again. */
static int open_lower_to_write(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret)
{
	struct stat st;
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	_cleanup_found_ struct wr_found up = WR_FOUND_INIT;
	int r = wr_layer_lookup(l, rel, 0, &f);

	if (r < 0)
		return r;
	if (f.where != WR_LOWER)
		return -ESTALE;
	if (fstat(f.fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return wr_open_visible(l, rel, flags, ret);
	if ((flags & O_ACCMODE) == O_RDWR) { /* as of the copy nobody would ask any more */
		r = (int)wr_ret(syscall(SYS_faccessat2, f.fd, "", R_OK, AT_EMPTY_PATH | AT_EACCESS));
		if (r < 0)
			return r;
	}
	if (S_ISSOCK(st.st_mode)) { /* nothing in a lower layer is opened to be written to */
		r = wr_up_rights(f.fd, &st, WR_UP_WRITE);
		return r < 0 ? r : -ENXIO;
	}
	r = wr_layer_copy_up(l, rel, (flags & O_TRUNC) ? WR_UP_TRUNC : WR_UP_WRITE, &up);
	return r < 0 ? r : -ESTALE;
}

static int open_once(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *ret)
{
	struct stat st;
	int r;

	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_TRUNC)) {
		r = wr_open_visible(l, rel, flags, ret);
	} else {
		r = wr_open_upper(l, rel, flags, ret);
		if (r == -ESTALE)
			r = open_lower_to_write(l, rel, flags, ret);
	}
	if (r == 0 && (flags & O_CREAT) && (fstat(ret->fd, &st) < 0 || S_ISDIR(st.st_mode))) {
		wr_found_release(ret);
		r = -EISDIR;
	}
	return r;
}

int wr_layer_open_file(struct wr_layer *l, const char *rel, const struct open_how *how, struct wr_found *ret,
		       bool *ret_created)
{
	uint64_t flags = how->flags;

	if (ret_created)
		*ret_created = false;
	if (flags & O_PATH)
		return wr_open_visible(l, rel, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), ret);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_tmpfile(l, rel, how, ret);
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL; /* since Linux 6.4 */
	if ((flags & O_CREAT) && *rel && rel[strlen(rel) - 1] == '/') {
		/* the kernel looks no further than the directory */
		struct wr_path p;
		char dir[PATH_MAX];
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		int r = wr_path_parse(rel, &p);
		r = r < 0 ? r : wr_layer_lookup(l, wr_path_dir(&p, dir), O_DIRECTORY, &f);
		return r < 0 ? r : -EISDIR;
	}
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	/* what is truncated makes room */
	int full = write ? wr_quota_check(l) : 0;
	for (int i = 0; i < TRIES; i++) {
		int r = -ENOENT;
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
			_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
			r = wr_layer_lookup(l, rel, 0, &f);
			r = r == 0 ? -EEXIST : r;
		} else {
			r = open_once(l, rel, flags, ret);
			if (r == 0 && full < 0 && ret->where == WR_UPPER && !(flags & O_TRUNC)) {
				wr_found_release(ret);
				return full;
			}
		}
		if (r == -ENOENT && (flags & O_CREAT)) {
			r = full < 0 ? full : create_file(l, rel, how, ret, ret_created);
			if (r == -EEXIST && !(flags & O_EXCL))
				continue;
		}
		if (r == 0 && write && ret->where == WR_UPPER)
			wr_quota_watch(l, ret->fd);
		if (r != -ESTALE)
			return r;
	}
	return -EBUSY;
}

/* ---- names made by a guest's own call ---- */

int wr_layer_prepare(struct wr_layer *l, const char *rel, int *ret)
{
	struct wr_path p;
	struct slot s;
	int r = wr_path_parse(rel, &p);

	if (r == 0)
		r = wr_quota_take(l, 0, 1);
	if (r < 0)
		return r;
	r = slot_begin(l, &p, &s);
	if (r == 0 && s.locked && s.over && unlinkat(s.dir.fd, p.name, 0) < 0)
		r = -errno;
	/* Readers find the name absent in the upper layer until it is made. */
	if (r == 0 && s.locked)
		r = wr_index_set(l->index, p.full, p.len, WR_IS_FILE);
	if (r == 0)
		*ret = wr_steal_fd(&s.dir.fd);
	slot_end(&s);
	if (r < 0)
		wr_quota_give(l, 0, 1);
	return r;
}

int wr_layer_settle(struct wr_layer *l, const char *rel)
{
	struct wr_path p;
	struct stat st;
	struct wr_updir dir = {.fd = -1};
	int r = wr_path_parse(rel, &p);

	if (r < 0)
		return r;
	r = wr_up_dir(l, p.full, p.dir_len, false, &dir);
	if (r < 0)
		return r;
	if (dir.merged) {
		wr_dir_lock(l, p.full, p.dir_len);
		uint64_t w = wr_index_get(l->index, p.full, p.len);
		bool there = fstatat(dir.fd, p.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		if (wr_state(w) == WR_IS_FILE && !there) {
			unsigned state = WR_NONE;
			if (wr_lower_exists(l, p.full) && wr_whiteout_put(l, dir.fd, p.name) == 0)
				state = WR_IS_WHITEOUT;
			wr_index_set(l->index, p.full, p.len, state);
			wr_quota_give(l, 0, 1);
		}
		wr_index_changed(l->index, p.full, p.dir_len);
		wr_dir_unlock(l, p.full, p.dir_len);
	}
	wr_updir_release(&dir);
	return 0;
}
