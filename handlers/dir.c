/* SPDX-License-Identifier: Apache-2.0 */
/* getdents64 and getdents. The kernel lists most directories as the guest shall see them; not so those of
 * /proc and /dev/pts, of which only a part is shown, and those that have a mount point which the kernel does
 * not know. Until a sandbox has opened one of these its calls are continued; then all are served.
 *
 * The guest's fd is a real fd of the directory, and its position the only state: it is moved through a
 * duplicate, so lseek, dup and fork do in the kernel what they always do.
 *
 * Why continuing is harmless: the kernel takes the fd anew, and another thread may have opened such a
 * directory and put it in its place meanwhile, once in the life of a sandbox. All that the guest wins is the
 * kernel's own listing of a directory of which it has an fd: numbers of processes and terminals (which
 * getpgid(2) and fstat(2) tell as well) and the names of directories that it may list anyway. To open any of
 * them is another call. */
#define _GNU_SOURCE
#include "handlers.h"
#include "dir.h"
#include "listing.h"
#include "proc.h"
#include "pts.h"
#include "records.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_POINTS 64 /* mounted in one directory of a layer, at names that it lacks */

enum kind { NATIVE, PROC, PTS, EXTRAS, LAYER };

static enum kind kind_of(const struct warren_policy *p, const struct stat *st)
{
	if (!S_ISDIR(st->st_mode))
		return NATIVE;
	if (st->st_dev == p->proc_dev)
		return PROC;
	if (st->st_dev == p->pts_dev)
		return PTS;
	return wr_policy_has_extras(p, st->st_dev, st->st_ino) ? EXTRAS : NATIVE;
}

void wr_dir_opened(struct warren_request *rq, const struct wr_target *t, const struct stat *st)
{
	enum kind kind = t->mnt->layer ? LAYER : kind_of(wr_sandbox_policy(rq->sandbox), st);

	if (kind == NATIVE)
		return;
	if (kind == PROC && t->mnt->kind == WR_MOUNT_PROC && t->gpath[t->mnt->guest_len] &&
	    wr_proc_lists_natively(t->gpath + t->mnt->guest_len + 1))
		return;
	atomic_store_explicit(wr_sandbox_lists_served(rq->sandbox), true, memory_order_release);
}

/* The path of an fd of ours below /proc, without "/proc/". */
static int proc_path(int fd, char *buf, size_t size)
{
	char link[32];
	ssize_t n = readlink(wr_fd_path(fd, link), buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	if (strncmp(buf, "/proc", 5))
		return -ENOENT; /* mounted elsewhere: not one of the paths that are shown */
	memmove(buf, buf + 5 + (buf[5] == '/'), (size_t)n - 4 - (buf[5] == '/'));
	return 0;
}

static bool shown(struct warren_request *rq, enum kind kind, const char *dir, const char *name)
{
	if (kind == NATIVE)
		return true;
	return kind == PROC ? wr_proc_shows(rq, dir, name) : wr_pts_shows(rq, name);
}

/* The kernel's listing, but for NATIVE without what is not shown. Its own positions are kept: a process that
 * comes or goes moves nothing. */
static int64_t filter(struct warren_request *rq, int fd, enum kind kind, struct wr_records *out)
{
	char *in = rq->scratch->bytes + sizeof(rq->scratch->bytes) / 2, dir[PATH_MAX] = "";
	int r = kind == PROC ? proc_path(fd, dir, sizeof(dir)) : 0;

	if (r < 0)
		return r;
	do {
		ssize_t n = getdents64(fd, in, out->size);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(in + at);
			if (shown(rq, kind, dir, d->d_name))
				wr_records_add(out, d->d_name, strlen(d->d_name), d->d_ino,
					       (uint64_t)d->d_off, d->d_type);
			at += d->d_reclen;
		}
	} while (out->used == 0);
	return (int64_t)out->used;
}

/* ---- directories with mount points ---- */

/* Made anew for each call; a cache by directory and generation would stand here. */
static int snapshot(const struct warren_policy *p, int fd, const struct stat *st, struct wr_listing **ret)
{
	char link[32];
	_cleanup_close_ int dir = open(wr_fd_path(fd, link), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	struct wr_listing *l = wr_listing_new();
	int r = l ? wr_listing_read(l, dir) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < p->n_extras; i++) {
		const struct wr_extra *x = &p->extras[i];
		if (x->dev == st->st_dev && x->ino == st->st_ino)
			r = wr_listing_set(l, x->name, x->child_ino, x->child_type);
	}
	if (r < 0) {
		wr_listing_unref(l);
		return r;
	}
	wr_listing_finish(l);
	*ret = l;
	return 0;
}

