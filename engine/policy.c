/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: what the user asked for, and the immutable table of mounts that is made of it (see policy.h). */
#define _GNU_SOURCE
#include "policy.h"
#include "memo.h"
#include "../handlers/exec_cache.h"
#include "namespace.h"
#include <linux/filter.h>
#include <stdarg.h>
#include <string.h>

int wr_policy_fail(struct warren_policy *p, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	return err;
}

const char *warren_policy_error(const struct warren_policy *p)
{
	return p->error;
}

int warren_policy_new(struct warren_policy **ret)
{
	struct warren_policy *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->refs = 1;
	p->ruleset = -1;
	pthread_mutex_init(&p->lock, NULL);
	*ret = p;
	return 0;
}

struct warren_policy *wr_policy_ref(struct warren_policy *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

static void release_spec(struct wr_layer_spec *s)
{
	for (unsigned i = 0; i < s->n_lowers; i++)
		free(s->lowers[i]);
	free(s->lowers);
	free(s->guest);
	free(s->dir);
	free(s->command);
}

void warren_policy_unref(struct warren_policy *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	wr_exec_cache_free(p->copies);
	wr_namespace_free(p);
	for (size_t i = 0; i < p->n_specs; i++) {
		free(p->specs[i].host);
		free(p->specs[i].guest);
	}
	for (size_t i = 0; i < p->n_layers; i++)
		release_spec(&p->layers[i]);
	free(p->layers);
	for (size_t i = 0; i < p->n_rules; i++)
		free(p->rules[i].guest);
	if (p->ruleset >= 0)
		close(p->ruleset);
	if (!p->base)
		wr_memo_free(p->memo);
	warren_policy_unref(p->base);
	free(p->specs);
	free(p->rules);
	free(p->root);
	free(p->forks_dir);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int warren_policy_set_root(struct warren_policy *p, const char *host_dir)
{
	if (p->frozen || p->base)
		return -EBUSY;
	char *copy = strdup(host_dir);
	if (!copy)
		return -ENOMEM;
	free(p->root);
	p->root = copy;
	return 0;
}

int warren_policy_set_net(struct warren_policy *p, enum warren_net net)
{
	if (p->frozen || p->base)
		return -EBUSY;
	p->net = net;
	return 0;
}

int warren_policy_set_ipc(struct warren_policy *p, enum warren_ipc ipc)
{
	if (p->frozen || p->base)
		return -EBUSY;
	p->ipc = ipc;
	return 0;
}

int warren_policy_set_lower_frozen(struct warren_policy *p, int frozen)
{
	if (p->frozen || p->base)
		return -EBUSY;
	p->lower_frozen = frozen;
	return 0;
}

int warren_policy_add_rule(struct warren_policy *p, enum warren_access access, const char *guest_path)
{
	if (p->frozen || p->base)
		return -EBUSY;
	if (guest_path[0] != '/')
		return wr_policy_fail(p, -EINVAL, "'%s' is not an absolute path of the sandbox", guest_path);
	struct wr_rule *rules = realloc(p->rules, (p->n_rules + 1) * sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	p->rules = rules;
	rules[p->n_rules] = (struct wr_rule){.guest = strdup(guest_path), .access = access};
	if (!rules[p->n_rules].guest)
		return -ENOMEM;
	p->n_rules++;
	return 0;
}

int warren_policy_add_mount(struct warren_policy *p, const char *host, const char *guest_path, int readonly)
{
	if (p->frozen || p->base)
		return -EBUSY;
	if (guest_path[0] != '/')
		return wr_policy_fail(p, -EINVAL, "'%s' is not an absolute path of the sandbox", guest_path);
	struct wr_mount_spec *specs = realloc(p->specs, (p->n_specs + 1) * sizeof(*specs));
	if (!specs)
		return -ENOMEM;
	p->specs = specs;
	specs[p->n_specs] = (struct wr_mount_spec){strdup(host), strdup(guest_path), readonly};
	if (!specs[p->n_specs].host || !specs[p->n_specs].guest) {
		free(specs[p->n_specs].host);
		free(specs[p->n_specs].guest);
		return -ENOMEM;
	}
	p->n_specs++;
	return 0;
}

static int make_spec(struct wr_layer_spec *s, const char *guest, const char *dir,
		     const struct warren_layer_options *o)
{
	s->guest = strdup(guest);
	s->dir = strdup(dir);
	s->command = o->command ? strdup(o->command) : NULL;
	s->max_bytes = o->max_bytes;
	s->max_files = o->max_files;
	s->lowers = calloc(o->n_lowers + 1, sizeof(*s->lowers));
	bool good = s->guest && s->dir && s->lowers && (s->command || !o->command);
	for (; good && s->n_lowers < o->n_lowers; s->n_lowers += good)
		good = (s->lowers[s->n_lowers] = strdup(o->lowers[s->n_lowers])) != NULL;
	return good ? 0 : -ENOMEM;
}

int warren_policy_add_layer_with(struct warren_policy *p, const char *guest_path, const char *layer_dir,
				 const struct warren_layer_options *opt)
{
	static const struct warren_layer_options none;

	if (p->frozen)
		return -EBUSY;
	if (guest_path[0] != '/')
		return wr_policy_fail(p, -EINVAL, "'%s' is not an absolute path of the sandbox", guest_path);
	if (opt && opt->n_lowers >= WR_LAYER_MAX_LOWERS)
		return wr_policy_fail(p, -EINVAL, "more than %d directories below the layer over '%s'",
				      WR_LAYER_MAX_LOWERS - 1, guest_path);
	struct wr_layer_spec *layers = realloc(p->layers, (p->n_layers + 1) * sizeof(*layers));
	if (!layers)
		return -ENOMEM;
	p->layers = layers;
	layers[p->n_layers] = (struct wr_layer_spec){0};
	int r = make_spec(&layers[p->n_layers], guest_path, layer_dir, opt ? opt : &none);
	if (r < 0)
		release_spec(&layers[p->n_layers]);
	else
		p->n_layers++;
	return r;
}

int warren_policy_add_layer(struct warren_policy *p, const char *guest_path, const char *layer_dir)
{
	return warren_policy_add_layer_with(p, guest_path, layer_dir, NULL);
}

/* Is path equal to prefix, or below it? Both canonical without trailing slash. */
static bool below(const char *path, const char *prefix, size_t len)
{
	return strncmp(path, prefix, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

const struct wr_mount *wr_policy_mount(const struct warren_policy *p, const char *path, const char **ret_rel)
{
	const struct wr_mount *m = p->mounts;

	if (path[0] == '/' && path[1] == '\0')
		path++;
	while (m->guest_len && !below(path, m->guest, m->guest_len))
		m++; /* the root, with length 0, is last */
	path += m->guest_len;
	*ret_rel = *path == '/' ? path + 1 : path;
	return m;
}

unsigned wr_policy_may(const struct warren_policy *p, const struct wr_mount *m, const char *path)
{
	unsigned may = 0;
	size_t best = 0;
	bool write = false;

	if (path[0] == '/' && path[1] == '\0')
		path++;
	if (p->uniform || m->builtin) {
		may = WR_MAY_READ | WR_MAY_WRITE | WR_MAY_LIST;
	} else {
		for (size_t i = 0; i < p->n_rules; i++) {
			const struct wr_rule *r = &p->rules[i];
			if (below(path, r->guest, r->len)) {
				if (r->access == WARREN_DENY)
					return 0;
				may |= WR_MAY_READ | WR_MAY_LIST;
				/* the most specific of the rules that grant decides what */
				if (r->len > best || (r->len == best && !write)) {
					best = r->len;
					write = r->access == WARREN_WRITE;
				}
			} else if (r->access != WARREN_DENY && below(r->guest, path, strlen(path))) {
				may |= WR_MAY_LIST;
			}
		}
		if (write)
			may |= WR_MAY_WRITE;
		/* what is mounted below can be reached, too */
		for (size_t i = 0; !may && i < p->n_mounts; i++)
			if (p->mounts[i].guest_len && below(p->mounts[i].guest, path, strlen(path)))
				may |= WR_MAY_LIST;
	}
	return m->readonly ? may & ~(unsigned)WR_MAY_WRITE : may;
}

bool wr_policy_pinned(const struct warren_policy *p, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < p->n_mounts; i++)
		if (below(p->mounts[i].guest, path, len))
			return true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].len && below(p->rules[i].guest, path, len))
			return true;
	return false;
}

/* The path of host below the mount, "" or with a leading slash, in buf of 2 * PATH_MAX; how much of host
 * names the mount. NULL: it does not lie there. */
static const char *below_mount(const struct wr_mount *m, const char *host, char *buf, size_t *ret_matched)
{
	int where = m->layer ? wr_layer_rel_of_path(m->layer, host[0] ? host : "/", buf + 1, 2 * PATH_MAX - 1,
						    NULL)
			     : -ENOENT;
	if (where >= 0) {
		buf[0] = '/';
		*ret_matched = strlen(host) - strlen(buf + 1);
		if (where == WR_LOWER)
			wr_layer_now(m->layer, buf + 1, 2 * PATH_MAX - 1);
		return buf[1] ? buf : buf + 1;
	}
	if (!below(host, m->host, m->host_len))
		return NULL;
	*ret_matched = m->host_len;
	return host + m->host_len;
}

/* The mount that the host path lies in, and its path there; NULL: none. */
static const struct wr_mount *mount_of(const struct warren_policy *p, const char *host,
				       char best_rel[static 2 * PATH_MAX])
{
	char rel[2 * PATH_MAX];
	const struct wr_mount *best = NULL;
	size_t matched, best_matched = 0;

	if (host[0] == '/' && host[1] == '\0')
		host++;
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		const char *rest = below_mount(m, host, rel, &matched);
		if (!rest || (best && matched <= best_matched))
			continue;
		best = m;
		best_matched = matched;
		snprintf(best_rel, 2 * PATH_MAX, "%s", rest);
	}
	return best;
}

bool wr_policy_is_lower(const struct warren_policy *p, const char *host, bool *ret_lost)
{
	char rel[2 * PATH_MAX];
	const struct wr_mount *m = p->n_layers ? mount_of(p, host, rel) : NULL;

	if (!m || !m->layer || wr_layer_rel_of_path(m->layer, host, rel, sizeof(rel), NULL) != WR_LOWER)
		return false;
	*ret_lost = wr_layer_now(m->layer, rel, sizeof(rel)) < 0;
	return true;
}

int wr_policy_guest_path(const struct warren_policy *p, const char *host, char *buf, size_t size)
{
	char best_rel[2 * PATH_MAX] = "";
	const struct wr_mount *best = mount_of(p, host, best_rel);

	if (!best)
		return -ENOENT;
	size_t rest_len = strlen(best_rel);
	if (best->guest_len + rest_len + 2 > size)
		return -ENAMETOOLONG;
	memcpy(buf, best->guest, best->guest_len);
	memcpy(buf + best->guest_len, best_rel, rest_len + 1);
	if (!buf[0])
		strcpy(buf, "/");
	return 0;
}

unsigned wr_policy_may_host(const struct warren_policy *p, const char *host, const struct wr_mount **ret_mnt)
{
	char guest[2 * PATH_MAX], buf[2 * PATH_MAX];
	unsigned may = 0;
	size_t best = 0, matched;

	*ret_mnt = NULL;
	if (host[0] == '/' && host[1] == '\0')
		host++;
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct wr_mount *m = &p->mounts[i];
		const char *rel, *rest = below_mount(m, host, buf, &matched);
		if (!rest || m->guest_len + strlen(rest) >= sizeof(guest))
			continue;
		memcpy(guest, m->guest, m->guest_len);
		strcpy(guest + m->guest_len, rest);
		if (wr_policy_mount(p, guest, &rel) != m)
			continue; /* another mount lies over this name */
		may |= wr_policy_may(p, m, guest);
		if (!*ret_mnt || matched > best) {
			*ret_mnt = m;
			best = matched;
		}
	}
	return may;
}

