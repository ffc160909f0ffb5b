/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mounts. Directories that exist in no root - /dev, and the parents of mount points that the
 * root lacks - are real directories in a private place (the skeleton), so that the kernel lists and names
 * them for us. */
#define _GNU_SOURCE
#include "namespace.h"
#include "runtime_dir.h"
#include <dirent.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/stat.h>

static bool at_or_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(path, prefix, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static void drop_mount(struct wr_mount *m)
{
	if (m->borrowed)
		return;
	free(m->guest);
	free(m->host);
	close(m->fd);
}

/* Adds a mount at a canonical guest path ("" for the root), over whatever is at or below it. Takes fd. */
static int add(struct warren_policy *p, const char *guest, int fd, struct wr_mount like)
{
	for (size_t i = 0; i < p->n_mounts;) {
		struct wr_mount *m = &p->mounts[i];
		if (guest[0] && m->guest_len && at_or_below(m->guest, guest)) {
			drop_mount(m);
			memmove(m, m + 1, (--p->n_mounts - i) * sizeof(*m));
		} else {
			i++;
		}
	}
	return wr_namespace_insert(p, guest, fd, like);
}

int wr_namespace_insert(struct warren_policy *p, const char *guest, int fd, struct wr_mount like)
{
	char host[2 * PATH_MAX];
	struct stat st;
	struct wr_mount *mounts = realloc(p->mounts, (p->n_mounts + 1) * sizeof(*mounts));
	int r = -ENOMEM;
	if (!mounts)
		goto fail;
	p->mounts = mounts;
	r = wr_host_name(fd, host, sizeof(host));
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		goto fail;
	like.guest = strdup(guest);
	like.host = strdup(host);
	if (!like.guest || !like.host) {
		free(like.guest);
		free(like.host);
		r = -ENOMEM;
		goto fail;
	}
	like.guest_len = strlen(guest);
	like.host_len = strlen(host);
	like.fd = fd;
	like.is_dir = S_ISDIR(st.st_mode);
	/* longest guest path first */
	size_t at = 0;
	while (at < p->n_mounts && p->mounts[at].guest_len >= like.guest_len)
		at++;
	memmove(&mounts[at + 1], &mounts[at], (p->n_mounts - at) * sizeof(*mounts));
	mounts[at] = like;
	p->n_mounts++;
	return 0;
fail:
	close(fd);
	return r;
}

static int add_host(struct warren_policy *p, const char *guest, const char *host, struct wr_mount like)
{
	int fd = open(host, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : add(p, guest, fd, like);
}

/* ---- skeleton ---- */

static int skel_open(const struct warren_policy *p, const char *sub)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", p->runtime, sub);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int skel_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static const char *const dev_nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
static const struct {
	const char *name, *target;
} dev_links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

/* /dev: a directory of our own with placeholders, the nodes mounted over them one by one. */
static int add_dev(struct warren_policy *p)
{
	const struct wr_mount ro = {.kind = WR_MOUNT_SKEL, .readonly = true, .builtin = true};
	const struct wr_mount rw = {.kind = WR_MOUNT_HOST, .builtin = true};
	const struct wr_mount tty = {.kind = WR_MOUNT_TTY, .builtin = true};
	char path[2 * PATH_MAX], guest[64];

	snprintf(path, sizeof(path), "%s/dev", p->runtime);
	if (mkdir(path, 0755) < 0)
		return -errno;
	int dir = skel_open(p, "dev"), r = 0;
	if (dir < 0)
		return dir;
	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(dev_links); i++)
		if (symlinkat(dev_links[i].target, dir, dev_links[i].name) < 0)
			r = -errno;
	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(dev_nodes); i++)
		r = skel_file(dir, dev_nodes[i]);
	if (r == 0 && (mkdirat(dir, "pts", 0755) < 0 || mkdirat(dir, "shm", 01777) < 0))
		r = -errno;
	if (r == 0 && fchmodat(dir, "shm", 01777, 0) < 0)
		r = -errno;
	if (r < 0) {
		close(dir);
		return r;
	}
	r = add(p, "/dev", dir, ro);
	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(dev_nodes); i++) {
		snprintf(path, sizeof(path), "/dev/%s", dev_nodes[i]);
		r = add_host(p, path, path, strcmp(dev_nodes[i], "tty") ? rw : tty);
		if (r == -ENOENT)
			r = 0; /* a host without it: the placeholder stays, empty */
	}
	if (r == 0)
		r = add_host(p, "/dev/pts", "/dev/pts",
			     (struct wr_mount){.kind = WR_MOUNT_PTS, .builtin = true});
	if (r == -ENOENT)
		r = 0;
	if (r == 0) {
		snprintf(guest, sizeof(guest), "dev/shm");
		dir = skel_open(p, guest);
		r = dir < 0 ? dir : add(p, "/dev/shm", dir, rw);
	}
	return r;
}

