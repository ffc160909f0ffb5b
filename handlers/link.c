/* SPDX-License-Identifier: Apache-2.0 */
/* Names in directories: unlink, mkdir, mknod, symlink, link, rename. Each works on a directory fd and a last
 * component, never on a path. */
#define _GNU_SOURCE
#include "byfd.h"
#include "handlers.h"
#include "proc.h"
#include "resolve.h"
#include <string.h>
#include <sys/stat.h>

#define NAME_BUF (NAME_MAX + 3)

/* The last component as the kernel shall see it: with the slash that the guest gave. It is the kernel that
 * refuses "." and "..", each call in its own way. */
static const char *name_of(const struct wr_target *t, char buf[static NAME_BUF])
{
	snprintf(buf, NAME_BUF, "%s%s", t->name, t->slash ? "/" : "");
	return buf;
}

/* A name that is not the guest's to remove or replace: a mount point, or what a rule is about. */
static bool fixed(const struct warren_request *rq, const struct wr_target *t)
{
	if (!t->name[0])
		return true;
	if (!strcmp(t->name, ".") || !strcmp(t->name, ".."))
		return false;
	return wr_policy_pinned(wr_sandbox_policy(rq->sandbox), t->gpath);
}

/* The layer that a name is made or removed in, with its path there. NULL for "." and "..": the kernel refuses
 * those, in any directory. */
static struct wr_layer *layer_of(const struct wr_target *t, char *rel)
{
	if (!t->name || !strcmp(t->name, ".") || !strcmp(t->name, ".."))
		return NULL;
	return wr_target_layer(t, rel);
}

/* 0: the name exists. */
static int look_for(const struct wr_target *t)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l = layer_of(t, rel);

	if (l) { /* a slash behind it does not matter yet */
		size_t n = strlen(rel);
		if (n && rel[n - 1] == '/')
			rel[n - 1] = '\0';
		return wr_layer_lookup(l, rel, 0, &f);
	}
	return faccessat(t->parent, t->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int parent_of(struct warren_request *rq, int dirfd, unsigned path_arg, unsigned buf,
		     struct wr_target *t)
{
	char *path = rq->scratch->path[2 * buf];
	int r = wr_guest_path(rq, path_arg, path);

	if (r < 0)
		return r;
	return wr_resolve(rq, dirfd, path, WR_PARENT, NULL, WR_MAY_WRITE, buf, t);
}

/* For calls that make a name: an existing one is EEXIST even where nothing may be written, the root and mount
 * points always are. */
static int new_name(struct warren_request *rq, int dirfd, unsigned path_arg, struct wr_target *t)
{
	int r = parent_of(rq, dirfd, path_arg, 0, t);

	if (r < 0 && t->parent >= 0 && look_for(t) == 0)
		return -EEXIST;
	if (r == 0 && !t->name[0])
		return -EEXIST;
	if (r == 0 && !wr_request_alive(rq))
		return -ENOENT;
	return r;
}

struct warren_verdict wr_handle_mkdirat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l;
	char name[NAME_BUF];
	int r = new_name(rq, (int)rq->args[0], 1, &t);

	(void)user;
	if (r == 0)
		r = wr_apply_umask(rq);
	if (r == 0 && (l = layer_of(&t, rel)))
		return warren_return(wr_layer_mkdir(l, rel, (mode_t)rq->args[2] & 07777));
	if (r == 0 && mkdirat(t.parent, name_of(&t, name), (mode_t)rq->args[2] & 07777) < 0)
		r = -errno;
	return warren_return(r);
}

/* Nothing can be made in it any more. */
static bool in_deleted(const struct wr_target *t)
{
	struct stat st;

	return fstat(t->parent, &st) == 0 && st.st_nlink == 0;
}

/* A device would reach past every rule. What the kernel says to those who may not make one, and before. */
static int refuse_device(const struct wr_target *t)
{
	int r = look_for(t);

	if (r == 0)
		return -EEXIST;
	if (r != -ENOENT || t->slash ||
	    t->mnt->kind == WR_MOUNT_PROC) /* there is no name to be made in /proc */
		return r;
	if (in_deleted(t))
		return -ENOENT;
	return faccessat(t->parent, ".", W_OK | X_OK, AT_EACCESS) < 0 ? -errno : -EPERM;
}