bool wr_policy_has_extras(const struct warren_policy *p, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < p->n_extras; i++)
		if (p->extras[i].ino == ino && p->extras[i].dev == dev)
			return true;
	return false;
}

static int compile(struct warren_policy *p)
{
	int r = p->base ? wr_namespace_derive(p) : wr_namespace_build(p);
	if (r < 0)
		return r;
	struct sock_filter *prog;
	unsigned short len;
	r = wr_filter_get(p, false, &prog, &len);
	if (r < 0)
		return wr_policy_fail(p, r, "the seccomp filter could not be built: %s", strerror(-r));
	r = wr_landlock_build(p);
	if (r < 0)
		return wr_policy_fail(p, r, "the Landlock ruleset could not be built: %s", strerror(-r));
	if (p->base)
		p->memo = p->base->memo;
	else if (p->lower_frozen && !p->memo)
		p->memo = wr_memo_new(); /* without it everything is looked up */
	return 0;
}

struct wr_exec_cache *wr_policy_copies(struct warren_policy *p)
{
	struct wr_exec_cache *copies = atomic_load(&p->copies);
	char dir[PATH_MAX + 32];

	if (copies)
		return copies;
	pthread_mutex_lock(&p->lock);
	copies = atomic_load(&p->copies);
	snprintf(dir, sizeof(dir), "%s/exec", p->runtime);
	if (!copies && (mkdir(dir, 0700) == 0 || errno == EEXIST) && wr_exec_cache_new(dir, &copies) == 0)
		atomic_store(&p->copies, copies);
	pthread_mutex_unlock(&p->lock);
	return copies;
}

int wr_policy_freeze(struct warren_policy *p)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->frozen) {
		p->error[0] = '\0';
		r = compile(p);
		if (r == 0)
			p->frozen = true;
		else
			wr_namespace_free(p);
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}
