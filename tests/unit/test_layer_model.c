/* SPDX-License-Identifier: Apache-2.0 */
/* Random sequences of operations on a layer and on a plain copy of its lower directory: results, errors and
 * the trees are equal. Then the layer is opened anew and must show the same tree. What differs by design is
 * the rename of a directory with a lower part.
 *
 * With OVERLAY in the environment the other side is the kernel's overlayfs over the same directory, and that
 * rename is the same, too. In the end each opens what the other has written, and shows what it should. */
#define _GNU_SOURCE
#include "layer_util.h"

#include "../../cow/commit.h"

#include <sched.h>
#include <sys/mount.h>

static bool overlay;

static unsigned long long rng;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)(rng % n);
}

/* Few names, so that they meet. */
static const char *pick(char buf[static 64])
{
	static const char *const names[] = {"a", "b", "c", "one", "two", "d", "x", "empty", "link", "new"};
	unsigned depth = 1 + rnd(3);

	buf[0] = '\0';
	for (unsigned i = 0; i < depth; i++) {
		if (i)
			strcat(buf, "/");
		strcat(buf, names[rnd(WR_ARRAY_SIZE(names))]);
	}
	if (rnd(20) == 0)
		strcat(buf, "/");
	return buf;
}

static int plain_open(int at, const char *rel, uint64_t flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC, .mode = (flags & O_CREAT) ? mode : 0, .resolve = BELOW};

	return wr_openat2(at, rel, &how);
}

/* The parent, as a handler would have resolved it. */
static int plain_parent(int at, const char *rel, char name[static 64])
{
	struct wr_path p;
	char dir[PATH_MAX];
	int r = wr_path_parse(rel, &p);

	if (r < 0)
		return r;
	snprintf(name, 64, "%s%s", p.name, p.slash ? "/" : "");
	return wr_open_below(at, wr_path_dir(&p, dir), O_PATH | O_DIRECTORY, 0);
}

struct op {
	enum { WRITE, APPEND, MKDIR, UNLINK, RMDIR, RENAME, LINK, SYMLINK, CHMOD, STAT, MKFIFO, N_OPS } kind;
	char a[64], b[64];
	uint64_t flags;
	mode_t mode;
	unsigned serial;
};

