/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, making and closing a layer; mapping host paths back. */
#define _GNU_SOURCE
#include "meta.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static atomic_ullong next_id = 1;

uint64_t wr_layer_new_id(void)
{
	return atomic_fetch_add(&next_id, 1);
}

/* A process that is being started has the descriptor, too, until it executes its program: to close ours alone
 * would leave the lock. */
static void unlock(int *fd)
{
	if (*fd >= 0)
		flock(*fd, LOCK_UN);
	wr_cleanup_close(fd);
}

void wr_layer_close(struct wr_layer *l)
{
	if (!l)
		return;
	wr_cache_drop(&l->cached);
	for (unsigned i = 0; i < l->n_lowers; i++) {
		wr_cleanup_close(&l->lowers[i].fd);
		unlock(&l->lowers[i].lock_fd);
		free(l->lowers[i].path);
		free(l->lowers[i].host);
	}
	wr_cleanup_close(&l->dir);
	wr_cleanup_close(&l->upper);
	wr_cleanup_close(&l->work);
	unlock(&l->lock_fd);
	wr_index_free(l->index);
	wr_base_close(l->base);
	wr_held_free(l->held);
	for (int i = 0; i < N_SHARDS; i++)
		pthread_mutex_destroy(&l->shards[i]);
	pthread_mutex_destroy(&l->flight_lock);
	wr_quota_close(l);
	free(l->dir_path);
	free(l->upper_host);
	free(l->work_host);
	free(l->covers);
	free(l->command);
	free(l);
}

static struct wr_layer *layer_new(const struct wr_layer_options *o)
{
	struct wr_layer *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->dir = l->upper = l->work = l->lock_fd = -1;
	l->id = wr_layer_new_id();
	for (int i = 0; i < N_SHARDS; i++)
		pthread_mutex_init(&l->shards[i], NULL);
	pthread_mutex_init(&l->flight_lock, NULL);
	wr_quota_init(l);
	l->readonly = o->readonly;
	l->idle = o->idle;
	l->max_bytes = o->max_bytes;
	l->max_files = o->max_files;
	l->dir_path = strdup(o->dir);
	return l;
}

static char *host_path(int fd)
{
	char proc[32], path[PATH_MAX];
	ssize_t n = readlink(wr_cow_proc(fd, proc), path, sizeof(path) - 1);

	if (n < 0)
		return NULL;
	path[n] = '\0';
	return strdup(strcmp(path, "/") ? path : "");
}