static int64_t from_snapshot(const struct warren_policy *p, int fd, const struct stat *st, off_t position,
			     struct wr_records *out)
{
	struct wr_listing *l = NULL;
	int r = snapshot(p, fd, st, &l);

	if (r < 0)
		return r;
	size_t i = wr_listing_after(l, (uint64_t)position);
	bool more = i < l->n;
	for (; i < l->n; i++) {
		const struct wr_listing_entry *e = &l->entries[i];
		if (!wr_records_add(out, wr_listing_name(l, e), e->len, e->ino, e->place, e->type))
			break;
	}
	wr_listing_unref(l);
	if (out->used == 0)
		return more ? -EINVAL : 0;
	return lseek(fd, (off_t)out->last, SEEK_SET) < 0 ? -errno : (int64_t)out->used;
}

/* ---- directories in a layer ---- */

/* The mount with the layer that a directory of the host is of, and its path there in buf; NULL: none.
 * *ret_lost: it was deleted, or replaced, in the layer. */
static const struct wr_mount *layer_of(const struct warren_policy *p, const char *link, char *buf,
				       size_t size, bool *ret_lost)
{
	char host[PATH_MAX + 1];

	if (!p->n_layers)
		return NULL;
	ssize_t n = readlink(link, host, PATH_MAX);
	if (n < 0)
		return NULL;
	host[n] = '\0';
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		int where = m->layer ? wr_layer_rel_of_path(m->layer, host, buf, size, NULL) : -ENOENT;
		if (where < 0)
			continue;
		*ret_lost = where == WR_LOWER && wr_layer_now(m->layer, buf, size) < 0;
		return m;
	}
	return NULL;
}

static bool lists(const struct wr_layer_listing *ls, const char *name, uint64_t off)
{
	/* names of one hash follow each other */
	for (size_t i = wr_layer_listing_seek(ls, off - 1);
	     i < ls->n && ls->entries[i].off < off + MAX_POINTS; i++)
		if (!strcmp(ls->entries[i].name, name))
			return true;
	return false;
}

