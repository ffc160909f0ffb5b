/* SPDX-License-Identifier: Apache-2.0 */
/* What a job leaves in its layer: counted for the results, and copied out. Names and files are the job's
 * making: nothing is followed, and nothing but directories, files and symlinks is copied. */
#define _GNU_SOURCE
#include "batch.h"
#include "../../cow/diff.h"
#include "../../cow/internal.h"
#include "../../cow/set.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct collecting {
	struct result *r;
	int to; /* the job's own directory; -1: not made yet, or nothing is copied */
	struct batch *b;
	const struct job *job;
	const char *prefix; /* of names in it: "", or the covered directory without its first slash, and a
			       slash */
	bool all;
	int error;
};

/* ---- names ---- */

/* The absolute path without empty components and "."; false: there is a "..", or it is too long. */
static bool normal(const char *dir, const char *path, char buf[static PATH_MAX])
{
	const char *parts[] = {path[0] == '/' ? "" : dir, path};
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		for (const char *at = parts[i]; *at;) {
			size_t n = strcspn(at, "/");
			if (n == 2 && !strncmp(at, "..", 2))
				return false;
			if (n && !(n == 1 && *at == '.')) {
				if (len + n + 2 > PATH_MAX)
					return false;
				buf[len++] = '/';
				memcpy(buf + len, at, n);
				len += n;
			}
			at += n;
			at += *at == '/';
		}
	}
	buf[len] = '\0';
	return true;
}

static bool escaped(unsigned char c)
{
	return c < ' ' || c == '/' || c == '%' || c == 0x7f;
}

/* The id as the name of a directory. */
void output_dir(const char *id, char buf[static NAME_MAX + 1])
{
	size_t len = 0;

	for (const char *c = id; *c && len + 4 < NAME_MAX; c++) {
		if (escaped((unsigned char)*c) || (c == id && *c == '.'))
			len += (size_t)snprintf(buf + len, 4, "%%%02X", (unsigned char)*c);
		else
			buf[len++] = *c;
	}
	buf[len] = '\0';
}

/* ---- copying ---- */

static int job_dir(struct collecting *c)
{
	char name[NAME_MAX + 1];

	if (c->to >= 0)
		return c->to;
	output_dir(c->job->id, name);
	_cleanup_close_ int top = open(c->b->collect, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return -errno;
	int r = wr_purge(top, name); /* of an earlier try */
	if (r < 0)
		return r;
	if (mkdirat(top, name, 0777) < 0)
		return -errno;
	c->to = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return c->to < 0 ? -errno : c->to;
}

/* The directory that path lies in, made with its parents. *ret_name points into path. */
static int parent(int top, char *path, const char **ret_name)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC};
	int dir = fcntl(top, F_DUPFD_CLOEXEC, 0);

	for (char *slash; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		*slash = '\0';
		int next = mkdirat(dir, path, 0777) < 0 && errno != EEXIST ? -errno
									   : wr_openat2(dir, path, &how);
		*slash = '/';
		close(dir);
		dir = next;
	}
	*ret_name = path;
	return dir;
}

static int copy_file(int from, int dir, const char *name, const struct stat *st)
{
	char proc[32];
	_cleanup_close_ int in = open(wr_cow_proc(from, proc), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return -errno;
	_cleanup_close_ int out =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	int r = wr_copy_data(in, out, st);
	if (r == 0 && fchmod(out, (st->st_mode & 0777) | 0600) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, name, 0);
	return r;
}

static int copy_link(int from, int dir, const char *name)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from, "", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return symlinkat(text, dir, name) < 0 ? -errno : 0;
}

/* An object, O_PATH, to path in the job's directory; of a directory its name alone. */
static int copy_object(struct collecting *c, int from, const char *rel)
{
	char path[2 * PATH_MAX];
	const char *name;
	struct stat st;
	int top = job_dir(c);

	if (top < 0)
		return top;
	if (fstat(from, &st) < 0)
		return -errno;
	if (snprintf(path, sizeof(path), "%s%s", c->prefix, rel) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!*path)
		return 0;
	_cleanup_close_ int dir = parent(top, path, &name);
	if (dir < 0)
		return dir;
	if (S_ISDIR(st.st_mode))
		return mkdirat(dir, name, 0777) < 0 && errno != EEXIST ? -errno : 0;
	int r = S_ISREG(st.st_mode)   ? copy_file(from, dir, name, &st)
		: S_ISLNK(st.st_mode) ? copy_link(from, dir, name)
				      : -EPERM; /* a FIFO, socket or device is no output */
	c->r->use.collected += r == 0;
	return r == -EPERM ? 0 : r;
}

/* ---- all that has changed ---- */

static int count(void *user, const struct wr_change *ch)
{
	struct collecting *c = user;
	struct layer_use *u = &c->r->use;

	u->added += ch->kind == WR_ADDED;
	u->modified += ch->kind == WR_MODIFIED || ch->kind == WR_RETYPED;
	u->deleted += ch->kind == WR_DELETED;
	if (c->all && ch->upper >= 0 && *ch->path &&
	    (ch->kind == WR_ADDED || ch->kind == WR_RETYPED || (ch->what & WR_CH_CONTENT))) {
		int r = copy_object(c, ch->upper, ch->path);
		if (r < 0 && c->error == 0)
			c->error = r;
	}
	return 0;
}

