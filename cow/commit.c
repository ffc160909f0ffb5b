/* SPDX-License-Identifier: Apache-2.0 */
/* commit.h. The plan is made from the diff: every change becomes a step, its new object is staged, and what
 * the lower has there is compared with what it was when the layer changed it first. */
#define _GNU_SOURCE
#include "commit.h"
#include "conflict.h"
#include "diff.h"
#include "stage.h"

#include <stdio.h>
#include <sys/file.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#define HASH_FUNCTION(key, len, hashv) ((hashv) = (unsigned)XXH3_64bits((key), (len)))
#define HASH_NONFATAL_OOM	       1
#define uthash_nonfatal_oom(element)   ((element)->oom = true)
#include <uthash.h>

struct link { /* a staged object that has further names */
	UT_hash_handle hh;
	bool oom;
	struct {
		uint64_t dev, ino;
	} key;
	uint32_t number;
};

struct plan {
	struct wr_layer *l;
	const struct wr_commit_options *o;
	struct wr_commit_result result;
	struct wr_origins origins;
	struct wr_stage stage;
	struct wr_journal steps, attrs;
	struct link *links;
	uint32_t next;
	char *skipped; /* the last path left out, with everything below it */
	uint64_t stage_dev;
};

static bool is_skipped(const struct plan *p, const char *path)
{
	size_t n = p->skipped ? strlen(p->skipped) : 0;

	return p->skipped && !strncmp(path, p->skipped, n) && path[n] == '/';
}

/* ---- staging ---- */

