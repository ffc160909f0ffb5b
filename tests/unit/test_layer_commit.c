/* SPDX-License-Identifier: Apache-2.0 */
/* diff, commit, discard; and a commit killed at every system call it makes. */
#define _GNU_SOURCE
#include "layer_util.h"

#include <sys/ptrace.h>

#include "../../cow/commit.h"
#include "../../cow/diff.h"

/* ---- diff ---- */

struct lines {
	char *v[512];
	size_t n;
};

static int collect(void *user, const struct wr_change *c)
{
	static const char kinds[] = "AMDT";
	struct lines *l = user;
	char what[8] = "";

	if (c->what & WR_CH_CONTENT)
		strcat(what, "c");
	if (c->what & WR_CH_MODE)
		strcat(what, "m");
	if (c->what & WR_CH_OWNER)
		strcat(what, "o");
	if (c->what & WR_CH_XATTR)
		strcat(what, "x");
	assert_true(asprintf(&l->v[l->n++], "%c%s %s", kinds[c->kind], what, c->path) > 0);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *diff_with(struct wr_layer *l, unsigned flags)
{
	static char buf[65536];
	struct lines lines = {.n = 0};
	int r = wr_layer_diff(l, flags, collect, &lines);

	if (r < 0)
		fail_msg("diff: %s", strerror(-r));
	qsort(lines.v, lines.n, sizeof(*lines.v), by_text);
	buf[0] = '\0';
	for (size_t i = 0; i < lines.n; i++) {
		strcat(strcat(buf, lines.v[i]), "\n");
		free(lines.v[i]);
	}
	return buf;
}

static char *diff_of(struct wr_layer *l)
{
	return diff_with(l, 0);
}

static void chmod_in(struct wr_layer *l, const char *rel, mode_t mode)
{
	char proc[32];
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	assert_int_equal(wr_layer_copy_up(l, rel, WR_UP_OWNER, &f), 0);
	assert_int_equal(chmod(wr_cow_proc(f.fd, proc), mode), 0);
}

/* Something of everything. */
static void change_much(struct wr_layer *l)
{
	assert_int_equal(lt_put(l, "top", "changed\n"), 0);
	assert_int_equal(wr_layer_unlink(l, "a/one"), 0);
	assert_int_equal(wr_layer_mkdir(l, "n", 0750), 0);
	assert_int_equal(wr_layer_mkdir(l, "n/deep", 0755), 0);
	assert_int_equal(lt_put(l, "n/deep/file", "new\n"), 0);
	assert_int_equal(wr_layer_link(l, "n/deep/file", "n/second"), 0);
	assert_int_equal(wr_layer_symlink(l, "nowhere", "n/sym"), 0);
	assert_int_equal(wr_layer_unlink(l, "d/x"), 0);
	assert_int_equal(wr_layer_unlink(l, "d/y"), 0);
	assert_int_equal(wr_layer_rmdir(l, "d"), 0);
	assert_int_equal(lt_put(l, "d", "a file now\n"), 0);
	assert_int_equal(wr_layer_unlink(l, "fifo"), 0);
	assert_int_equal(wr_layer_mkdir(l, "fifo", 0755), 0);
	assert_int_equal(lt_put(l, "fifo/in", "in\n"), 0);
	assert_int_equal(wr_layer_rmdir(l, "empty"), 0);
	assert_int_equal(wr_layer_rename(l, "link", "a/moved", 0), 0);
	chmod_in(l, "a/b/c/three", 0600);
	chmod_in(l, "a/b", 0555);
	assert_int_equal(lt_put(l, "bad \xff\n name", "x"), 0);
}

static const char much[] = "A a/moved\n"
			   "A bad \xff\n name\n"
			   "A fifo/in\n"
			   "A n\n"
			   "A n/deep\n"
			   "A n/deep/file\n"
			   "A n/second\n"
			   "A n/sym\n"
			   "D a/one\n"
			   "D empty\n"
			   "D link\n"
			   "Mc top\n"
			   "Mm a/b\n"
			   "Mm a/b/c/three\n"
			   "T d\n"
			   "T fifo\n";

static void diff_tells_every_kind(void **state)
{
	struct lt *t = *state;

	assert_string_equal(diff_of(t->l), "");
	change_much(t->l);
	assert_string_equal(diff_of(t->l), much);
	lt_reopen(t);
	assert_string_equal(diff_of(t->l), much);
}

static void equal_content_is_no_change(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;

	assert_int_equal(lt_put(t->l, "top", "top\n"), 0);
	assert_int_equal(wr_layer_copy_up(t->l, "a/b/two", WR_UP_WRITE, &f), 0);
	wr_found_release(&f);
	assert_int_equal(lt_put(t->l, "new", ""), 0);
	assert_int_equal(wr_layer_unlink(t->l, "new"), 0);
	assert_string_equal(diff_of(t->l), "");
	/* deleted and made again: only what is missing then */
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "d", 0755), 0);
	assert_int_equal(lt_put(t->l, "d/y", "y\n"), 0);
	assert_string_equal(diff_of(t->l), "D d/x\n");
}

