/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "runtime_dir.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/raw.h"

enum {
	RANDOM_CHARS = 6,
	DEPTH_MAX = 128, /* of a tree to remove: one fd each */
};
static const char random_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

/* The directories of this process and the fds that lock them. */
struct held {
	struct held *next;
	int fd;
	dev_t dev;
	ino_t ino;
};
static struct held *all_held;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t bases(const char *ret[static 4])
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	size_t n = 0;

	if (xdg && xdg[0] == '/')
		ret[n++] = xdg;
	ret[n++] = "/dev/shm";
	ret[n++] = "/tmp";
	ret[n++] = "/var/tmp";
	return n;
}

static int random_name(char *buf, size_t size)
{
	uint8_t bytes[RANDOM_CHARS];
	char chars[RANDOM_CHARS + 1] = "";

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < RANDOM_CHARS; i++)
		chars[i] = random_alphabet[bytes[i] % 32];
	int n = snprintf(buf, size, "warren-%u-%d-%s", geteuid(), getpid(), chars);
	return n < 0 || (size_t)n >= size ? -ERANGE : 0;
}

/* A decimal number without sign and leading zeros; what follows it, or NULL. */
static const char *parse_decimal(const char *p, uint64_t max, uint64_t *ret)
{
	const char *start = p;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return NULL;
	}
	if (p == start || (*start == '0' && p - start > 1))
		return NULL;
	*ret = n;
	return p;
}

/* warren-UID-PID-RANDOM of this user, and nothing else. */
static bool parse_name(const char *name, pid_t *ret_pid)
{
	uint64_t uid, pid;

	if (strncmp(name, "warren-", 7) != 0)
		return false;
	const char *p = parse_decimal(name + 7, UINT32_MAX, &uid);
	if (!p || *p != '-' || uid != geteuid())
		return false;
	p = parse_decimal(p + 1, INT32_MAX, &pid);
	if (!p || *p != '-' || pid == 0)
		return false;
	if (strlen(p + 1) != RANDOM_CHARS || strspn(p + 1, random_alphabet) != RANDOM_CHARS)
		return false;
	*ret_pid = (pid_t)pid;
	return true;
}

static int hold(int fd, const struct stat *st)
{
	struct held *h = malloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	pthread_mutex_lock(&held_lock);
	*h = (struct held){.next = all_held, .fd = fd, .dev = st->st_dev, .ino = st->st_ino};
	all_held = h;
	pthread_mutex_unlock(&held_lock);
	return 0;
}

static void release(const struct stat *st)
{
	pthread_mutex_lock(&held_lock);
	for (struct held **p = &all_held; *p; p = &(*p)->next) {
		struct held *h = *p;
		if (h->dev == st->st_dev && h->ino == st->st_ino) {
			*p = h->next;
			close(h->fd);
			free(h);
			break;
		}
	}
	pthread_mutex_unlock(&held_lock);
}

/* Locks the new directory base_fd/name. -ESTALE: a pruner of another PID namespace was quicker. */
static int adopt(int base_fd, const char *name)
{
	struct stat st;
	_cleanup_close_ int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	if (fchmod(fd, 0700) < 0) /* whatever the umask is */
		return -errno;
	/* Where flock is not to be had (some network file systems) the PID alone protects it. */
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -ESTALE;
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -ESTALE;
	int r = hold(fd, &st);
	if (r == 0)
		fd = -1; /* held */
	return r;
}

static int make_in(const char *base, char *buf, size_t size)
{
	char real[PATH_MAX], name[64];
	struct statvfs fs;

	if (!realpath(base, real))
		return -errno;
	_cleanup_close_ int fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatvfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_flag & (ST_NOEXEC | ST_RDONLY))
		return -EACCES;

	for (int tries = 0; tries < 100; tries++) {
		int r = random_name(name, sizeof(name));
		if (r < 0)
			return r;
		if (strlen(real) + 1 + strlen(name) >= size)
			return -ERANGE;
		if (mkdirat(fd, name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		r = adopt(fd, name);
		if (r < 0)
			unlinkat(fd, name, AT_REMOVEDIR);
		if (r == -ESTALE)
			continue;
		if (r == 0)
			snprintf(buf, size, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
		return r;
	}
	return -EEXIST;
}

int wr_runtime_dir_new(char *buf, size_t size)
{
	const char *base[4];
	size_t n = bases(base);
	int r = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		r = make_in(base[i], buf, size);
		if (r == 0 || r == -ERANGE)
			break;
	}
	return r;
}

static int remove_tree(int parent, const char *name, int depth);

/* Takes fd over. */
static int remove_contents(int fd, int depth)
{
	int r = 0;
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		r = -errno;
		close(fd);
		return r;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		int one = remove_tree(fd, e->d_name, depth + 1);
		if (one < 0 && one != -ENOENT && r == 0)
			r = one; /* the rest goes all the same */
	}
	return r;
}

static int remove_tree(int parent, const char *name, int depth)
{
	if (unlinkat(parent, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM) /* EPERM is POSIX's word for a directory */
		return -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;

	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = wr_openat2(parent, name, &how);
	if (fd < 0)
		return fd;
	int r = remove_contents(fd, depth);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && r == 0)
		r = -errno;
	return r;
}

int wr_runtime_dir_remove(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fstat(fd, &st) < 0 ? -errno : st.st_uid != geteuid() ? -EPERM : 0;
	if (r < 0) {
		close(fd);
		return r;
	}
	r = remove_contents(fd, 0);
	if (rmdir(path) < 0 && r == 0)
		r = -errno;
	release(&st);
	return r;
}

static int prune_one(int base_fd, const char *name)
{
	pid_t pid;
	struct stat st;

	if (!parse_name(name, &pid) || kill(pid, 0) == 0 || errno != ESRCH)
		return 0;
	_cleanup_close_ int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid())
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	/* Emptied through the fd that was looked at; rmdir takes nothing but an empty directory. */
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || remove_contents(copy, 0) < 0)
		return 0;
	return unlinkat(base_fd, name, AT_REMOVEDIR) == 0;
}

int wr_runtime_dir_prune(void)
{
	const char *base[4];
	size_t n = bases(base);
	int pruned = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_closedir_ DIR *d = opendir(base[i]);
		for (struct dirent *e; d && (e = readdir(d));)
			pruned += prune_one(dirfd(d), e->d_name);
	}
	return pruned;
}

static char own_dir[PATH_MAX];
static pid_t own_pid;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void own_remove(void)
{
	if (getpid() == own_pid) /* a forked child leaves it to its parent */
		wr_runtime_dir_remove(own_dir);
}

static void own_make(void)
{
	if (wr_runtime_dir_new(own_dir, sizeof(own_dir)) < 0) {
		own_dir[0] = '\0';
		return;
	}
	own_pid = getpid();
	atexit(own_remove);
}

const char *wr_runtime_dir(void)
{
	pthread_once(&own_once, own_make);
	return own_dir[0] ? own_dir : NULL;
}
