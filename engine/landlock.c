/* SPDX-License-Identifier: Apache-2.0 */
/* The backstop that the kernel enforces: landlock(7). Everything a guest reaches is opened by the supervisor
 * and injected with the supervisor's rights, so the guest's own ruleset grants only what the kernel itself
 * opens in its name: programs and their loaders, in execve(2). A path that a racing thread swaps into a
 * continued call can thus reach nothing else. */
#define _GNU_SOURCE
#include "policy.h"
#include "runtime_dir.h"
#include <stdlib.h>
#include <string.h>

static uint64_t fs_rights(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1 */

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	/* IOCTL_DEV (ABI 5) is a right of the opener of a device, which is the supervisor. */
	return all;
}

#define EXEC_RIGHTS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)

static int grant(int ruleset, const char *dir, int fd, uint64_t rights)
{
	_cleanup_close_ int own = -1;
	if (fd < 0) {
		own = open(dir, O_PATH | O_CLOEXEC);
		if (own < 0)
			return -errno;
		fd = own;
	}
	return wr_landlock_add_path(ruleset, fd, rights);
}

/* The readable part of the mounts. Denied subtrees cannot be cut out of a Landlock grant: what is denied
 * below a granted directory is kept out of reach by substitution and its check in the exec stop. */
static int grant_all(struct warren_policy *p, int ruleset)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		int r = 0;

		/* The task opens this one itself, handlers/open.c; no other name leads a task elsewhere. */
		if (m->kind == WR_MOUNT_TTY)
			r = grant(ruleset, NULL, m->fd,
				  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
		if (r < 0)
			return r;
		if (m->kind != WR_MOUNT_HOST || m->builtin)
			continue;
		if (wr_policy_may(p, m, m->guest) & WR_MAY_READ)
			r = grant(ruleset, NULL, m->fd, EXEC_RIGHTS);
		/* what was written there is the guest's own, or what was prepared for it */
		for (unsigned k = 0; r == 0 && m->layer && wr_layer_dir(m->layer, k) >= 0; k++)
			r = grant(ruleset, NULL, wr_layer_dir(m->layer, k), EXEC_RIGHTS);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		char host[2 * PATH_MAX];
		const char *rel;
		const struct wr_mount *m = wr_policy_mount(p, p->rules[i].guest, &rel);
		struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

		if (p->rules[i].access == WARREN_DENY || m->kind != WR_MOUNT_HOST || !m->is_dir)
			continue;
		snprintf(host, sizeof(host), "./%s", rel);
		_cleanup_close_ int fd = wr_openat2(m->fd, host, &how);
		if (fd < 0)
			continue; /* it does not exist: nothing to grant */
		int r = grant(ruleset, NULL, fd, EXEC_RIGHTS);
		if (r < 0)
			return r;
	}
	/* A zygote's forks have rulesets of their own, which can only take away. */
	if (p->forks_dir) {
		int r = grant(ruleset, p->forks_dir, -1, EXEC_RIGHTS);
		if (r < 0)
			return r;
	}
	/* Rewritten programs, of all sandboxes. With direct_exec a path that reaches the kernel unchecked
	 * must not lead to those of others: what the sandbox has there is its /dev/shm and its own copies. */
	return grant(ruleset, p->direct_exec ? p->runtime : wr_runtime_dir(), -1, EXEC_RIGHTS);
}

static int version;
static pthread_once_t version_once = PTHREAD_ONCE_INIT;

static void ask_version(void)
{
	const char *pretend = getenv("WARREN_LANDLOCK_ABI");
	int abi = wr_landlock_abi();

	version = abi < 0 ? 0 : pretend && atoi(pretend) < abi ? atoi(pretend) : abi;
}

int wr_landlock_version(void)
{
	pthread_once(&version_once, ask_version);
	return version;
}

int wr_landlock_build(struct warren_policy *p)
{
	int abi = wr_landlock_version();
	struct wr_landlock_ruleset_attr attr = {0};
	size_t size = sizeof(attr.handled_access_fs);

	p->ruleset = -1;
	if (abi <= 0)
		return 0; /* `warren check` says so */
	p->direct_exec = p->mounts[p->n_mounts - 1].host_len == 0 && !p->has_deny && p->n_specs == 0 &&
			 p->runtime && !p->zygote && (!p->base || p->base->direct_exec);
	attr.handled_access_fs = fs_rights(abi);
	if (abi >= WR_LANDLOCK_SCOPES) {
		attr.scoped = LANDLOCK_SCOPE_SIGNAL | LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET;
		size = sizeof(attr);
	}
	_cleanup_close_ int ruleset = wr_landlock_create(&attr, size);
	if (ruleset < 0)
		return ruleset;
	int r = grant_all(p, ruleset);
	if (r < 0)
		return r;
	p->ruleset = wr_steal_fd(&ruleset);
	return 0;
}