/* Makes parents of a mount point that the root lacks, and the mount point itself in them, as skeleton. */
static int add_parents(struct warren_policy *p, const char *guest, bool is_dir)
{
	char sub[2 * PATH_MAX], prefix[2 * PATH_MAX];
	const struct wr_mount like = {.kind = WR_MOUNT_SKEL, .readonly = true, .builtin = true};

	for (const char *end = strchr(guest + 1, '/'); end; end = strchr(end + 1, '/')) {
		const char *rel;
		struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_DIRECTORY,
				       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

		snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - guest), guest);
		const struct wr_mount *m = wr_policy_mount(p, prefix, &rel);
		int fd = rel[0] ? wr_openat2(m->fd, rel, &how) : dup(m->fd);
		if (fd >= 0) {
			close(fd);
			continue;
		}
		if (fd != -ENOENT)
			return wr_policy_fail(p, fd, "cannot mount at '%s': '%s': %s", guest, prefix,
					      strerror(-fd));
		/* In a skeleton already: just make the directory there; else a new skeleton begins here. */
		int made;
		if (m->kind == WR_MOUNT_SKEL) {
			made = mkdirat(m->fd, rel, 0755);
		} else {
			snprintf(sub, sizeof(sub), "%s/parent-%u", p->runtime, p->n_parents++);
			made = mkdir(sub, 0755);
		}
		if (made < 0)
			return -errno;
		if (m->kind != WR_MOUNT_SKEL) {
			int r = add_host(p, prefix, sub, like);
			if (r < 0)
				return r;
		}
	}
	const char *rel;
	const struct wr_mount *m = wr_policy_mount(p, guest, &rel);
	if (m->kind != WR_MOUNT_SKEL || !rel[0])
		return 0;
	int r = is_dir ? mkdirat(m->fd, rel, 0755) : skel_file(m->fd, rel);
	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int add_spec(struct warren_policy *p, const struct wr_mount_spec *s)
{
	char guest[2 * PATH_MAX];
	struct stat st;

	_cleanup_close_ int fd = open(s->host, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return wr_policy_fail(p, -errno, "cannot mount '%s': %s", s->host, strerror(errno));
	int r = wr_policy_canonical(p, s->guest, guest, sizeof(guest));
	if (r == 0 && !strcmp(guest, "/"))
		return wr_policy_fail(p, -EINVAL, "cannot mount over '/': use the root option instead");
	if (r == 0)
		r = add_parents(p, guest, S_ISDIR(st.st_mode));
	if (r == 0)
		r = add(p, guest, wr_steal_fd(&fd), (struct wr_mount){.readonly = s->readonly});
	if (r < 0 && !p->error[0])
		wr_policy_fail(p, r, "cannot mount '%s' at '%s': %s", s->host, s->guest, strerror(-r));
	return r;
}

/* What libraries read of /sys to size their pools: the CPUs and the huge pages. Only where the root has a
 * /sys to put it in, and as any mount: rules apply. The host's own root has it anyway. */
static int add_sys(struct warren_policy *p)
{
	static const char *const dirs[] = {"/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage"};
	const struct wr_mount *root = &p->mounts[p->n_mounts - 1];
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int r = 0;

	_cleanup_close_ int fd = root->host_len ? wr_openat2(root->fd, "sys", &how) : -1;
	for (size_t i = 0; fd >= 0 && r == 0 && i < WR_ARRAY_SIZE(dirs); i++) {
		if (access(dirs[i], F_OK) < 0)
			continue;
		r = add_parents(p, dirs[i], true);
		if (r == 0)
			r = add_host(p, dirs[i], dirs[i], (struct wr_mount){.readonly = true});
	}
	return r;
}

static int add_rules(struct warren_policy *p)
{
	char guest[2 * PATH_MAX];

	for (size_t i = 0; i < p->n_rules; i++) {
		struct wr_rule *rule = &p->rules[i];
		int r = wr_policy_canonical(p, rule->guest, guest, sizeof(guest));
		if (r < 0)
			return wr_policy_fail(p, r, "rule '%s': %s", rule->guest, strerror(-r));
		char *copy = strdup(guest[1] ? guest : "");
		if (!copy)
			return -ENOMEM;
		free(rule->guest);
		rule->guest = copy;
		rule->len = strlen(copy);
		p->has_deny |= rule->access == WARREN_DENY;
	}
	bool own_root = p->mounts[p->n_mounts - 1].host_len == 0;
	bool grants = false;
	for (size_t i = 0; i < p->n_rules; i++)
		grants |= p->rules[i].access != WARREN_DENY;
	p->uniform = p->n_rules == 0 && !own_root;
	if (!grants && !own_root && p->n_rules) {
		/* only denials: all the rest of a foreign root stays writable */
		struct wr_rule *rules = realloc(p->rules, (p->n_rules + 1) * sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		p->rules = rules;
		rules[p->n_rules] = (struct wr_rule){.guest = strdup(""), .access = WARREN_WRITE};
		if (!rules[p->n_rules].guest)
			return -ENOMEM;
		p->n_rules++;
	}
	return 0;
}

/* May the guest change whatever it can open? Root may not: the nodes in /dev and /proc are its own by owner,
 * and the host's. */
static bool needs_guard(const struct warren_policy *p)
{
	bool all = p->uniform;

	if (p->n_layers)
		return true; /* the guest's fd may be the lower file's */
	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].access != WARREN_WRITE)
			return true;
		all |= p->rules[i].len == 0;
	}
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].readonly && !p->mounts[i].builtin)
			return true;
	return !all || geteuid() == 0;
}