/* ---- commit ---- */

static char *tree_of(const char *dir)
{
	return lt_out("cd '%s' && { find . -printf '%%p %%y %%m %%n %%l\\n' | sed 's/\\(^[^ ]* d [0-9]*\\) "
		      "[0-9]*/\\1/' "
		      "| LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r cksum; }",
		      dir);
}

static int commit(struct wr_layer *l, bool merge, struct wr_commit_result *res)
{
	struct wr_commit_options o = {.merge = merge, .with_lowers = l->n_lowers > 1};

	return wr_layer_commit(l, &o, res);
}

static void commit_makes_the_lower_what_the_layer_showed(void **state)
{
	struct lt *t = *state;
	struct wr_commit_result res;

	change_much(t->l);
	int r = commit(t->l, false, &res);
	if (r < 0)
		fail_msg("commit: %s", strerror(-r));
	assert_int_equal(res.applied, 16);
	assert_int_equal(res.conflicts, 0);
	assert_string_equal(diff_of(t->l), "");
	char *tree = tree_of(t->lower);
	assert_non_null(strstr(tree, "./n d 750"));
	assert_non_null(strstr(tree, "./n/second f 644 2"));
	assert_non_null(strstr(tree, "./a/moved l 777 1 a/one"));
	assert_non_null(strstr(tree, "./a/b d 555"));
	assert_non_null(strstr(tree, "./a/b/c/three f 600"));
	assert_non_null(strstr(tree, "./d f 644"));
	assert_null(strstr(tree, "./empty"));
	assert_null(strstr(tree, "./link "));
	assert_null(strstr(tree, "warren"));
	free(tree);
	/* again: nothing to do */
	assert_int_equal(commit(t->l, false, &res), 0);
	assert_int_equal(res.applied, 0);
}

static void a_changed_lower_is_not_overwritten(void **state)
{
	struct lt *t = *state;
	struct wr_commit_result res;

	change_much(t->l);
	lt_sh("echo theirs, longer >%s/top; echo also theirs >%s/d/new", t->lower, t->lower);
	char *before = tree_of(t->lower);
	assert_int_equal(commit(t->l, false, &res), -ESTALE);
	assert_int_equal(res.conflicts, 2);
	char *after = tree_of(t->lower);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_string_equal(lt_read(t->l, "top"), "changed\n"); /* the layer is kept */
	assert_int_equal(commit(t->l, true, &res), 0);
	assert_int_equal(res.conflicts, 2);
	after = tree_of(t->lower);
	assert_non_null(strstr(after, "./d/new"));
	assert_non_null(strstr(after, "./n/deep/file"));
	assert_null(strstr(after, "./empty"));
	free(after);
	char *top = lt_out("cat %s/top", t->lower);
	assert_string_equal(top, "theirs, longer\n");
	free(top);
}

/* ---- over a prepared layer ---- */

static void prepared_path(const struct lt *t, char buf[static 256])
{
	snprintf(buf, 256, "%s/prepared", t->base);
}