static int write_and_close(int fd, const struct op *op)
{
	char text[32];

	if (fd < 0)
		return fd;
	snprintf(text, sizeof(text), "%u\n", op->serial);
	ssize_t n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

static int on_plain(int at, const struct op *op)
{
	char n1[64], n2[64], proc[32];
	struct stat st;
	_cleanup_close_ int p1 = -1, p2 = -1, fd = -1;

	if (op->kind == WRITE || op->kind == APPEND)
		return write_and_close(plain_open(at, op->a, op->flags, op->mode), op);
	if (op->kind == STAT || op->kind == CHMOD) {
		fd = plain_open(at, op->a, O_PATH | O_NOFOLLOW, 0);
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (op->kind == STAT)
			return (int)st.st_mode;
		if (S_ISLNK(st.st_mode))
			return -EOPNOTSUPP;
		return chmod(wr_cow_proc(fd, proc), op->mode) < 0 ? -errno : 0;
	}
	p1 = plain_parent(at, op->a, n1);
	if (p1 < 0)
		return p1;
	/* link(2) looks at the old name before it walks to the new one */
	if (op->kind == LINK && fstatat(p1, n1, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (op->kind == RENAME || op->kind == LINK) {
		p2 = plain_parent(at, op->b, n2);
		if (p2 < 0)
			return p2;
	}
	int r = 0;
	switch (op->kind) {
	case MKDIR:
		r = mkdirat(p1, n1, op->mode);
		break;
	case UNLINK:
		r = unlinkat(p1, n1, 0);
		break;
	case RMDIR:
		r = unlinkat(p1, n1, AT_REMOVEDIR);
		break;
	case RENAME:
		return wr_cow_rename(p1, n1, p2, n2, (unsigned)op->flags);
	case LINK:
		r = linkat(p1, n1, p2, n2, 0);
		break;
	case SYMLINK:
		r = symlinkat("to", p1, n1);
		break;
	default:
		r = mknodat(p1, n1, S_IFIFO | op->mode, 0);
	}
	return r < 0 ? -errno : 0;
}

static int on_layer(struct wr_layer *l, const struct op *op)
{
	struct open_how how = {.flags = op->flags, .mode = op->mode};
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	struct stat st;
	char proc[32];
	int r;

	switch (op->kind) {
	case WRITE:
	case APPEND:
		r = wr_layer_open_file(l, op->a, &how, &f, NULL);
		if (r == 0)
			r = write_and_close(wr_steal_fd(&f.fd), op);
		return r;
	case STAT:
		r = wr_layer_lookup(l, op->a, 0, &f);
		if (r == 0)
			r = fstat(f.fd, &st) < 0 ? -errno : (int)st.st_mode;
		return r;
	case CHMOD:
		r = wr_layer_lookup(l, op->a, 0, &f);
		if (r == 0 && fstat(f.fd, &st) == 0 && S_ISLNK(st.st_mode))
			return -EOPNOTSUPP;
		wr_found_release(&f);
		if (r == 0)
			r = wr_layer_copy_up(l, op->a, WR_UP_OWNER, &f);
		if (r == 0)
			r = chmod(wr_cow_proc(f.fd, proc), op->mode) < 0 ? -errno : 0;
		return r;
	case MKDIR:
		return wr_layer_mkdir(l, op->a, op->mode);
	case UNLINK:
		return wr_layer_unlink(l, op->a);
	case RMDIR:
		return wr_layer_rmdir(l, op->a);
	case RENAME:
		return wr_layer_rename(l, op->a, op->b, (unsigned)op->flags);
	case LINK:
		return wr_layer_link(l, op->a, op->b);
	case SYMLINK:
		return wr_layer_symlink(l, "to", op->a);
	default:
		return wr_layer_mknod(l, op->a, S_IFIFO | op->mode, 0);
	}
}

static void random_op(struct op *op, unsigned serial)
{
	static const uint64_t opens[] = {
		O_WRONLY | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_EXCL, O_RDWR, O_RDWR | O_CREAT,
		O_WRONLY | O_TRUNC,	      O_RDONLY | O_CREAT};
	static const uint64_t renames[] = {0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	static const mode_t modes[] = {0755, 0700, 0644, 0777, 0600};

	memset(op, 0, sizeof(*op));
	op->kind = rnd(N_OPS);
	op->serial = serial;
	op->mode = modes[rnd(WR_ARRAY_SIZE(modes))] | (op->kind == MKDIR || op->kind == CHMOD ? 0700 : 0);
	pick(op->a);
	pick(op->b);
	if (op->kind == LINK && strchr(op->a, '\0')[-1] == '/')
		op->a[strlen(op->a) - 1] = '\0'; /* the plain linkat would follow a symlink there */
	if (op->kind == WRITE)
		op->flags = opens[rnd(WR_ARRAY_SIZE(opens))] | O_NONBLOCK;
	else if (op->kind == APPEND)
		op->flags = O_WRONLY | O_APPEND | O_NONBLOCK;
	else if (op->kind == RENAME)
		op->flags = renames[rnd(WR_ARRAY_SIZE(renames))];
}

/* "path type mode content" of everything. Times and inode numbers differ. */
static void dump_layer(struct wr_layer *l, const char *rel, FILE *out)
{
	const struct wr_layer_listing *ls;
	char path[PATH_MAX], text[256];
	int r = wr_layer_list(l, rel, &ls);

	if (r < 0)
		fail_msg("list %s: %s", rel, strerror(-r));
	for (size_t i = 2; i < ls->n; i++) {
		const struct wr_layer_dirent *e = &ls->entries[i];
		struct stat st;
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		snprintf(path, sizeof(path), "%s%s%s", rel, *rel ? "/" : "", e->name);
		r = wr_layer_lookup(l, path, 0, &f);
		if (r < 0)
			fail_msg("%s is listed, but: %s", path, strerror(-r));
		assert_int_equal(fstat(f.fd, &st), 0);
		assert_int_equal(e->ino, st.st_ino);
		assert_int_equal(e->type, IFTODT(st.st_mode));
		text[0] = '\0';
		if (S_ISREG(st.st_mode)) {
			char *s = lt_read(l, path);
			snprintf(text, sizeof(text), "%s", s ? s : "?");
		} else if (S_ISLNK(st.st_mode)) {
			ssize_t n = readlinkat(f.fd, "", text, sizeof(text) - 1);
			text[n < 0 ? 0 : n] = '\0';
		}
		fprintf(out, "%s %o %s\n", path, st.st_mode, text);
		if (S_ISDIR(st.st_mode))
			dump_layer(l, path, out);
	}
	wr_layer_listing_unref(ls);
}

static void dump_plain(int at, const char *rel, FILE *out)
{
	char path[PATH_MAX], text[256], proc[32];
	int fd = openat(at, *rel ? rel : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", rel, *rel ? "/" : "", e->d_name);
		_cleanup_close_ int f = openat(at, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		assert_int_equal(fstat(f, &st), 0);
		ssize_t n = 0;
		if (S_ISREG(st.st_mode)) {
			_cleanup_close_ int c = open(wr_cow_proc(f, proc), O_RDONLY | O_CLOEXEC);
			n = c >= 0 ? read(c, text, sizeof(text) - 1) : -1;
		} else if (S_ISLNK(st.st_mode)) {
			n = readlinkat(f, "", text, sizeof(text) - 1);
		}
		text[n < 0 ? 0 : n] = '\0';
		fprintf(out, "%s %o %s\n", path, st.st_mode, n < 0 ? "?" : text);
		if (S_ISDIR(st.st_mode))
			dump_plain(at, path, out);
	}
	closedir(d);
}

static int line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One entry may have several lines: entries end with a blank one here, as the content ends in a newline. */
static char *sorted(char *text)
{
	size_t n = 0;
	char *lines[4096], *out = calloc(1, strlen(text) + 2), *save;

	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		lines[n++] = s;
	qsort(lines, n, sizeof(*lines), line_order);
	for (size_t i = 0; i < n; i++) {
		strcat(out, lines[i]);
		strcat(out, "\n");
	}
	free(text);
	return out;
}

static char *layer_to_text(struct wr_layer *l)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	dump_layer(l, "", f);
	fclose(f);
	return sorted(text);
}

static char *dump_to_text(int at)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	dump_plain(at, "", f);
	fclose(f);
	return sorted(text);
}

static void compare_texts(char *a, char *b, const char *when)
{
	if (strcmp(a, b))
		fail_msg("%s: there is\n%s\nbut should be\n%s", when, a, b);
	free(a);
	free(b);
}

static void compare_trees(struct lt *t, int plain, const char *when)
{
	compare_texts(layer_to_text(t->l), dump_to_text(plain), when);
}

static void compare_mounted(int a, int b, const char *when)
{
	compare_texts(dump_to_text(a), dump_to_text(b), when);
}

/* ---- overlayfs ---- */

/* 0, or -errno when the kernel does not do it (here). */
static int mount_overlay(const char *lower, const char *upper, const char *work, const char *at)
{
	char options[1500];

	lt_sh("mkdir -p %s %s %s", upper, work, at);
	snprintf(options, sizeof(options), "userxattr,lowerdir=%s,upperdir=%s,workdir=%s", lower, upper,
		 work);
	return mount("overlay", at, "overlay", 0, options) < 0 ? -errno : 0;
}

static int open_mounted(const char *lower, const char *upper, const char *work, const char *at)
{
	int r = mount_overlay(lower, upper, work, at);

	if (r < 0)
		fail_msg("overlayfs of %s: %s", upper, strerror(-r));
	int fd = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void unmount(int *fd, const char *at)
{
	wr_cleanup_close(fd);
	assert_int_equal(umount(at), 0);
}

/* The kernel shows the layer's tree as warren did; warren shows the kernel's. plain: where that is mounted.
 */
static void exchange(struct lt *t, int *plain, const char *plain_path, bool kernel_form)
{
	char upper[300], work[300], at[300], theirs[300];

	snprintf(upper, sizeof(upper), "%s/upper", t->dir);
	snprintf(work, sizeof(work), "%s/work", t->dir);
	snprintf(at, sizeof(at), "%s/exchange", t->base);
	snprintf(theirs, sizeof(theirs), "%s/theirs", t->base);
	wr_layer_close(t->l);
	t->l = NULL;
	if (kernel_form) {
		int ours = open_mounted(t->lower, upper, work, at);
		compare_mounted(ours, *plain, "the kernel opens warren's layer");
		unmount(&ours, at);
	}
	char *before = dump_to_text(*plain);
	unmount(plain, plain_path);
	/* the layer's own directory, with the kernel's upper directory in place of its own */
	lt_sh("chmod -R u+rwx %s; rm -rf %s && mv %s %s && rm -f %s/base && rm -rf %s && mkdir %s", upper,
	      upper, theirs, upper, t->dir, work, work);
	lt_reopen(t);
	char *now = layer_to_text(t->l);
	if (strcmp(now, before))
		fail_msg("warren opens the kernel's layer: it has\n%s\nbut should have\n%s", now, before);
	free(now);
	free(before);
}

static const char *show(const struct op *op)
{
	static const char *const kinds[] = {"write", "append",	"mkdir", "unlink", "rmdir", "rename",
					    "link",  "symlink", "chmod", "stat",   "mkfifo"};
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s(%s, %s, flags %#lx, mode %o)", kinds[op->kind], op->a, op->b,
		 (unsigned long)op->flags, op->mode);
	return buf;
}

static void one_sequence(unsigned seed, unsigned length)
{
	void *state;
	char plain_path[300], theirs[300], work[300];
	struct op *ops = calloc(length, sizeof(*ops));

	rng = seed * 0x9E3779B97F4A7C15ULL + 1;
	lt_setup(&state);
	struct lt *t = state;
	/* also as on a kernel that refuses whiteout devices, and on a file system without xattrs */
	if (seed % 3 == 1 && t->l->xattrs)
		t->l->devices = false;
	else if (seed % 3 == 2)
		t->l->xattrs = false;
	snprintf(plain_path, sizeof(plain_path), "%s/plain", t->base);
	snprintf(theirs, sizeof(theirs), "%s/theirs", t->base);
	snprintf(work, sizeof(work), "%s/work", t->base);
	int plain = -1;
	if (overlay) {
		plain = open_mounted(t->lower, theirs, work, plain_path);
	} else {
		lt_sh("cp -a %s %s", t->lower, plain_path);
		plain = open(plain_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	for (unsigned i = 0; i < length; i++) {
		random_op(&ops[i], i);
		int got = on_layer(t->l, &ops[i]);
		if (got == -EXDEV && !overlay)
			continue; /* by design; the plain tree is not touched either */
		int want = on_plain(plain, &ops[i]);
		if (got != want) {
			for (unsigned j = 0; j < i; j++)
				fprintf(stderr, "  %s\n", show(&ops[j]));
			fail_msg("seed %u: %s gives %d (%s), not %d (%s)", seed, show(&ops[i]), got,
				 got < 0 ? strerror(-got) : "", want, want < 0 ? strerror(-want) : "");
		}
		if (i % 16 == 15)
			compare_trees(t, plain, "while it is open");
	}
	compare_trees(t, plain, "at the end");
	lt_reopen(t);
	compare_trees(t, plain, "opened again");
	if (overlay)
		exchange(t, &plain, plain_path, seed % 3 == 0);
	else
		close(plain);
	free(ops);
	lt_teardown(&state);
}

/* Two layers over each other, each changed at random. When the upper one is committed with the lower one, the
 * covered directory is what was shown. */
static void one_stack(unsigned seed, unsigned length)
{
	void *state;
	char prepared[300];
	struct op op;
	struct wr_commit_options how = {.with_lowers = true};
	struct wr_commit_result res;

	rng = seed * 0x9E3779B97F4A7C15ULL + 1;
	lt_setup(&state);
	struct lt *t = state;
	const char *lowers[] = {prepared, t->lower};
	struct wr_layer_options o = {.dir = t->dir, .lowers = lowers, .n_lowers = 2};
	snprintf(prepared, sizeof(prepared), "%s/prepared", t->base);
	for (unsigned i = 0; i < length; i++) {
		if (i == length / 2) {
			wr_layer_close(t->l);
			lt_sh("mv %s %s", t->dir, prepared);
			assert_int_equal(wr_layer_open(&o, &t->l), 0);
		}
		random_op(&op, i);
		on_layer(t->l, &op);
	}
	char *shown = layer_to_text(t->l);
	int r = wr_layer_commit(t->l, &how, &res);
	if (r < 0)
		fail_msg("seed %u: commit: %s, %llu conflicts", seed, strerror(-r),
			 (unsigned long long)res.conflicts);
	int lower = open(t->lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	compare_texts(dump_to_text(lower), shown, "committed");
	close(lower);
	assert_int_equal(wr_layer_commit(t->l, &how, &res), 0);
	assert_int_equal(res.applied, 0);
	lt_teardown_changed(&state);
}

static unsigned first_seed = 1, n_seeds = 8;

static void stacks_are_committed_as_they_are_shown(void **state)
{
	(void)state;
	for (unsigned s = first_seed; s < first_seed + n_seeds; s++)
		one_stack(s, 100);
}

/* In a mount namespace of our own. */
static bool can_mount(void)
{
	char base[200], lower[240], upper[240], work[240], at[240];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		fprintf(stderr, "no mount namespace: %s\n", strerror(errno));
		return false;
	}
	snprintf(base, sizeof(base), "%s/warren-overlay-XXXXXX", lt_where);
	assert_non_null(mkdtemp(base));
	snprintf(lower, sizeof(lower), "%s/lower", base);
	snprintf(upper, sizeof(upper), "%s/upper", base);
	snprintf(work, sizeof(work), "%s/work", base);
	snprintf(at, sizeof(at), "%s/at", base);
	lt_sh("mkdir %s", lower);
	int r = mount_overlay(lower, upper, work, at);
	if (r == 0)
		umount(at);
	lt_sh("rm -rf %s", base);
	if (r < 0)
		fprintf(stderr, "overlayfs on %s: %s\n", lt_where, strerror(-r));
	return r == 0;
}

static void random_sequences(void **state)
{
	(void)state;
	for (unsigned s = first_seed; s < first_seed + n_seeds; s++)
		one_sequence(s, 100);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_sequences),
					   cmocka_unit_test(stacks_are_committed_as_they_are_shown)};

	overlay = getenv("OVERLAY") != NULL;
	if (overlay && !can_mount())
		return 77;
	if (getenv("SEED"))
		first_seed = (unsigned)atoi(getenv("SEED"));
	if (getenv("SEEDS"))
		n_seeds = (unsigned)atoi(getenv("SEEDS"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return lt_main(argc, argv, run);
}