static bool is_in_upper(struct wr_layer *l, const char *path)
{
	_cleanup_close_ int fd = wr_open_below(l->upper, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

static int copy_object(struct plan *p, const struct wr_change *c, const char *name)
{
	char proc[32];
	struct stat st = c->upper_st;
	/* a file that its owner may not read is still his; those of the lowers are others' as well */
	bool closed =
		S_ISREG(st.st_mode) && !(st.st_mode & 0400) && geteuid() != 0 && is_in_upper(p->l, c->path);

	if (closed)
		chmod(wr_cow_proc(c->upper, proc), (st.st_mode & 07777) | 0400);
	int r = wr_make_copy(p->stage.fd, c->upper, &st, true, name);
	if (closed)
		chmod(proc, st.st_mode & 07777);
	if (r < 0 || !S_ISREG(st.st_mode))
		return r;
	_cleanup_close_ int fd = openat(p->stage.fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int file = fd < 0 ? -1 : open(wr_cow_proc(fd, proc), O_RDONLY | O_CLOEXEC);
	if (file < 0) /* not readable: synced with the file system */
		return fd < 0 ? -errno : 0;
	return fsync(file) < 0 ? -errno : 0;
}

static int stage_object(struct plan *p, const struct wr_change *c, struct wr_step *s)
{
	char name[32], other[32];
	struct stat st;
	struct link *known = NULL, key = {.key = {c->upper_st.st_dev, c->upper_st.st_ino}};
	bool linked = !S_ISDIR(c->upper_st.st_mode) && c->upper_st.st_nlink > 1;
	int r;

	s->number = p->next++;
	wr_step_new_name(s, name);
	if (linked)
		HASH_FIND(hh, p->links, &key.key, sizeof(key.key), known);
	if (known) {
		snprintf(other, sizeof(other), "%u", known->number);
		r = linkat(p->stage.fd, other, p->stage.fd, name, 0) < 0 ? -errno : 0;
	} else if (S_ISDIR(c->upper_st.st_mode)) {
		r = mkdirat(p->stage.fd, name, 0700) < 0 ? -errno : 0; /* its rights come last */
	} else {
		r = copy_object(p, c, name);
	}
	if (r == 0 && fstatat(p->stage.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return r;
	s->new_dev = st.st_dev;
	s->new_ino = st.st_ino;
	if (linked && !known) {
		struct link *n = calloc(1, sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->key.dev = key.key.dev;
		n->key.ino = key.key.ino;
		n->number = s->number;
		HASH_ADD(hh, p->links, key, sizeof(n->key), n);
		if (n->oom) {
			free(n);
			return -ENOMEM;
		}
	}
	return 0;
}

/* What would fail later must fail now. Directories that the commit makes are not there yet: they will do. */
static int check_parent(struct plan *p, struct wr_step *s)
{
	struct wr_path path;
	char dir[PATH_MAX];
	struct stat st;
	int r = wr_path_parse(s->path, &path);

	if (r < 0)
		return r;
	_cleanup_close_ int fd =
		wr_open_below(wr_bottom(p->l), wr_path_dir(&path, dir), O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != p->stage_dev)
		return -EXDEV;
	r = (int)wr_ret(syscall(SYS_faccessat2, fd, "", W_OK | X_OK, AT_EMPTY_PATH | AT_EACCESS));
	if (r == -EACCES && st.st_uid == geteuid()) {
		s->pad = 0x10000 | (st.st_mode & 07777);
		r = 0;
	}
	return r;
}

static int add_attr(struct plan *p, const struct wr_change *c)
{
	struct wr_step s = {.kind = WR_STEP_ATTR, .path = c->path};

	if (c->kind == WR_MODIFIED && geteuid() != 0 && c->lower_st.st_uid != geteuid())
		return -EPERM;
	return wr_journal_add(&p->attrs, &s);
}

static int add_step(struct plan *p, const struct wr_change *c)
{
	struct wr_step s = {.path = c->path};
	int r;

	if (c->kind == WR_MODIFIED && (S_ISDIR(c->upper_st.st_mode) || !(c->what & WR_CH_CONTENT)))
		return add_attr(p, c);
	s.kind = c->kind == WR_ADDED ? WR_STEP_PUT : c->kind == WR_DELETED ? WR_STEP_REMOVE : WR_STEP_SWAP;
	if (c->lower >= 0)
		wr_base_id_of(&c->lower_st, &s.expected);
	r = check_parent(p, &s);
	if (r == 0 && c->kind == WR_DELETED)
		s.number = p->next++;
	else if (r == 0)
		r = stage_object(p, c, &s);
	if (r == 0)
		r = wr_journal_add(&p->steps, &s);
	if (r == 0 && c->kind != WR_DELETED && S_ISDIR(c->upper_st.st_mode))
		r = add_attr(p, c);
	return r;
}

static int on_change(void *user, const struct wr_change *c)
{
	struct plan *p = user;

	if (is_skipped(p, c->path))
		return 0;
	int r = wr_conflicts(&p->origins, c);
	if (r < 0)
		return r;
	if (r) {
		p->result.conflicts++;
		if (p->o && p->o->conflict)
			p->o->conflict(p->o->user, c->path);
		free(p->skipped);
		p->skipped = strdup(c->path);
		return p->skipped ? 0 : -ENOMEM;
	}
	if (p->result.conflicts && !(p->o && p->o->merge))
		return 0; /* nothing will be applied: only the other conflicts are of interest */
	p->result.applied++;
	return p->o && p->o->check ? 0 : add_step(p, c);
}

/* ---- the whole ---- */

static void plan_release(struct plan *p)
{
	struct link *n, *next;

	HASH_ITER (hh, p->links, n, next) {
		HASH_DELETE(hh, p->links, n);
		free(n);
	}
	wr_journal_release(&p->steps);
	wr_journal_release(&p->attrs);
	wr_origins_release(&p->origins);
	free(p->skipped);
	wr_cleanup_close(&p->stage.fd);
}

static int sync_lower(struct wr_layer *l)
{
	_cleanup_close_ int fd = openat(wr_bottom(l), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

/* With the journal on disk: to the end, or back. */
static int carry_out(struct wr_layer *l, struct wr_stage *stage, const struct wr_journal *j, bool undo,
		     enum wr_recovery *ret)
{
	int why = 0, attr = 0, r;

	if (!undo) {
		why = wr_steps_apply(l, stage, j, &attr);
		if (why < 0) {
			r = wr_journal_mark_undo(l->dir);
			if (r < 0)
				return r;
		}
	}
	if (undo || why < 0) {
		r = wr_steps_undo(l, stage, j);
		if (r < 0)
			return r; /* the journal stays */
		*ret = WR_ROLLED_BACK;
	} else {
		*ret = WR_ROLLED_FORWARD;
	}
	r = sync_lower(l);
	if (r == 0)
		r = wr_journal_remove(l->dir);
	if (r == 0)
		r = wr_stage_remove(l, stage);
	return why < 0 ? why : r < 0 ? r : attr;
}

int wr_layer_recover(struct wr_layer *l)
{
	struct wr_journal j;
	struct wr_stage stage = {.fd = -1};
	enum wr_recovery how = WR_RECOVERED_NOTHING;
	int found = wr_stage_find(l, &stage), r = wr_journal_read(l->dir, &j);

	if (r == 0) {
		r = found < 0 ? found : stage.fd < 0 ? -EUCLEAN : carry_out(l, &stage, &j, j.undo, &how);
		if (r < 0 && how == WR_ROLLED_BACK)
			r = 0; /* it could not be finished, and is undone */
	} else if (r == -ENOENT) {
		unlinkat(l->dir, "undo", 0);
		r = found == -ENOENT ? 0 : found;
		if (found == 0) {
			how = WR_ROLLED_BACK;
			r = wr_stage_remove(l, &stage);
		}
	}
	wr_journal_release(&j);
	wr_cleanup_close(&stage.fd);
	return r < 0 ? r : (int)how;
}

/* What the lowers change lies in the way of what is over them: it is all applied, as one. */
static unsigned what_to_apply(const struct wr_layer *l)
{
	return l->n_lowers > 1 ? WR_DIFF_TIMES | WR_DIFF_LOWERS : WR_DIFF_TIMES;
}

static int run_plan(struct plan *p)
{
	struct wr_layer *l = p->l;
	enum wr_recovery how;
	struct stat st;
	int r = wr_stage_make(l, &p->stage);

	if (r == 0 && fstat(p->stage.fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return r;
	p->stage_dev = st.st_dev;
	r = wr_layer_diff(l, what_to_apply(l), on_change, p);
	if (r == 0 && p->result.conflicts && !(p->o && p->o->merge))
		r = -ESTALE;
	/* of directories the innermost first: work in them changes their times */
	for (size_t i = p->attrs.n; r == 0 && i-- > 0;)
		r = wr_journal_add(&p->steps, &p->attrs.v[i]);
	if (r == 0 && p->steps.n) {
		r = sync_lower(l);
		if (r == 0)
			r = wr_sync_dir(p->stage.fd);
		if (r == 0)
			r = wr_journal_write(l->dir, &p->steps);
		if (r == 0)
			return carry_out(l, &p->stage, &p->steps, false, &how);
	}
	int rest = wr_stage_remove(l, &p->stage);
	return r < 0 ? r : rest;
}

int wr_layer_commit(struct wr_layer *l, const struct wr_commit_options *o, struct wr_commit_result *ret)
{
	struct plan p = {.l = l, .o = o, .stage = {.fd = -1}};

	if (l->readonly)
		return -EROFS;
	int r = wr_layer_recover(l);
	/* one that was killed had been told so */
	if (r >= 0 && r != WR_ROLLED_FORWARD && l->n_lowers > 1 && !(o && o->with_lowers))
		return -EOPNOTSUPP;
	if (r >= 0)
		r = wr_origins_open(l, &p.origins);
	if (r >= 0 && o && o->check) {
		r = wr_layer_diff(l, what_to_apply(l), on_change, &p);
		if (r == 0 && p.result.conflicts && !o->merge)
			r = -ESTALE;
	} else if (r >= 0) {
		r = run_plan(&p);
	}
	if (r < 0)
		p.result.applied = 0;
	*ret = p.result;
	plan_release(&p);
	return r;
}

int wr_layer_discard(const char *path)
{
	static const char *const files[] = {"base",	     "stage.new", "journal.new",
					    "meta.json.new", "undo",	  "lock"};
	static const char *const dirs[] = {"upper", "work", "staging"};
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (dir < 0)
		return -errno;
	if (faccessat(dir, "meta.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && wr_layer_unfinished(dir) != 1)
		return -EINVAL;
	_cleanup_close_ int lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (faccessat(dir, "journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    faccessat(dir, "stage", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EUCLEAN;
	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(dirs); i++)
		r = wr_purge(dir, dirs[i]);
	if (r == 0)
		r = wr_purge_leftovers(dir);
	for (size_t i = 0; r == 0 && i < WR_ARRAY_SIZE(files); i++)
		if (unlinkat(dir, files[i], 0) < 0 && errno != ENOENT)
			r = -errno;
	/* last: until then it is a layer, and can be discarded again */
	if (r == 0 && unlinkat(dir, "meta.json", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r;
}