/* Symlinks directly in the root (/bin, /lib ... of a merged /usr): lookups try these names as links first. */
static int note_links(struct warren_policy *p)
{
	const struct wr_mount *root = &p->mounts[p->n_mounts - 1];
	int fd = openat(root->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it cannot be listed: no hints */
	_cleanup_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -errno;
	}
	for (struct dirent *e = readdir(d); e && p->n_links < 16; e = readdir(d)) {
		if (e->d_type != DT_LNK)
			continue;
		char **links = realloc(p->links, (p->n_links + 1) * sizeof(*links));
		if (!links)
			return -ENOMEM;
		p->links = links;
		if (!(links[p->n_links] = strdup(e->d_name)))
			return -ENOMEM;
		p->n_links++;
	}
	return 0;
}

/* /proc and /dev/pts are recognised by their devices, however they are reached. */
static int note_devices(struct warren_policy *p)
{
	struct stat st;

	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		if (m->kind != WR_MOUNT_PROC && m->kind != WR_MOUNT_PTS)
			continue;
		if (fstat(m->fd, &st) < 0)
			return -errno;
		*(m->kind == WR_MOUNT_PROC ? &p->proc_dev : &p->pts_dev) = st.st_dev;
	}
	return 0;
}

static int add_extra(struct warren_policy *p, const struct stat *dir, const char *name,
		     const struct stat *child)
{
	struct wr_extra *extras = realloc(p->extras, (p->n_extras + 1) * sizeof(*extras));
	char *copy = strdup(name);

	if (extras)
		p->extras = extras;
	if (!extras || !copy) {
		free(copy);
		return -ENOMEM;
	}
	extras[p->n_extras++] = (struct wr_extra){.dev = dir->st_dev,
						  .ino = dir->st_ino,
						  .name = copy,
						  .child_ino = child->st_ino,
						  .child_type = (unsigned char)IFTODT(child->st_mode)};
	return 0;
}

/* Mount points that the kernel does not list in their parent, or as something else, or as a placeholder of
 * ours. It lists the others as it does under a mount of its own: with the inode of what is covered. */