static int by_off(const void *a, const void *b)
{
	const struct wr_layer_dirent *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* What is mounted in the directory at names that it lacks, in order; those that it has are listed as what
 * they cover, as the kernel does. Their number. */
static size_t mount_points(const struct warren_policy *p, const struct wr_mount *m, const char *rel,
			   const struct wr_layer_listing *ls,
			   struct wr_layer_dirent points[static MAX_POINTS])
{
	char dir[2 * PATH_MAX];
	struct stat st;
	size_t n = 0;
	int len = snprintf(dir, sizeof(dir), "%s%s%s/", m->guest, *rel ? "/" : "", rel);

	for (size_t i = 0; i < p->n_mounts && n < MAX_POINTS && len < (int)sizeof(dir); i++) {
		const char *guest = p->mounts[i].guest, *name = guest + len;
		if (strncmp(guest, dir, (size_t)len) || strchr(name, '/') || fstat(p->mounts[i].fd, &st) < 0)
			continue;
		uint64_t off = wr_layer_listing_off(name);
		if (!lists(ls, name, off))
			points[n++] = (struct wr_layer_dirent){.ino = st.st_ino,
							       .off = off,
							       .name = name,
							       .len = (uint16_t)strlen(name),
							       .type = (uint8_t)IFTODT(st.st_mode)};
	}
	qsort(points, n, sizeof(*points), by_off);
	return n;
}

static bool has_mount_points(const struct warren_policy *p, const struct wr_mount *m, const char *rel)
{
	char dir[2 * PATH_MAX];
	int len = snprintf(dir, sizeof(dir), "%s%s%s/", m->guest, *rel ? "/" : "", rel);

	for (size_t i = 0; i < p->n_mounts; i++)
		if (!strncmp(p->mounts[i].guest, dir, (size_t)len))
			return true;
	return len >= (int)sizeof(dir);
}

/* From the layer's listing, touched or not, so that a position stays good when a name is made or removed
 * meanwhile. Not so a directory that the layer alone has, and will have: there the file system's own listing
 * does that, and better, as a snapshot would be made anew after each change. */
static int64_t from_layer(const struct warren_policy *p, const struct wr_mount *m, const char *rel, int fd,
			  off_t position, struct wr_records *out)
{
	const struct wr_layer_listing *ls;
	struct wr_layer_dirent points[MAX_POINTS];
	int r = wr_layer_list(m->layer, rel, &ls);

	if (r < 0)
		return r;
	size_t n = mount_points(p, m, rel, ls, points), k = 0;
	size_t i = position ? wr_layer_listing_seek(ls, (uint64_t)position) : 0;
	while (k < n && points[k].off <= (uint64_t)position)
		k++;
	bool more = i < ls->n || k < n;
	while (i < ls->n || k < n) {
		bool point = k < n && (i == ls->n || points[k].off < ls->entries[i].off);
		const struct wr_layer_dirent *e = point ? &points[k] : &ls->entries[i];
		if (!wr_records_add(out, e->name, e->len, e->ino, e->off, e->type))
			break;
		*(point ? &k : &i) += 1;
	}
	wr_layer_listing_unref(ls);
	if (out->used == 0)
		return more ? -EINVAL : 0;
	return lseek(fd, (off_t)out->last, SEEK_SET) < 0 ? -errno : (int64_t)out->used;
}

/* ---- the calls ---- */

static int64_t serve(struct warren_request *rq, int fd, enum kind kind, const struct stat *st, bool legacy)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	struct wr_records out = {.buf = rq->scratch->bytes, .legacy = legacy};
	off_t before = lseek(fd, 0, SEEK_CUR);
	unsigned count = (unsigned)rq->args[2];

	out.size = sizeof(rq->scratch->bytes) / 2;
	if (count < out.size)
		out.size = count;
	char link[32], rel[2 * PATH_MAX];
	bool lost;
	int64_t n;
	if (kind == LAYER) {
		const struct wr_mount *m = layer_of(p, wr_fd_path(fd, link), rel, sizeof(rel), &lost);
		bool there = m && !lost,
		     own = there && wr_layer_owns(m->layer, rel) && !has_mount_points(p, m, rel);
		n = own	    ? filter(rq, fd, NATIVE, &out)
		    : there ? from_layer(p, m, rel, fd, before, &out)
			    : -ENOENT;
	} else {
		n = kind == EXTRAS ? from_snapshot(p, fd, st, before, &out) : filter(rq, fd, kind, &out);
	}
	if (n > 0 && wr_guest_write(rq, rq->args[1], out.buf, (size_t)n) < 0) {
		lseek(fd, before, SEEK_SET); /* what could not be handed over has not been read */
		n = -EFAULT;
	}
	return n;
}

static struct warren_verdict getdents_as(struct warren_request *rq, bool legacy)
{
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	struct stat st;

	if (!atomic_load_explicit(wr_sandbox_lists_served(rq->sandbox), memory_order_acquire))
		return warren_continue(); /* no such directory was ever opened */
	_cleanup_close_ int fd = wr_guest_fd(rq, -1, rq->args[0]);
	/* from here on all is about the object that was reached */
	if (fd < 0 || fstat(fd, &st) < 0)
		return warren_return(fd < 0 ? fd : -errno);
	char path[PATH_MAX], rel[2 * PATH_MAX], own[32];
	bool lost;
	enum kind kind = layer_of(p, wr_fd_path(fd, own), rel, sizeof(rel), &lost) && S_ISDIR(st.st_mode)
				 ? LAYER
				 : kind_of(p, &st);
	if (kind == PROC && proc_path(fd, path, sizeof(path)) == 0 && wr_proc_lists_natively(path))
		kind = NATIVE;
	if (fcntl(fd, F_GETFL) & O_PATH)
		return warren_return(-EBADF);
	int64_t r = serve(rq, fd, kind, &st, legacy);
	if (r == -E2BIG && kind == EXTRAS)
		r = serve(rq, fd, NATIVE, &st, legacy);
	/* what is filtered for what it must not show is not listed then */
	return warren_return(r == -E2BIG ? -ENOMEM : r);
}

struct warren_verdict wr_handle_getdents64(struct warren_request *rq, void *user)
{
	(void)user;
	return getdents_as(rq, false);
}

struct warren_verdict wr_handle_getdents(struct warren_request *rq, void *user)
{
	(void)user;
	return getdents_as(rq, true);
}