struct warren_verdict wr_handle_mknodat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l;
	char name[NAME_BUF];
	mode_t mode = (mode_t)rq->args[2];

	(void)user;
	if ((mode & S_IFMT) && !S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode) && !S_ISCHR(mode) &&
	    !S_ISBLK(mode))
		return warren_return(S_ISDIR(mode) ? -EPERM : -EINVAL);
	int r = new_name(rq, (int)rq->args[0], 1, &t);
	/* 0:0, which anybody may make, is no device: overlayfs's mark for a deleted name */
	if (r == 0 && (S_ISBLK(mode) || (S_ISCHR(mode) && (unsigned)rq->args[3] != 0)))
		r = refuse_device(&t);
	if (r == 0)
		r = wr_apply_umask(rq);
	if (r == 0 && (l = layer_of(&t, rel)))
		return warren_return(wr_layer_mknod(l, rel, mode & (S_IFMT | 07777), 0));
	if (r == 0 && mknodat(t.parent, name_of(&t, name), mode & (S_IFMT | 07777), 0) < 0)
		r = -errno;
	return warren_return(r);
}

struct warren_verdict wr_handle_symlinkat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l;
	char name[NAME_BUF], *text = rq->scratch->bytes;

	(void)user;
	int r = wr_guest_read_str(rq, rq->args[0], text, PATH_MAX);
	if (r == 0 && !text[0])
		r = -ENOENT;
	if (r == 0)
		r = new_name(rq, (int)rq->args[1], 2, &t);
	if (r == 0 && (l = layer_of(&t, rel)))
		return warren_return(wr_layer_symlink(l, text, rel));
	if (r == 0 && symlinkat(text, t.parent, name_of(&t, name)) < 0)
		r = -errno;
	return warren_return(r);
}

struct warren_verdict wr_handle_unlinkat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target t = WR_TARGET_INIT;
	char rel[2 * PATH_MAX];
	struct wr_layer *l;
	char name[NAME_BUF];
	bool dir = rq->args[2] & AT_REMOVEDIR;

	(void)user;
	if (rq->args[2] & ~(uint64_t)AT_REMOVEDIR)
		return warren_return(-EINVAL);
	int r = parent_of(rq, (int)rq->args[0], 1, 0, &t);
	if (r == 0 && fixed(rq, &t))
		r = dir ? -EBUSY : -EISDIR;
	if (r == 0 && !wr_request_alive(rq))
		r = -ENOENT;
	if (r == 0 && (l = layer_of(&t, rel)))
		return warren_return(dir ? wr_layer_rmdir(l, rel) : wr_layer_unlink(l, rel));
	if (r == 0 && unlinkat(t.parent, name_of(&t, name), dir ? AT_REMOVEDIR : 0) < 0)
		r = -errno;
	if (r == -EACCES && t.parent >= 0 && wr_proc_is_own_fds(rq, t.mnt, t.parent))
		r = dir ? -ENOTDIR : -EPERM;
	return warren_return(r);
}

/* Both must be in the same layer. */
static int link_in_layer(const struct wr_target *from, const struct wr_target *to)
{
	char rel_from[2 * PATH_MAX], rel_to[2 * PATH_MAX], host[PATH_MAX + 1], link[32];
	struct wr_layer *l = layer_of(to, rel_to);

	if (from->mnt != to->mnt) {
		int r = look_for(to);
		/* where no name can be made */
		if (r != -ENOENT || to->slash || to->mnt->kind == WR_MOUNT_PROC || in_deleted(to))
			return r == 0 ? -EEXIST : r;
	}
	if (!l)
		return to->mnt->layer ? -EEXIST : -EXDEV;
	/* O_TMPFILE has no name yet */
	ssize_t n = readlink(wr_fd_path(from->fd, link), host, PATH_MAX);
	host[n < 0 ? 0 : n] = '\0';
	int where = wr_layer_rel_of_fd(l, from->fd, rel_from, sizeof(rel_from), NULL);
	if (where >= 0)
		return wr_layer_link(l, rel_from, rel_to);
	where = wr_layer_rel_of_path(l, host, rel_from, sizeof(rel_from), NULL);
	if (where == WR_UPPER)
		return wr_layer_link_fd(l, from->fd, rel_to);
	/* of a lower layer: its name is not its own any more */
	return where == WR_LOWER || from->mnt == to->mnt ? -ENOENT : -EXDEV;
}

/* What linkat(2) said. A directory has no second name; but on the way to that error the kernel asks Landlock,
 * which confines the supervisor, and which says EXDEV of a directory that may not be moved. */
static int link_error(const struct wr_target *from, const struct wr_target *to, int r)
{
	struct statx a, b;

	if (r != -EXDEV || statx(from->fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &a) < 0 ||
	    statx(to->parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) < 0)
		return r;
	return S_ISDIR(a.stx_mode) && a.stx_mnt_id == b.stx_mnt_id ? -EPERM : r;
}