static int open_dir(int at, const char *name, bool make)
{
	if (make && mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A layer that others lie over must not change: shared, against the supervisor that would write it. Where the
 * lock cannot be opened (another user's) nobody here can write the layer either. */
static int share(struct wr_lower *low, int dir)
{
	low->lock_fd = openat(dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (low->lock_fd < 0)
		return errno == EMFILE || errno == ENFILE ? -errno : 0;
	if (flock(low->lock_fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -ETXTBSY : -errno;
	return 0;
}

/* The directory itself, or the upper directory of a layer; that one holds marks. */
static int open_lower(struct wr_lower *low, const char *path, int fd, bool bottom, bool lock)
{
	struct wr_meta meta;

	low->path = strdup(path);
	low->fd = fd >= 0 ? openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)
			  : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!low->path)
		return -ENOMEM;
	if (low->fd < 0)
		return -errno;
	low->marks = !bottom;
	if (!bottom && wr_meta_read(low->fd, &meta) == 0) {
		wr_meta_release(&meta);
		int r = lock ? share(low, low->fd) : 0;
		int upper = r < 0 ? r : open_dir(low->fd, "upper", false);
		if (upper < 0)
			return upper;
		close(low->fd);
		low->fd = upper;
	}
	low->host = host_path(low->fd);
	return low->host ? 0 : -ENOMEM;
}

/* By the names of the directories, which are open and stay what they are. */
static uint64_t identify(const struct wr_layer *l)
{
	uint64_t id = l->n_lowers;

	for (unsigned i = 0; i < l->n_lowers; i++)
		id = XXH3_64bits_withSeed(l->lowers[i].host, strlen(l->lowers[i].host), id);
	return id ? id : 1;
}

uint64_t wr_layer_lowers_id(const struct wr_layer *l)
{
	return l->lowers_id;
}

static int open_lowers(struct wr_layer *l, const struct wr_layer_options *o, const struct wr_meta *meta)
{
	unsigned n = o->n_lowers ? o->n_lowers : meta->n_lowers;

	if (!n || n > WR_LAYER_MAX_LOWERS)
		return -EINVAL;
	if (meta->format && n != meta->n_lowers)
		return -ESTALE;
	for (unsigned i = 0; i < n; i++) {
		const char *path = o->n_lowers ? o->lowers[i] : meta->lowers[i];
		if (meta->format && strcmp(path, meta->lowers[i]))
			return -ESTALE;
		l->lowers[i].fd = l->lowers[i].lock_fd = -1;
		l->n_lowers = i + 1;
		int r = open_lower(&l->lowers[i], path, o->n_lowers && o->lower_fds ? o->lower_fds[i] : -1,
				   i == n - 1, !l->readonly);
		if (r < 0)
			return r;
	}
	l->lowers_id = identify(l);
	return 0;
}

static int open_own_dir(struct wr_layer *l, const struct wr_layer_options *o)
{
	if (!l->readonly && mkdir(o->dir, 0700) < 0) {
		char parent[PATH_MAX];
		const char *slash = strrchr(o->dir, '/');
		if (errno == ENOENT && slash && slash - o->dir < PATH_MAX) {
			snprintf(parent, sizeof(parent), "%.*s", (int)(slash - o->dir), o->dir);
			if (mkdir(parent, 0700) < 0 || mkdir(o->dir, 0700) < 0)
				return -errno;
		} else if (errno != EEXIST) {
			return -errno;
		}
	}
	l->dir = open(o->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return l->dir < 0 ? -errno : 0;
}

/* What has no meta.json is a layer only if it is empty, or if it was never completed: then the lock is there
 * and nothing else than what is made after it. Anything else would be taken for scratch files, and removed.
 */
int wr_layer_unfinished(int dirfd)
{
	static const char *const ours[] = {"lock", "work", "upper", "meta.json.new"};
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	bool locked = false, any = false;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		size_t i = 0;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		while (i < WR_ARRAY_SIZE(ours) && strcmp(e->d_name, ours[i]))
			i++;
		if (i == WR_ARRAY_SIZE(ours))
			return -ENOTEMPTY;
		locked |= i == 0;
		any = true;
	}
	return any && !locked ? -ENOTEMPTY : locked;
}

static int take_lock(struct wr_layer *l)
{
	if (l->readonly)
		return 0;
	l->lock_fd = openat(l->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->lock_fd < 0)
		return -errno;
	/* who only looks whether it is taken has it for a moment */
	const struct timespec pause = {.tv_nsec = 1000000};
	for (int i = 0; flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == 5)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* The upper directory is made under another name, so that one called "upper" is complete. */
static int make_upper(struct wr_layer *l)
{
	struct stat st;
	char proc[32];
	int r = wr_purge(l->work, "upper");

	_cleanup_close_ int fd = r < 0 ? r : open_dir(l->work, "upper", true);
	if (fd < 0)
		return fd;
	if (fstat(l->lowers[0].fd, &st) < 0)
		return -errno;
	r = wr_copy_xattrs(l->lowers[0].fd, fd);
	if (r == 0 && !l->devices)
		setxattr(wr_cow_proc(fd, proc), XATTR_OPAQ, "x", 1, 0);
	/* the mode last, and after moving: a directory without write permission cannot be moved */
	if (r == 0)
		r = wr_cow_rename(l->work, "upper", l->dir, "upper", RENAME_NOREPLACE);
	return r < 0 ? r : wr_copy_meta(&st, fd);
}

static int make_layer(struct wr_layer *l, const struct wr_layer_options *o, struct wr_meta *meta)
{
	struct timespec now;
	struct wr_meta m = {.covers = (char *)o->covers, .command = (char *)o->command};
	int r = faccessat(l->dir, "upper", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? make_upper(l) : 0;

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	m.created = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	for (; m.n_lowers < l->n_lowers; m.n_lowers++)
		m.lowers[m.n_lowers] = l->lowers[m.n_lowers].path;
	r = wr_meta_write(l->dir, &m); /* last: with it the layer is one */
	return r < 0 ? r : wr_meta_read(l->dir, meta);
}

static int open_parts(struct wr_layer *l, const struct wr_layer_options *o, struct wr_meta *meta)
{
	int r;

	if (!l->readonly) {
		l->work = open_dir(l->dir, "work", true);
		if (l->work < 0)
			return l->work;
		r = wr_purge_content(l->work); /* what a crash left */
		if (r == 0)
			r = wr_marks_probe(l);
		if (r < 0)
			return r;
	} else {
		l->devices = l->xattrs = true;
	}
	if (!meta->format) {
		r = l->readonly ? -EINVAL : make_layer(l, o, meta);
		if (r < 0)
			return r;
	}
	l->upper = open_dir(l->dir, "upper", false);
	if (l->upper < 0)
		return l->upper;
	l->upper_host = host_path(l->upper);
	l->work_host = l->readonly ? NULL : host_path(l->work);
	if (!l->upper_host || (!l->readonly && !l->work_host))
		return -ENOMEM;
	l->created = meta->created;
	l->covers = wr_steal_ptr(&meta->covers);
	l->command = wr_steal_ptr(&meta->command);
	if (fstat(l->upper, &l->born) < 0)
		return -errno;
	l->held = wr_held_new();
	r = l->held ? wr_index_new(&l->index) : -ENOMEM;
	if (r == 0)
		r = wr_base_open(l->dir, l->readonly, &l->base);
	return r < 0 ? r : wr_scan(l);
}

int wr_layer_open(const struct wr_layer_options *o, struct wr_layer **ret)
{
	_cleanup_meta_ struct wr_meta meta = {0};
	struct wr_layer *l = layer_new(o);

	if (!l || !l->dir_path) {
		wr_layer_close(l);
		return -ENOMEM;
	}
	int r = open_own_dir(l, o);
	if (r == 0 && !l->readonly && faccessat(l->dir, "meta.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = wr_layer_unfinished(l->dir);
	if (r > 0)
		r = 0;
	if (r == 0)
		r = take_lock(l);
	if (r == 0) {
		r = wr_meta_read(l->dir, &meta);
		if (r == -ENOENT)
			r = 0; /* a new one */
	}
	if (r == 0 && !o->readonly && !o->recover &&
	    (faccessat(l->dir, "journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	     faccessat(l->dir, "stage", F_OK, AT_SYMLINK_NOFOLLOW) == 0))
		r = -EUCLEAN;
	if (r == 0)
		r = open_lowers(l, o, &meta);
	if (r == 0)
		r = open_parts(l, o, &meta);
	if (r < 0) {
		wr_layer_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

int wr_layer_dir(const struct wr_layer *l, unsigned i)
{
	return i == 0 ? l->upper : i < l->n_lowers ? l->lowers[i - 1].fd : -1;
}

/* The mark is set before any change; the directory itself is looked at all the same, in case a way was
 * forgotten. */
bool wr_layer_touched(struct wr_layer *l)
{
	struct stat st;

	return atomic_load(&l->touched) || l->bytes || l->files || wr_index_count(l->index) > 1 ||
	       fstat(l->upper, &st) < 0 || st.st_ctim.tv_sec != l->born.st_ctim.tv_sec ||
	       st.st_ctim.tv_nsec != l->born.st_ctim.tv_nsec || st.st_mode != l->born.st_mode ||
	       st.st_uid != l->born.st_uid || st.st_gid != l->born.st_gid;
}

void wr_layer_touch(struct wr_layer *l, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_dev == l->born.st_dev && st.st_ino == l->born.st_ino))
		atomic_store(&l->by_fd, true);
	wr_layer_mark(l);
}

/* ---- host paths ---- */

static int strip(const char *host, const char *prefix, char *buf, size_t size)
{
	size_t n = strlen(prefix);

	if (strncmp(host, prefix, n) || (host[n] && host[n] != '/'))
		return -ENOENT;
	host += n + (host[n] == '/');
	if (strlen(host) >= size)
		return -ERANGE;
	memmove(buf, host, strlen(host) + 1);
	return 0;
}

int wr_layer_rel_of_path(const struct wr_layer *l, const char *host, char *buf, size_t size,
			 unsigned *ret_lower)
{
	int r = strip(host, l->upper_host, buf, size);

	/* of copies without a name, which are as if they had been deleted in the covered directory itself */
	if (r == -ENOENT && l->work_host)
		r = strip(host, l->work_host, buf, size);

	if (r != -ENOENT)
		return r < 0 ? r : WR_UPPER;
	for (unsigned i = 0; i < l->n_lowers; i++) {
		r = strip(host, l->lowers[i].host, buf, size);
		if (r == -ENOENT)
			continue;
		if (r == 0 && ret_lower)
			*ret_lower = i;
		return r < 0 ? r : WR_LOWER;
	}
	return -ENOENT;
}