/* ---- what was asked for ---- */

struct todo {
	struct todo *next;
	char path[];
};

static int push(struct todo **list, const char *dir, const char *name)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	struct todo *t = malloc(sizeof(*t) + size);

	if (!t)
		return -ENOMEM;
	snprintf(t->path, size, "%s%s%s", dir, *dir && *name ? "/" : "", name);
	t->next = *list;
	*list = t;
	return 0;
}

static int push_content(struct wr_layer *l, const char *dir, struct todo **list)
{
	const struct wr_layer_listing *ls;
	int r = wr_layer_list(l, dir, &ls);

	if (r < 0)
		return r;
	for (size_t i = 2; r == 0 && i < ls->n; i++)
		r = push(list, dir, ls->entries[i].name);
	wr_layer_listing_unref(ls);
	return r;
}

static int copy_tree(struct collecting *c, struct wr_layer *l, const char *rel)
{
	struct todo *list = NULL;
	int r = push(&list, rel, "");

	while (list) {
		struct todo *t = list;
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		struct stat st;
		list = t->next;
		if (r == 0)
			r = wr_layer_lookup(l, t->path, 0, &f);
		if (r == 0)
			r = copy_object(c, f.fd, t->path);
		if (r == 0 && fstat(f.fd, &st) == 0 && S_ISDIR(st.st_mode))
			r = push_content(l, t->path, &list);
		free(t);
	}
	return r;
}

/* Notes the first that is not there, or cannot be copied. */
static void miss(struct collecting *c, const char *path, int r)
{
	const char *why = r == -ENOENT	? "there is none"
			  : r == -EXDEV ? "it lies in no directory of --cow"
			  : r == -ELOOP ? "it lies behind a symlink"
					: strerror(-r);

	if (!c->r->error && asprintf(&c->r->error, "output '%s': %s", path, why) < 0)
		c->r->error = NULL;
}

static bool lies_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static void copy_outputs(struct collecting *c, struct wr_layer *l, const char *covers, bool *found)
{
	const char *cwd = c->job->cwd ? c->job->cwd : c->b->cwd ? c->b->cwd : "/";
	char path[PATH_MAX];

	for (size_t i = 0; c->job->outputs[i]; i++) {
		if (found[i] || !normal(cwd, c->job->outputs[i], path) || !lies_in(path, covers))
			continue;
		found[i] = true;
		int r = copy_tree(c, l, path + strlen(covers) + (path[strlen(covers)] == '/'));
		if (r < 0)
			miss(c, c->job->outputs[i], r);
	}
}

/* ---- of one job ---- */

static int collect_part(struct collecting *c, const struct wr_set_part *part, bool one, bool *found)
{
	const struct wr_layer_options o = {.dir = part->dir, .readonly = true, .idle = true};
	struct wr_layer_usage use;
	char covers[PATH_MAX], prefix[PATH_MAX + 1];
	struct wr_layer *l;
	int r = wr_layer_open(&o, &l);

	if (r < 0)
		return r;
	if (!normal("", part->covers ? part->covers : "/", covers))
		covers[0] = '\0';
	snprintf(prefix, sizeof(prefix), "%s/", covers + (covers[0] == '/'));
	c->prefix = one || !prefix[1] ? "" : prefix;
	wr_layer_usage(l, &use);
	c->r->use.bytes += use.bytes;
	c->r->use.files += use.files;
	r = wr_layer_diff(l, 0, count, c);
	if (found)
		copy_outputs(c, l, covers, found);
	wr_layer_close(l);
	return r;
}

void collect(struct batch *b, const struct job *job, const char *dir, struct result *r)
{
	_cleanup_set_ struct wr_set set = {0};
	struct collecting c = {.b = b,
			       .job = job,
			       .r = r,
			       .to = -1,
			       .all = b->collect && !(job->outputs && job->outputs[0])};
	_cleanup_free_ bool *found = NULL;
	size_t n = 0;
	int e = wr_set_read(dir, &set);

	r->use = (struct layer_use){.known = true};
	if (b->collect && !c.all) {
		while (job->outputs[n])
			n++;
		found = calloc(n, sizeof(*found));
		if (!found)
			e = -ENOMEM;
	}
	for (size_t i = 0; e == 0 && i < set.n; i++)
		e = collect_part(&c, &set.parts[i], set.n == 1, found);
	for (size_t i = 0; e == 0 && i < n; i++)
		if (!found[i])
			miss(&c, job->outputs[i], -EXDEV);
	e = e < 0 ? e : c.error;
	if (e < 0 && !r->error && asprintf(&r->error, "its layer cannot be collected: %s", strerror(-e)) < 0)
		r->error = NULL;
	if (r->error && r->outcome == JOB_PASSED)
		r->outcome = JOB_NO_OUTPUT;
	wr_cleanup_close(&c.to);
}

bool output_is_good(const char *path)
{
	char buf[PATH_MAX];

	return *path && normal("/", path, buf);
}