struct warren_verdict wr_handle_linkat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target from = WR_TARGET_INIT;
	_cleanup_target_ struct wr_target to = WR_TARGET_INIT;
	char name[NAME_BUF], link[32], *path = rq->scratch->path[2];
	unsigned flags = (unsigned)rq->args[4], how = 0;

	(void)user;
	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return warren_return(-EINVAL);
	if (flags & AT_SYMLINK_FOLLOW)
		how |= WR_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		how |= WR_EMPTY_PATH;
	int r = wr_guest_path(rq, 1, path);
	/* Who may write the new name may then write the file through it: the old one must allow that, too. */
	if (r == 0 && (flags & AT_EMPTY_PATH) && !path[0])
		r = wr_reach_fd(rq, (int)rq->args[0], true, &from);
	else if (r == 0)
		r = wr_resolve(rq, (int)rq->args[0], path, how, NULL, WR_MAY_READ | WR_MAY_WRITE, 1, &from);
	if (r == 0)
		r = new_name(rq, (int)rq->args[2], 3, &to);
	else if (r == -EACCES && from.fd >= 0 && new_name(rq, (int)rq->args[2], 3, &to) == 0 &&
		 look_for(&to) == 0)
		r = -EEXIST; /* the kernel looks at the new name before it asks for a right to the object */
	if (r < 0)
		return warren_return(r);
	if (to.mnt->layer || from.mnt->layer)
		return warren_return(link_in_layer(&from, &to));
	/* The object that was reached, by its fd. AT_EMPTY_PATH wants a capability, the magic link does not;
	 * but the magic link of a symlink's O_PATH fd leads to the symlink itself, which is what is wanted.
	 */
	if (linkat(AT_FDCWD, wr_fd_path(from.fd, link), to.parent, name_of(&to, name), AT_SYMLINK_FOLLOW) < 0)
		r = link_error(&from, &to, -errno);
	return warren_return(r);
}

/* May the directory of a name be searched? The kernel has asked that before it compares the mounts. */
static int walked(const struct wr_target *t)
{
	return t->parent >= 0 && faccessat(t->parent, ".", X_OK, AT_EACCESS) < 0 ? -EACCES : 0;
}

/* Both names are looked at first, then whether they are on one mount, then at all the rest. */
static int names_of_rename(struct warren_request *rq, unsigned flags, struct wr_target *from,
			   struct wr_target *to)
{
	int r = parent_of(rq, (int)rq->args[0], 1, 1, from);
	if (r < 0 && from->parent < 0)
		return r;
	int r2 = parent_of(rq, (int)rq->args[2], 3, 0, to);
	if (r2 < 0 && to->parent < 0)
		return walked(from) < 0 ? -EACCES : r2;
	bool fixed_from = fixed(rq, from), fixed_to = fixed(rq, to);
	if ((from->mnt != to->mnt || fixed_from || fixed_to) && (walked(from) < 0 || walked(to) < 0))
		return -EACCES;
	if (from->mnt != to->mnt)
		return -EXDEV;
	if (r < 0 || r2 < 0)
		return r < 0 ? r : r2;
	if (fixed_from || (fixed_to && (!strcmp(from->name, ".") || !strcmp(from->name, ".."))))
		return -EBUSY;
	return fixed_to ? (flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY) : 0;
}

struct warren_verdict wr_handle_renameat(struct warren_request *rq, void *user)
{
	_cleanup_target_ struct wr_target from = WR_TARGET_INIT;
	_cleanup_target_ struct wr_target to = WR_TARGET_INIT;
	char a[NAME_BUF], b[NAME_BUF], rel_from[2 * PATH_MAX], rel_to[2 * PATH_MAX];
	unsigned flags = (unsigned)rq->args[4];

	(void)user;
	if (flags & ~7U || ((flags & 2) && (flags & 5)))
		return warren_return(-EINVAL);
	int r = names_of_rename(rq, flags, &from, &to);
	if (r == 0 && !wr_request_alive(rq))
		r = -ENOENT;
	if (r < 0)
		return warren_return(r);
	wr_rename_begins();
	struct wr_layer *l = layer_of(&from, rel_from);
	if (l && layer_of(&to, rel_to))
		r = wr_layer_rename(l, rel_from, rel_to, flags);
	else if (syscall(SYS_renameat2, from.parent, name_of(&from, a), to.parent, name_of(&to, b), flags) <
		 0)
		r = -errno;
	/* Landlock asks before the kernel sees that there is nothing to be done, or that it cannot be */
	if (r == -EACCES && wr_proc_is_own_fds(rq, from.mnt, from.parent))
		r = !strcmp(from.name, to.name) && wr_proc_is_own_fds(rq, to.mnt, to.parent) ? 0 : -EPERM;
	wr_rename_ends();
	return warren_return(r);
}
