/* SPDX-License-Identifier: Apache-2.0 */
/* A policy like another one, with layers and a /dev/shm of its own: it borrows the mounts, rules and names
 * that the other was frozen to, so that a sandbox with a fresh layer costs little more than one without. */
#define _GNU_SOURCE
#include "namespace.h"
#include <string.h>
#include <sys/stat.h>

int warren_policy_derive(struct warren_policy *base, struct warren_policy **ret)
{
	struct warren_policy *p;
	int r = wr_policy_freeze(base);

	if (r == 0)
		r = warren_policy_new(&p);
	if (r < 0)
		return r;
	p->base = wr_policy_ref(base);
	p->net = base->net;
	p->ipc = base->ipc;
	*ret = p;
	return 0;
}

static int borrow(struct warren_policy *p)
{
	const struct warren_policy *base = p->base;

	p->mounts = malloc(base->n_mounts * sizeof(*p->mounts));
	p->extras = malloc((base->n_extras + 1) * sizeof(*p->extras));
	if (!p->mounts || !p->extras)
		return -ENOMEM;
	memcpy(p->mounts, base->mounts, base->n_mounts * sizeof(*p->mounts));
	p->n_mounts = base->n_mounts;
	for (size_t i = 0; i < p->n_mounts; i++)
		p->mounts[i].borrowed = true;
	if (base->n_extras)
		memcpy(p->extras, base->extras, base->n_extras * sizeof(*p->extras));
	p->n_extras = base->n_extras;
	p->rules = base->rules;
	p->n_rules = base->n_rules;
	p->links = base->links;
	p->n_links = base->n_links;
	p->uniform = base->uniform;
	p->has_deny = base->has_deny;
	p->proc_dev = base->proc_dev;
	p->pts_dev = base->pts_dev;
	return 0;
}

static struct wr_mount *find_shm(struct warren_policy *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (!strcmp(p->mounts[i].guest, "/dev/shm") && p->mounts[i].builtin)
			return &p->mounts[i];
	return NULL;
}

/* Listings of /dev name the new one. */
static void renumber(struct warren_policy *p, ino_t from, const struct stat *to)
{
	for (size_t i = 0; i < p->n_extras; i++)
		if (p->extras[i].child_ino == from && !strcmp(p->extras[i].name, "shm"))
			p->extras[i].child_ino = to->st_ino;
}

static int own_shm(struct warren_policy *p)
{
	struct wr_mount *m = find_shm(p);
	char path[2 * PATH_MAX];
	struct stat old, st;

	if (!m)
		return 0; /* the user mounts something there, for all */
	int r = wr_namespace_private(p);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/shm", p->runtime);
	if (mkdir(path, 0700) < 0)
		return -errno;
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || chmod(path, 01777) < 0 || fstat(fd, &st) < 0 || fstat(m->fd, &old) < 0)
		return -errno;
	char *guest = strdup(m->guest), *host = strdup(path);
	if (!guest || !host) {
		free(guest);
		free(host);
		return -ENOMEM;
	}
	m->guest = guest;
	m->host = host;
	m->host_len = strlen(host);
	m->fd = wr_steal_fd(&fd);
	m->borrowed = false;
	renumber(p, old.st_ino, &st);
	return 0;
}

int wr_namespace_derive(struct warren_policy *p)
{
	int r = borrow(p);

	if (r == 0)
		r = own_shm(p);
	if (r == 0)
		r = wr_namespace_cover(p);
	p->guarded =
		p->n_layers || p->base->guarded; /* with a layer the guest's fd may be the lower file's */
	if (r < 0 && !p->error[0])
		wr_policy_fail(p, r, "the sandbox's view of files could not be set up: %s", strerror(-r));
	return r;
}

static bool is_empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool empty = d;

	if (!d && fd >= 0)
		close(fd);
	for (struct dirent *e = d ? readdir(d) : NULL; e && empty; e = readdir(d))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	return empty;
}

int warren_policy_reset(struct warren_policy *p)
{
	const struct wr_mount *shm = find_shm(p);
	int r = 0;

	if (!p->base)
		return -EINVAL;
	if (!p->frozen)
		return 0;
	if (atomic_load(&p->refs) > 1)
		return -EBUSY;
	if (shm && (shm->borrowed || !is_empty(shm->fd)))
		return -ENOTEMPTY;
	for (size_t i = 0; r == 0 && i < p->n_layers; i++)
		if (wr_layer_touched(p->layers[i].layer))
			r = wr_layer_reset(p->layers[i].layer);
	return r;
}

int warren_policy_fresh(struct warren_policy *p)
{
	if (!p->frozen)
		return 1;
	for (size_t i = 0; i < p->n_layers; i++)
		if (wr_layer_touched(p->layers[i].layer))
			return 0;
	/* A call of a task that was killed may still be served; who serves it has a reference. */
	if (atomic_load(&p->refs) > 1)
		return -EBUSY;
	for (size_t i = 0; i < p->n_layers; i++)
		if (wr_layer_touched(p->layers[i].layer))
			return 0;
	const struct wr_mount *shm = find_shm(p);
	return !shm || (!shm->borrowed && is_empty(shm->fd));
}
