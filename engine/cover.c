/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the layers of a policy over their directories, in the table of mounts. */
#define _GNU_SOURCE
#include "namespace.h"
#include <string.h>

int wr_host_name(int fd, char *buf, size_t size)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	if (n == 1) /* "/" */
		buf[0] = '\0';
	return 0;
}

/* The directory itself, where the layer is: a mount of its own, unless it is one already. */
static int cover(struct warren_policy *p, struct wr_layer_spec *s, const char *guest, struct wr_mount *m,
		 const char *rel)
{
	char host[2 * PATH_MAX];
	const char *lowers[WR_LAYER_MAX_LOWERS];
	int fds[WR_LAYER_MAX_LOWERS];
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	_cleanup_close_ int fd = wr_openat2(m->fd, *rel ? rel : ".", &how);
	int r = fd < 0 ? fd : wr_host_name(fd, host, sizeof(host));

	if (r < 0)
		return r;
	for (unsigned i = 0; i < s->n_lowers; i++) {
		lowers[i] = s->lowers[i];
		fds[i] = -1;
	}
	lowers[s->n_lowers] = host[0] ? host : "/";
	fds[s->n_lowers] = fd;
	const struct wr_layer_options o = {.dir = s->dir,
					   .lowers = lowers,
					   .lower_fds = fds,
					   .n_lowers = s->n_lowers + 1,
					   .covers = s->guest,
					   .command = s->command,
					   .max_bytes = s->max_bytes,
					   .max_files = s->max_files};
	r = wr_layer_open(&o, &s->layer);
	if (r < 0)
		return r;
	if (!*rel) {
		m->layer = s->layer;
		return 0;
	}
	return wr_namespace_insert(
		p, guest[1] ? guest : "", wr_steal_fd(&fd),
		(struct wr_mount){.kind = m->kind, .builtin = m->builtin, .layer = s->layer});
}

static const char *layer_trouble(int r)
{
	switch (r) {
	case -EBUSY:
		return "another supervisor has it open";
	case -ESTALE:
		return "it was made over another directory, or that was replaced";
	case -ENOENT:
		return "a directory that it lies over is gone";
	case -ETXTBSY:
		return "another supervisor writes to one of its lower layers";
	case -ENOTEMPTY:
		return "the directory is not empty, and not a layer";
	case -EINVAL:
		return "it is damaged, or of another version of warren";
	case -EUCLEAN:
		return "a commit of it was killed; end that with warren commit";
	case -EOPNOTSUPP:
		return "its file system can hold neither whiteouts nor user xattrs";
	default:
		return strerror(-r);
	}
}

static int add_layer(struct warren_policy *p, struct wr_layer_spec *s)
{
	char guest[2 * PATH_MAX];
	const char *rel;
	int r = wr_policy_canonical(p, s->guest, guest, sizeof(guest));

	if (r < 0)
		return wr_policy_fail(p, r, "layer over '%s': %s", s->guest, strerror(-r));
	struct wr_mount *m = (struct wr_mount *)(uintptr_t)wr_policy_mount(p, guest, &rel);
	if (m->layer || m->kind != WR_MOUNT_HOST || m->readonly || !m->is_dir)
		return wr_policy_fail(p, -EINVAL, "there can be no layer over '%s': it %s", s->guest,
				      m->layer	    ? "lies in another layer"
				      : m->readonly ? "is mounted read-only"
						    : "is not a directory of the host");
	r = cover(p, s, guest, m, rel);
	if (r < 0)
		return wr_policy_fail(p, r, "layer '%s' over '%s': %s", s->dir, s->guest, layer_trouble(r));
	return 0;
}

/* The path lies in a directory of the layer, other than the host's own root: everything does in that. */
static bool lies_in(const struct wr_layer *l, const char *host)
{
	char rel[2 * PATH_MAX];

	return wr_layer_rel_of_path(l, host, rel, sizeof(rel), NULL) >= 0 && strlen(rel) + 1 < strlen(host);
}

/* Whose layer, other than that of self, has the host's object in it? NULL: none. */
static const struct wr_layer_spec *other_over(const struct warren_policy *p, const struct wr_layer_spec *self,
					      const char *host)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (&p->layers[i] != self && lies_in(p->layers[i].layer, host))
			return &p->layers[i];
	return NULL;
}

/* What is written to a layer in a covered directory, or in a lower one, would be shown there. An object in
 * two layers: whose a descriptor of it is could not be told. */
static int check_layer(struct warren_policy *p, const struct wr_layer_spec *s)
{
	char host[2 * PATH_MAX];
	const struct wr_layer_spec *other;
	_cleanup_close_ int fd = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : wr_host_name(fd, host, sizeof(host));

	if (r < 0)
		return r;
	other = lies_in(s->layer, host) ? s : other_over(p, s, host);
	if (other)
		return wr_policy_fail(p, -EINVAL, "layer '%s' lies in the directory that %s covers ('%s')",
				      s->dir, other == s ? "it" : "another", other->guest);
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].layer == s->layer && (other = other_over(p, s, p->mounts[i].host)))
			return wr_policy_fail(p, -EINVAL,
					      "there can be no layer over '%s': it lies in that over '%s'",
					      s->guest, other->guest);
	for (unsigned n = 1; wr_layer_dir(s->layer, n) >= 0; n++) {
		r = wr_host_name(wr_layer_dir(s->layer, n), host, sizeof(host));
		if (r < 0)
			return r;
		other = other_over(p, s, host);
		if (other)
			return wr_policy_fail(p, -EINVAL, "'%s' lies below two layers, over '%s' and '%s'",
					      s->lowers[n - 1], s->guest, other->guest);
	}
	return 0;
}

int wr_namespace_cover(struct warren_policy *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_layers; i++)
		r = add_layer(p, &p->layers[i]);
	for (size_t i = 0; r == 0 && i < p->n_layers; i++)
		r = check_layer(p, &p->layers[i]);
	return r;
}