/* The layer is opened anew over one that has changed something, and changes more. */
static void change_over_another(struct lt *t)
{
	char prepared[256];
	const char *lowers[] = {prepared, t->lower};
	struct wr_layer_options o = {.dir = prepared, .lowers = &lowers[1], .n_lowers = 1};

	prepared_path(t, prepared);
	wr_layer_close(t->l);
	lt_sh("chmod -R u+rwx %s; rm -rf %s", t->dir, t->dir);
	assert_int_equal(wr_layer_open(&o, &t->l), 0);
	assert_int_equal(lt_put(t->l, "dep", "dep\n"), 0);
	assert_int_equal(lt_put(t->l, "dep2", "dep2\n"), 0);
	assert_int_equal(lt_put(t->l, "kept", "kept\n"), 0);
	assert_int_equal(lt_put(t->l, "top", "theirs\n"), 0);
	assert_int_equal(lt_put(t->l, "a/b/two", "two of theirs\n"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "a/one"), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "lib", 0750), 0);
	assert_int_equal(lt_put(t->l, "lib/x", "x\n"), 0);
	assert_int_equal(lt_put(t->l, "lib/y", "y\n"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "link"), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "link", 0755), 0);
	assert_int_equal(lt_put(t->l, "link/in", "in\n"), 0);
	wr_layer_close(t->l);
	o = (struct wr_layer_options){.dir = t->dir, .lowers = lowers, .n_lowers = 2};
	assert_int_equal(wr_layer_open(&o, &t->l), 0);
	assert_int_equal(lt_put(t->l, "dep", "dep changed\n"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "dep2"), 0);
	assert_int_equal(lt_put(t->l, "top", "ours\n"), 0);
	assert_int_equal(lt_put(t->l, "a/one", "one again\n"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "lib/x"), 0);
	assert_int_equal(lt_put(t->l, "lib/z", "z\n"), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "d", 0700), 0);
	assert_int_equal(lt_put(t->l, "d/y", "another y\n"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "empty"), 0);
	chmod_in(t->l, "a/b/c/three", 0600);
	chmod_in(t->l, "a/b/c", 0555);
	assert_int_equal(wr_layer_symlink(t->l, "dep", "a/sym"), 0);
}

/* Against both lowers, and against the covered directory alone. */
static const char ours[] = "A a/one\n"
			   "A a/sym\n"
			   "A d\n"
			   "A d/y\n"
			   "A lib/z\n"
			   "D dep2\n"
			   "D empty\n"
			   "D lib/x\n"
			   "Mc dep\n"
			   "Mc top\n"
			   "Mm a/b/c\n"
			   "Mm a/b/c/three\n";
static const char both[] = "A a/sym\n"
			   "A dep\n"
			   "A kept\n"
			   "A lib\n"
			   "A lib/y\n"
			   "A lib/z\n"
			   "A link/in\n"
			   "D d/x\n"
			   "D empty\n"
			   "Mc a/b/two\n"
			   "Mc d/y\n"
			   "Mc top\n"
			   "Mcm a/one\n"
			   "Mm a/b/c\n"
			   "Mm a/b/c/three\n"
			   "Mm d\n"
			   "T link\n";

static void a_stack_is_committed_whole_or_not_at_all(void **state)
{
	struct lt *t = *state;
	struct wr_commit_options o = {.merge = false};
	struct wr_commit_result res;
	char prepared[256];

	change_over_another(t);
	prepared_path(t, prepared);
	assert_string_equal(diff_of(t->l), ours);
	assert_string_equal(diff_with(t->l, WR_DIFF_LOWERS), both);
	char *before = tree_of(t->lower), *lower = tree_of(prepared);
	assert_int_equal(wr_layer_commit(t->l, &o, &res), -EOPNOTSUPP);
	char *after = tree_of(t->lower);
	assert_string_equal(before, after);
	free(after);
	free(before);
	int r = commit(t->l, false, &res);
	if (r < 0)
		fail_msg("commit: %s", strerror(-r));
	assert_int_equal(res.applied, 17);
	assert_string_equal(diff_with(t->l, WR_DIFF_LOWERS), "");
	after = tree_of(t->lower);
	assert_non_null(strstr(after, "./a/one f 644"));
	assert_non_null(strstr(after, "./d d 700"));
	assert_non_null(strstr(after, "./lib d 750"));
	assert_non_null(strstr(after, "./kept f 644"));
	assert_null(strstr(after, "./dep2"));
	assert_null(strstr(after, "./lib/x"));
	assert_null(strstr(after, "warren"));
	free(after);
	char *text = lt_out("cd %s; cat top dep lib/y link/in a/b/two", t->lower);
	assert_string_equal(text, "ours\ndep changed\ny\nin\ntwo of theirs\n");
	free(text);
	after = tree_of(prepared); /* it is others' as well */
	assert_string_equal(lower, after);
	free(after);
	free(lower);
}