static int note_extras(struct warren_policy *p)
{
	for (size_t i = 0; i + 1 < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		const char *name = strrchr(m->guest, '/') + 1, *rel;
		struct stat dir, child, covered;
		_cleanup_free_ char *parent = strndup(m->guest, (size_t)(name - 1 - m->guest));
		if (!parent)
			return -ENOMEM;
		const struct wr_mount *in = wr_policy_mount(p, parent, &rel);
		struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_DIRECTORY,
				       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
		_cleanup_close_ int fd = wr_openat2(in->fd, *rel ? rel : ".", &how);
		if (fd < 0 || in->kind == WR_MOUNT_PROC || in->kind == WR_MOUNT_PTS)
			continue; /* cannot be listed, or lists nothing of the user's */
		if (fstat(fd, &dir) < 0 || fstat(m->fd, &child) < 0)
			return -errno;
		bool listed = fstatat(fd, name, &covered, AT_SYMLINK_NOFOLLOW) == 0 &&
			      IFTODT(covered.st_mode) == IFTODT(child.st_mode);
		if (listed && in->kind != WR_MOUNT_SKEL)
			continue;
		int r = add_extra(p, &dir, name, &child);
		if (r < 0)
			return r;
	}
	return 0;
}

int wr_namespace_private(struct warren_policy *p)
{
	static atomic_uint serial;
	char path[2 * PATH_MAX];
	const char *base = wr_runtime_dir();

	if (!base)
		return wr_policy_fail(
			p, -EROFS,
			"no place for warren's own files: none of $XDG_RUNTIME_DIR, /dev/shm, /tmp, "
			"/var/tmp is writable and allows programs");
	snprintf(path, sizeof(path), "%s/policy-%u", base, atomic_fetch_add(&serial, 1));
	if (mkdir(path, 0700) < 0)
		return wr_policy_fail(p, -errno, "cannot make '%s': %s", path, strerror(errno));
	p->runtime = strdup(path);
	return p->runtime ? 0 : -ENOMEM;
}

int wr_namespace_build(struct warren_policy *p)
{
	const char *root = p->root ? p->root : "/";
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return wr_policy_fail(p, -errno, "root '%s': %s", root, strerror(errno));
	int r = add(p, "", fd, (struct wr_mount){.kind = WR_MOUNT_HOST});
	if (r == 0)
		r = wr_namespace_private(p);
	if (r == 0)
		r = add_host(p, "/proc", "/proc", (struct wr_mount){.kind = WR_MOUNT_PROC, .builtin = true});
	if (r == 0)
		r = add_dev(p);
	if (r == 0)
		r = add_sys(p);
	for (size_t i = 0; r == 0 && i < p->n_specs; i++)
		r = add_spec(p, &p->specs[i]);
	if (r == 0)
		r = wr_namespace_cover(p);
	if (r == 0)
		r = add_rules(p);
	if (r == 0)
		r = note_links(p);
	if (r == 0)
		r = note_devices(p);
	p->guarded = needs_guard(p);
	if (r == 0)
		r = note_extras(p);
	if (r < 0 && !p->error[0])
		wr_policy_fail(p, r, "the sandbox's view of files could not be set up: %s", strerror(-r));
	return r;
}

void wr_namespace_free(struct warren_policy *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		drop_mount(&p->mounts[i]);
	for (size_t i = 0; i < p->n_layers; i++) {
		wr_layer_close(p->layers[i].layer);
		p->layers[i].layer = NULL;
	}
	for (size_t i = 0; !p->base && i < p->n_extras; i++)
		free(p->extras[i].name);
	if (!p->base) {
		for (size_t i = 0; i < p->n_links; i++)
			free(p->links[i]);
		free(p->links);
	} else {
		p->rules = NULL;
		p->n_rules = 0;
	}
	free(p->mounts);
	free(p->extras);
	p->mounts = NULL;
	p->links = NULL;
	p->extras = NULL;
	p->n_mounts = p->n_links = p->n_extras = 0;
	if (p->runtime)
		wr_runtime_dir_remove(p->runtime);
	free(p->runtime);
	p->runtime = NULL;
}
