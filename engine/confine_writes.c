/* SPDX-License-Identifier: Apache-2.0 */
/* Where the supervisor may write, and whom it may signal: a Landlock domain that it enters before there are
 * sandboxes, whose own domains are then nested in it: so it can go on to read their memory. It is coarser
 * than the rules, which stay the supervisor's to enforce: a directory is granted whole. Reading is left
 * alone, since the kernel judges what guests execute by this domain, too. */
#define _GNU_SOURCE
#include "cgroup.h"
#include "confine.h"
#include "policy.h"
#include "runtime_dir.h"
#include <string.h>

#define OF_FILES LANDLOCK_ACCESS_FS_WRITE_FILE

/* Every change of names and files. Without REFER (ABI 1) nothing could be moved between directories. */
#define REFER_ABI 2
static uint64_t changes(void)
{
	const uint64_t reading =
		LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

	return ((LANDLOCK_ACCESS_FS_REFER << 1) - 1) & ~reading;
}

/* Pipes, sockets and the like have no path: they may be written to anyway, and the kernel takes no rule for
 * them. */
static int grant_fd(int ruleset, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	int r = wr_landlock_add_path(ruleset, fd, S_ISDIR(st.st_mode) ? changes() : OF_FILES);
	return r == -EBADFD ? 0 : r;
}

static int grant_path(int ruleset, const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : grant_fd(ruleset, fd);
}

/* The directory that path lies in: path may be removed from it, if it is empty. */
static int grant_removal(int ruleset, const char *path)
{
	char parent[PATH_MAX];

	if (strlen(path) + 4 > sizeof(parent))
		return -ENAMETOOLONG;
	snprintf(parent, sizeof(parent), "%s/..", path);
	_cleanup_close_ int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : wr_landlock_add_path(ruleset, fd, LANDLOCK_ACCESS_FS_REMOVE_DIR);
}

/* A standard stream, which may be opened again by its name in /proc. */
static int grant_stream(int ruleset, int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
		return 0;
	return grant_fd(ruleset, fd);
}

/* What a rule allows to be written; what is not there yet, in the directory that it would be made in. */
static int grant_rule(const struct warren_policy *p, int ruleset, const char *guest)
{
	char host[2 * PATH_MAX];
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(p, guest, &rel);
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

	if (m->kind != WR_MOUNT_HOST || m->readonly || !m->is_dir || m->layer)
		return 0;
	snprintf(host, sizeof(host), "./%s", rel);
	_cleanup_close_ int fd = wr_openat2(m->fd, host, &how);
	while ((fd == -ENOENT || fd == -ENOTDIR) && strcmp(host, ".")) {
		*strrchr(host, '/') = '\0';
		fd = wr_openat2(m->fd, host, &how);
	}
	return fd < 0 ? 0
		      : grant_fd(ruleset, fd); /* what this user does not reach he does not write either */
}

/* Where new terminals come from, see handlers/pts.c. */
static int grant_ptmx(int ruleset)
{
	int r = grant_path(ruleset, "/dev/ptmx");

	return r == -ENOENT ? 0 : r;
}

static int grant_policy(const struct warren_policy *p, int ruleset, bool covered)
{
	int r = grant_ptmx(ruleset);

	for (size_t i = 0; r == 0 && i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		/* /proc: the files of its own processes */
		if (m->kind == WR_MOUNT_PROC || m->kind == WR_MOUNT_PTS || m->kind == WR_MOUNT_TTY)
			r = wr_landlock_add_path(ruleset, m->fd, OF_FILES);
		else if (m->kind == WR_MOUNT_HOST && (!m->layer || covered) &&
			 (wr_policy_may(p, m, m->guest) & WR_MAY_WRITE))
			r = grant_fd(ruleset, m->fd);
	}
	for (size_t i = 0; r == 0 && i < p->n_rules; i++)
		if (p->rules[i].access == WARREN_WRITE)
			r = grant_rule(p, ruleset, p->rules[i].guest);
	for (size_t i = 0; r == 0 && i < p->n_layers; i++)
		r = grant_path(ruleset, p->layers[i].dir);
	return r;
}

static int grant_also(int ruleset, const struct warren_writable *w)
{
	int r = grant_path(ruleset, w->path);

	return r == 0 && w->removable ? grant_removal(ruleset, w->path) : r;
}

/* The directories of this process, which it removes in the end. */
static int grant_own(int ruleset)
{
	const char *own[] = {wr_runtime_dir(), wr_cgroup_place()};
	int r = 0;

	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(own); i++)
		if (own[i])
			r = grant_also(ruleset, &(struct warren_writable){own[i], 1});
	for (int fd = 0; r == 0 && fd < 3; fd++)
		r = grant_stream(ruleset, fd);
	return r;
}

int warren_confine_writes(struct warren_policy *p, const struct warren_writable *also, size_t n, int covered)
{
	struct wr_landlock_ruleset_attr attr = {.handled_access_fs = changes()};
	size_t size = sizeof(attr.handled_access_fs);
	int r = wr_policy_freeze(p);

	if (r < 0)
		return r;
	if (wr_landlock_version() < REFER_ABI)
		return 0;
	/* Not so abstract sockets, which guests with the host's network may have it connect to. */
	if (wr_landlock_version() >= WR_LANDLOCK_SCOPES) {
		attr.scoped = LANDLOCK_SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	_cleanup_close_ int ruleset = wr_landlock_create(&attr, size);
	if (ruleset < 0)
		return ruleset;
	r = grant_policy(p, ruleset, covered);
	if (r == 0)
		r = grant_own(ruleset);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = grant_also(ruleset, &also[i]);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	return r < 0 ? wr_policy_fail(p, r, "warren could not confine itself: %s", strerror(-r)) : 0;
}