/* Conflicts are found by what the lower layer knows, not only by what the upper one does. */
static void a_stack_does_not_overwrite_what_changed_below_it(void **state)
{
	struct lt *t = *state;
	struct wr_commit_result res;

	change_over_another(t);
	lt_sh("cd %s && echo changed since >a/b/two && echo longer since >top && echo more >d/new && rm "
	      "a/one",
	      t->lower);
	char *before = tree_of(t->lower);
	assert_int_equal(commit(t->l, false, &res), -ESTALE);
	assert_int_equal(res.conflicts, 4);
	char *after = tree_of(t->lower);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(commit(t->l, true, &res), 0);
	after = lt_out("cd %s; cat a/b/two top d/new dep; ls a", t->lower);
	assert_string_equal(after, "changed since\nlonger since\nmore\ndep changed\nb\nsym\n");
	free(after);
}

static void discard_leaves_nothing(void **state)
{
	struct lt *t = *state;
	char deep[PATH_MAX] = "n";

	assert_int_equal(wr_layer_discard(t->dir), -EBUSY);
	assert_int_equal(wr_layer_discard(t->lower), -EINVAL);
	change_much(t->l);
	for (int i = 0; i < 200; i++) {
		strcat(deep, "/n");
		assert_int_equal(wr_layer_mkdir(t->l, deep, 0755), 0);
	}
	for (int i = 0; i < 12; i++) { /* deeper than any path */
		assert_int_equal(wr_layer_rename(t->l, "n", "m", 0), 0);
		assert_int_equal(wr_layer_mkdir(t->l, "n", 0755), 0);
		assert_int_equal(wr_layer_rename(t->l, "m", "n/n", 0), 0);
	}
	chmod_in(t->l, "n/n", 0);
	chmod_in(t->l, "n", 0);
	wr_layer_close(t->l);
	t->l = NULL;
	assert_int_equal(wr_layer_discard(t->dir), 0);
	assert_int_equal(access(t->dir, F_OK), -1);
}

/* ---- crashes ---- */

static int open_to_recover(struct lt *t)
{
	struct wr_layer_options o = {.dir = t->dir, .recover = true};

	return wr_layer_open(&o, &t->l);
}

/* Nothing on disk is another after these: to be killed before them or before the next call is the same. */
static bool changes_nothing(const struct __ptrace_syscall_info *i)
{
	static const int harmless[] = {
		SYS_fstat,	    SYS_newfstatat, SYS_statx,	       SYS_readlinkat, SYS_getdents64,
		SYS_read,	    SYS_pread64,    SYS_close,	       SYS_mmap,       SYS_munmap,
		SYS_mprotect,	    SYS_brk,	    SYS_madvise,       SYS_lseek,      SYS_fcntl,
		SYS_getxattr,	    SYS_listxattr,  SYS_faccessat,     SYS_faccessat2, SYS_futex,
		SYS_getrandom,	    SYS_geteuid,    SYS_getegid,       SYS_getgroups,  SYS_getpid,
		SYS_gettid,	    SYS_umask,	    SYS_fsync,	       SYS_syncfs,     SYS_rt_sigaction,
		SYS_rt_sigprocmask, SYS_dup,	    SYS_clock_gettime, SYS_flock,      SYS_mremap,
	};

	if (i->entry.nr == SYS_openat)
		return !(i->entry.args[2] & (O_CREAT | O_TRUNC));
	if (i->entry.nr == SYS_openat2)
		return true; /* cow/ makes nothing by it in a commit */
	for (size_t k = 0; k < WR_ARRAY_SIZE(harmless); k++)
		if (i->entry.nr == (uint64_t)harmless[k])
			return true;
	return false;
}

/* Runs a commit in a child that is killed before the n-th system call (from 0) that may change anything.
 * False: it came to its end. */
static bool commit_killed_at(struct lt *t, long n)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct wr_commit_result res;
		if (open_to_recover(t) < 0 || ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(3);
		raise(SIGSTOP);
		_exit(commit(t->l, false, &res) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (long calls = 0;;) {
		struct __ptrace_syscall_info info = {0};
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status)) {
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || changes_nothing(&info))
			continue;
		if (calls++ == n) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return true;
		}
	}
}

static void copy_back(struct lt *t)
{
	lt_sh("chmod -R u+rwx %s %s; rm -rf %s %s && cp -a %s/lower.saved %s && cp -a %s/layer.saved %s",
	      t->lower, t->dir, t->lower, t->dir, t->base, t->lower, t->base, t->dir);
}

/* t->l has changes. */
static void killed_at_any_call(struct lt *t)
{
	unsigned forward = 0, back = 0, all = t->l->n_lowers > 1 ? WR_DIFF_LOWERS : 0;
	long n = 0, step = getenv("EVERY") ? atol(getenv("EVERY")) : 11;

	wr_layer_close(t->l);
	t->l = NULL;
	/* the copies have other inode numbers: base must not know better */
	lt_sh("rm -f %s/base; cp -a %s %s/lower.saved && cp -a %s %s/layer.saved", t->dir, t->lower, t->base,
	      t->dir, t->base);
	lt_sh("sed -i 's/\"created\":[^0-9]*[0-9]*/\"created\": 9000000000/' %s/layer.saved/meta.json",
	      t->base);
	copy_back(t);
	char *old = tree_of(t->lower);
	assert_false(commit_killed_at(t, LONG_MAX / 4));
	char *new = tree_of(t->lower);
	assert_string_not_equal(old, new);
	for (;; n += step) {
		copy_back(t);
		if (!commit_killed_at(t, n))
			break;
		assert_int_equal(open_to_recover(t), 0);
		int r = wr_layer_recover(t->l);
		if (r < 0)
			fail_msg("killed at call %ld: recovery: %s", n, strerror(-r));
		char *now = tree_of(t->lower);
		if (r == WR_ROLLED_FORWARD) {
			forward++;
			assert_string_equal(now, new);
		} else if (strcmp(now, old)) { /* it may have been through already */
			assert_string_equal(now, new);
		} else {
			back++;
		}
		free(now);
		/* the second one is killed, too */
		wr_layer_close(t->l);
		t->l = NULL;
		commit_killed_at(t, (n * 7) % 29);
		assert_int_equal(open_to_recover(t), 0);
		struct wr_commit_result res;
		r = commit(t->l, false, &res);
		if (r < 0)
			fail_msg("killed at call %ld: second commit: %s", n, strerror(-r));
		now = tree_of(t->lower);
		assert_string_equal(now, new);
		free(now);
		assert_string_equal(diff_with(t->l, all), "");
		wr_layer_close(t->l);
		t->l = NULL;
		now = lt_out("ls %s", t->dir);
		assert_null(strstr(now, "stag"));
		assert_null(strstr(now, "journal\n"));
		free(now);
	}
	print_message("killed at %ld calls: %u rolled back or not begun, %u rolled forward\n", n / step, back,
		      forward);
	assert_true(back > 10 / step && forward > 10 / step);
	free(old);
	free(new);
}

static void a_commit_killed_at_any_call_is_all_or_nothing(void **state)
{
	struct lt *t = *state;

	change_much(t->l);
	killed_at_any_call(t);
}

static void one_of_a_stack_is_all_or_nothing(void **state)
{
	struct lt *t = *state;
	char prepared[256];

	change_over_another(t);
	prepared_path(t, prepared);
	lt_sh("rm -f %s/base; sed -i 's/\"created\":[^0-9]*[0-9]*/\"created\": 9000000000/' %s/meta.json",
	      prepared, prepared);
	char *before = tree_of(prepared);
	killed_at_any_call(t);
	char *after = tree_of(prepared);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

#define T(name) cmocka_unit_test_setup_teardown(name, lt_setup, lt_teardown_changed)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		T(diff_tells_every_kind),
		T(equal_content_is_no_change),
		T(commit_makes_the_lower_what_the_layer_showed),
		T(a_changed_lower_is_not_overwritten),
		T(a_stack_is_committed_whole_or_not_at_all),
		T(a_stack_does_not_overwrite_what_changed_below_it),
		T(discard_leaves_nothing),
		T(a_commit_killed_at_any_call_is_all_or_nothing),
		T(one_of_a_stack_is_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return lt_main(argc, argv, run);
}
