/* SPDX-License-Identifier: Apache-2.0 */
/* The copy-on-write layer, behaviour by behaviour. Every test also proves that the lower tree stays what it
 * was (lt_teardown). */
#define _GNU_SOURCE
#include "layer_util.h"
#include "../../cow/meta.h"

static struct stat stat_of(struct wr_layer *l, const char *rel, enum wr_where where)
{
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	struct stat st;

	assert_int_equal(wr_layer_lookup(l, rel, 0, &f), 0);
	assert_int_equal(f.where, where);
	assert_int_equal(fstat(f.fd, &st), 0);
	return st;
}

static int open_as(struct wr_layer *l, const char *rel, uint64_t flags, struct wr_found *f)
{
	struct open_how how = {.flags = flags, .mode = (flags & O_CREAT) ? 0666 : 0};

	return wr_layer_open_file(l, rel, &how, f, NULL);
}

static void untouched_paths_are_the_lower_ones(void **state)
{
	struct lt *t = *state;
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	assert_int_equal(wr_layer_lookup(t->l, "a/b/two", 0, &f), 0);
	assert_int_equal(f.where, WR_LOWER);
	assert_false(f.merged);
	assert_string_equal(lt_read(t->l, "a/one"), "one\n");
	assert_int_equal(wr_index_count(t->l->index), 1);
	assert_string_equal(lt_names(t->l, ""), "a d dirlink empty fifo link top");
}

/* Whatever it has got before it meets what is wrong. */
static void a_damaged_description_is_refused(void **state)
{
	struct lt *t = *state;
	const struct wr_layer_options o = {.dir = t->dir};
	int dir = open(t->dir, O_PATH | O_CLOEXEC);
	char *text, bad[200];

	assert_int_equal(wr_meta_text(dir, "meta.json", &text), 0);
	snprintf(bad, sizeof(bad),
		 "{\"warren_layer\":%d,\"created\":1,\"covers\":\"/c\",\"command\":\"c\",\"lowers\":[\"/"
		 "l\",7]}",
		 WR_LAYER_FORMAT);
	wr_layer_close(t->l);
	t->l = NULL;
	assert_int_equal(wr_meta_put(dir, "meta.json", bad), 0);
	struct wr_layer *l = NULL;
	assert_int_equal(wr_layer_open(&o, &l), -EINVAL);
	assert_int_equal(wr_meta_put(dir, "meta.json", text), 0);
	free(text);
	close(dir);
	lt_reopen(t);
}

static void a_write_copies_up_and_keeps_everything(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;
	struct stat before = stat_of(t->l, "a/one", WR_LOWER);
	struct stat dir = stat_of(t->l, "a", WR_LOWER);
	char buf[16];

	assert_int_equal(open_as(t->l, "a/one", O_RDWR, &f), 0);
	assert_int_equal(f.where, WR_UPPER);
	assert_int_equal(read(f.fd, buf, sizeof(buf)), 4);
	wr_found_release(&f);
	struct stat after = stat_of(t->l, "a/one", WR_UPPER);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof(after.st_mtim));
	/* copying up changes no directory */
	struct stat dir2 = stat_of(t->l, "a", WR_UPPER);
	assert_int_equal(dir2.st_mode, dir.st_mode);
	assert_memory_equal(&dir2.st_mtim, &dir.st_mtim, sizeof(dir.st_mtim));
	assert_string_equal(lt_names(t->l, "a"), "b one");
	assert_int_equal(stat_of(t->l, "a/b/two", WR_LOWER).st_size, 4);
}

static void truncating_copies_no_data(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;

	int big = open(t->lower, O_PATH | O_CLOEXEC);
	lt_write(big, "empty/seed", "0123456789", 0604);
	close(big);
	assert_int_equal(open_as(t->l, "empty/seed", O_WRONLY | O_TRUNC, &f), 0);
	wr_found_release(&f);
	struct stat st = stat_of(t->l, "empty/seed", WR_UPPER);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	lt_sh("rm %s/empty/seed", t->lower);
}

static void a_deleted_name_is_gone_for_every_call(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;
	struct wr_link link;

	assert_int_equal(wr_layer_unlink(t->l, "a/b/two"), 0);
	for (int again = 0; again < 2; again++) {
		assert_false(lt_there(t->l, "a/b/two"));
		assert_int_equal(open_as(t->l, "a/b/two", O_RDONLY, &f), -ENOENT);
		assert_int_equal(open_as(t->l, "a/b/two", O_WRONLY, &f), -ENOENT);
		assert_int_equal(open_as(t->l, "a/b/two", O_PATH, &f), -ENOENT);
		assert_int_equal(wr_layer_lookup(t->l, "a/b/two/x", 0, &f), -ENOENT);
		assert_int_equal(wr_layer_unlink(t->l, "a/b/two"), -ENOENT);
		assert_int_equal(wr_layer_rmdir(t->l, "a/b/two"), -ENOENT);
		assert_int_equal(wr_layer_rename(t->l, "a/b/two", "n", 0), -ENOENT);
		assert_int_equal(wr_layer_link(t->l, "a/b/two", "n"), -ENOENT);
		assert_int_equal(wr_layer_copy_up(t->l, "a/b/two", WR_UP_OWNER, &f), -ENOENT);
		assert_int_equal(wr_layer_find_link(t->l, "a/b/two", &link), -ENOENT);
		assert_string_equal(lt_names(t->l, "a/b"), "c");
		lt_reopen(t); /* and after a crash */
	}
}

static void a_recreated_directory_is_empty(void **state)
{
	struct lt *t = *state;

	assert_int_equal(wr_layer_rmdir(t->l, "d"), -ENOTEMPTY);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), -ENOTEMPTY);
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
	assert_false(lt_there(t->l, "d/x"));
	assert_int_equal(wr_layer_mkdir(t->l, "d", 0750), 0);
	for (int again = 0; again < 2; again++) {
		assert_string_equal(lt_names(t->l, "d"), "");
		assert_false(lt_there(t->l, "d/x"));
		assert_int_equal(stat_of(t->l, "d", WR_UPPER).st_mode & 07777, 0750);
		lt_reopen(t);
	}
	assert_int_equal(lt_put(t->l, "d/x", "new"), 0);
	assert_string_equal(lt_read(t->l, "d/x"), "new");
	assert_string_equal(lt_names(t->l, "d"), "x");
}

static void rename_of_files_and_directories(void **state)
{
	struct lt *t = *state;

	assert_int_equal(wr_layer_rename(t->l, "a/one", "d/x", 0), 0);
	assert_string_equal(lt_read(t->l, "d/x"), "one\n");
	assert_false(lt_there(t->l, "a/one"));
	assert_int_equal(wr_layer_rename(t->l, "a", "new", 0), -EXDEV);
	assert_int_equal(wr_layer_mkdir(t->l, "fresh", 0755), 0);
	assert_int_equal(lt_put(t->l, "fresh/f", "f"), 0);
	/* a directory that was deleted must not shine through the one that takes its name */
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_rename(t->l, "fresh", "d", 0), 0);
	assert_string_equal(lt_names(t->l, "d"), "f");
	assert_int_equal(wr_layer_rename(t->l, "d", "d/in", 0), -EINVAL);
	lt_reopen(t);
	assert_string_equal(lt_names(t->l, "d"), "f");
	assert_string_equal(lt_names(t->l, ""), "a d dirlink empty fifo link top");
	assert_int_equal(wr_layer_rename(t->l, "top", "d", RENAME_EXCHANGE), 0);
	assert_string_equal(lt_names(t->l, "top"), "f");
	assert_string_equal(lt_read(t->l, "d"), "top\n");
}

static void symlinks_on_the_way_are_reported(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;
	struct wr_link link;

	for (int upper = 0; upper < 2; upper++) {
		assert_int_equal(wr_layer_lookup(t->l, "dirlink/b/two", 0, &f), -ELOOP);
		assert_int_equal(wr_layer_lookup(t->l, "dirlink", O_DIRECTORY, &f), -ELOOP);
		assert_int_equal(open_as(t->l, "link", O_RDWR, &f), -ELOOP);
		assert_int_equal(wr_layer_mkdir(t->l, "dirlink/n", 0755), -ELOOP);
		assert_int_equal(wr_layer_find_link(t->l, "dirlink/b/two", &link), 1);
		assert_int_equal(link.start, 0);
		assert_int_equal(link.end, 7);
		assert_string_equal(link.text, "a");
		assert_int_equal(wr_layer_copy_up(t->l, "dirlink", WR_UP_ALWAYS, &f), 0);
		wr_found_release(&f);
	}
	assert_int_equal(wr_layer_symlink(t->l, "../../..", "a/b/out"), 0);
	assert_int_equal(wr_layer_lookup(t->l, "a/b/out/etc", 0, &f), -ELOOP);
	assert_int_equal(wr_layer_find_link(t->l, "a/b/out/etc", &link), 1);
	assert_int_equal(link.start, 4);
	assert_string_equal(link.text, "../../..");
}

static void special_files_never_block(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;

	assert_int_equal(open_as(t->l, "fifo", O_WRONLY | O_NONBLOCK, &f), -ENXIO);
	assert_int_equal(wr_layer_copy_up(t->l, "fifo", WR_UP_OWNER, &f), 0);
	wr_found_release(&f);
	assert_true(S_ISFIFO(stat_of(t->l, "fifo", WR_UPPER).st_mode));
	assert_int_equal(wr_layer_mknod(t->l, "null", S_IFCHR | 0600, makedev(0, 0)), -EPERM);
}

static void holes_and_attributes_are_kept(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;
	char path[300], value[16] = "";

	snprintf(path, sizeof(path), "%s/empty/sparse", t->lower);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 10LL << 30), 0);
	assert_int_equal(pwrite(fd, "mid", 3, 5LL << 30), 3);
	bool xattrs = fsetxattr(fd, "user.colour", "blue", 4, 0) == 0;
	if (xattrs)
		assert_int_equal(fsetxattr(fd, XATTR_WHITE, "y", 1, 0), 0);
	close(fd);
	assert_int_equal(open_as(t->l, "empty/sparse", O_RDWR, &f), 0);
	struct stat st = stat_of(t->l, "empty/sparse", WR_UPPER);
	assert_int_equal(st.st_size, 10LL << 30);
	assert_true(st.st_blocks < 1024);
	assert_int_equal(pread(f.fd, value, 3, 5LL << 30), 3);
	assert_string_equal(value, "mid");
	if (xattrs) {
		assert_int_equal(fgetxattr(f.fd, "user.colour", value, sizeof(value)), 4);
		assert_int_equal(fgetxattr(f.fd, XATTR_WHITE, value, sizeof(value)), -1);
	}
	wr_found_release(&f);
	assert_true(wr_layer_private_xattr(XATTR_OPAQ));
	assert_false(wr_layer_private_xattr("user.overlay"));
	assert_int_equal(unlink(path), 0);
}

static void a_readonly_directory_does_not_keep_a_file_from_changing(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;

	lt_sh("chmod 555 %s/a/b", t->lower);
	assert_int_equal(open_as(t->l, "a/b/two", O_RDWR, &f), 0);
	wr_found_release(&f);
	assert_int_equal(open_as(t->l, "a/b/c/three", O_RDWR, &f), 0);
	wr_found_release(&f);
	assert_int_equal(stat_of(t->l, "a/b", WR_UPPER).st_mode & 07777, 0555);
	if (geteuid()) {
		assert_int_equal(lt_put(t->l, "a/b/new", "x"), -EACCES);
		assert_int_equal(wr_layer_unlink(t->l, "a/b/two"), -EACCES);
	}
	lt_sh("chmod 755 %s/a/b", t->lower);
}

static void rights_are_those_of_the_lower_object(void **state)
{
	struct lt *t = *state;
	struct wr_found f = WR_FOUND_INIT;

	if (geteuid() == 0)
		return; /* may do everything */
	lt_sh("chmod 444 %s/top", t->lower);
	assert_int_equal(open_as(t->l, "top", O_RDWR, &f), -EACCES);
	assert_int_equal(open_as(t->l, "top", O_WRONLY | O_TRUNC, &f), -EACCES);
	assert_true(lt_there(t->l, "top"));
	assert_int_equal(stat_of(t->l, "top", WR_LOWER).st_size, 4);
	lt_sh("chmod 644 %s/top; chmod 555 %s/d", t->lower, t->lower);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), -EACCES);
	assert_int_equal(wr_layer_mkdir(t->l, "d/n", 0755), -EACCES);
	stat_of(t->l, "d", WR_LOWER);
	lt_sh("chmod 755 %s/d", t->lower);
	/* a directory that the layer closes is closed, for what is below it in the lower tree as well */
	assert_int_equal(wr_layer_copy_up(t->l, "d", WR_UP_OWNER, &f), 0);
	char proc[32];
	assert_int_equal(chmod(wr_cow_proc(f.fd, proc), 0), 0);
	wr_found_release(&f);
	assert_int_equal(wr_layer_lookup(t->l, "d/x", 0, &f), -EACCES);
	lt_reopen(t);
	assert_int_equal(wr_layer_lookup(t->l, "d/x", 0, &f), -EACCES);
}

static void hard_links_are_within_the_layer(void **state)
{
	struct lt *t = *state;

	assert_int_equal(wr_layer_link(t->l, "a/one", "d/one"), 0);
	struct stat a = stat_of(t->l, "a/one", WR_UPPER), b = stat_of(t->l, "d/one", WR_UPPER);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(b.st_nlink, 2);
	assert_int_equal(wr_layer_link(t->l, "a", "n"), -EPERM);
}

static void an_unnamed_file_gets_a_name(void **state)
{
	struct lt *t = *state;
	struct open_how how = {.flags = O_RDWR | O_TMPFILE, .mode = 0600};
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;

	int r = wr_layer_open_file(t->l, "d", &how, &f, NULL);
	assert_int_equal(r, 0);
	assert_int_equal(write(f.fd, "t", 1), 1);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_link_fd(t->l, f.fd, "d/x"), 0);
	assert_string_equal(lt_read(t->l, "d/x"), "t");
}

static void a_socket_bound_by_the_guest_is_settled(void **state)
{
	struct lt *t = *state;
	int dir = -1;

	assert_int_equal(wr_layer_prepare(t->l, "d/x", &dir), -EEXIST);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_prepare(t->l, "d/x", &dir), 0);
	assert_int_equal(mknodat(dir, "x", S_IFSOCK | 0600, 0), 0);
	close(dir);
	assert_int_equal(wr_layer_settle(t->l, "d/x"), 0);
	assert_true(S_ISSOCK(stat_of(t->l, "d/x", WR_UPPER).st_mode));
	/* one that failed leaves the name deleted */
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_prepare(t->l, "d/y", &dir), 0);
	close(dir);
	assert_int_equal(wr_layer_settle(t->l, "d/y"), 0);
	assert_false(lt_there(t->l, "d/y"));
	lt_reopen(t);
	assert_string_equal(lt_names(t->l, "d"), "x");
}

static void limits_are_errors_of_the_one_call(void **state)
{
	struct lt *t = *state;

	t->l->max_files = 5;
	assert_int_equal(lt_put(t->l, "n1", ""), 0);
	assert_int_equal(lt_put(t->l, "n2", ""), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "n3", 0755), 0);
	assert_int_equal(wr_layer_symlink(t->l, "x", "n4"), 0);
	assert_int_equal(lt_put(t->l, "n3/n5", ""), 0);
	assert_int_equal(lt_put(t->l, "n6", ""), -EDQUOT);
	assert_int_equal(wr_layer_mkdir(t->l, "n3/n6", 0755), -EDQUOT);
	assert_int_equal(wr_layer_unlink(t->l, "n1"), 0);
	assert_int_equal(lt_put(t->l, "n6", ""), 0);
	t->l->max_files = 0;
	t->l->max_bytes = 1;
	assert_int_equal(lt_put(t->l, "top", "truncated"), 0);
	struct wr_found f = WR_FOUND_INIT;
	assert_int_equal(open_as(t->l, "a/one", O_RDWR, &f), -EDQUOT);
	assert_string_equal(lt_read(t->l, "a/one"), "one\n");
}

static void host_paths_lead_back(void **state)
{
	struct lt *t = *state;
	char buf[PATH_MAX];
	_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
	_cleanup_found_ struct wr_found g = WR_FOUND_INIT;

	assert_int_equal(wr_layer_lookup(t->l, "a/b/two", 0, &f), 0);
	assert_int_equal(wr_layer_rel_of_fd(t->l, f.fd, buf, sizeof(buf), NULL), WR_LOWER);
	assert_string_equal(buf, "a/b/two");
	assert_int_equal(wr_layer_copy_up(t->l, "a/b/two", WR_UP_ALWAYS, &g), 0);
	assert_int_equal(wr_layer_rel_of_fd(t->l, g.fd, buf, sizeof(buf), NULL), WR_UPPER);
	assert_string_equal(buf, "a/b/two");
	assert_int_equal(wr_layer_unlink(t->l, "a/b/two"), 0);
	assert_int_equal(wr_layer_rel_of_fd(t->l, g.fd, buf, sizeof(buf), NULL), -ENOENT);
	_cleanup_close_ int etc = open("/etc", O_PATH | O_CLOEXEC);
	assert_int_equal(wr_layer_rel_of_fd(t->l, etc, buf, sizeof(buf), NULL), -ENOENT);
}

static void a_layer_has_one_supervisor(void **state)
{
	struct lt *t = *state;
	const char *lowers[] = {t->lower}, *others[] = {"/etc"};
	struct wr_layer_options o = {.dir = t->dir, .lowers = lowers, .n_lowers = 1};
	struct wr_layer *l;

	assert_int_equal(wr_layer_open(&o, &l), -EBUSY);
	wr_layer_close(t->l);
	t->l = NULL;
	o.lowers = others;
	assert_int_equal(wr_layer_open(&o, &l), -ESTALE);
	o.n_lowers = 0; /* those it knows */
	assert_int_equal(wr_layer_open(&o, &t->l), 0);
	assert_string_equal(lt_read(t->l, "top"), "top\n");
	assert_string_equal(t->l->covers, "/src");
}

/* lower2 over lower: a layer that was prepared, with whiteouts and an opaque directory in it. */
static void a_prepared_layer_is_a_lower_of_the_next(void **state)
{
	struct lt *t = *state;
	char second[300];
	const char *lowers[] = {t->dir, t->lower};

	assert_int_equal(wr_layer_unlink(t->l, "a/one"), 0);
	assert_int_equal(lt_put(t->l, "a/b/two", "second"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/x"), 0);
	assert_int_equal(wr_layer_unlink(t->l, "d/y"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
	assert_int_equal(wr_layer_mkdir(t->l, "d", 0755), 0);
	assert_int_equal(lt_put(t->l, "d/z", "z"), 0);
	wr_layer_close(t->l);
	snprintf(second, sizeof(second), "%s/second", t->base);
	struct wr_layer_options o = {.dir = second, .lowers = lowers, .n_lowers = 2};
	assert_int_equal(wr_layer_open(&o, &t->l), 0);
	for (int again = 0; again < 2; again++) {
		assert_false(lt_there(t->l, "a/one"));
		assert_string_equal(lt_read(t->l, "a/b/two"), "second");
		assert_string_equal(lt_read(t->l, "a/b/c/three"), "three\n");
		assert_string_equal(lt_names(t->l, "d"), "z");
		assert_string_equal(lt_names(t->l, "a"), "b");
		assert_string_equal(lt_names(t->l, "a/b"), "c two");
		struct wr_found f = WR_FOUND_INIT;
		assert_int_equal(wr_layer_lookup(t->l, "a", 0, &f), 0);
		assert_true(f.merged);
		wr_found_release(&f);
		assert_int_equal(wr_layer_copy_up(t->l, "a/b/c/three", WR_UP_WRITE, &f), 0);
		wr_found_release(&f);
	}
	assert_int_equal(wr_layer_unlink(t->l, "a/b/two"), 0);
	assert_string_equal(lt_names(t->l, "a/b"), "c");
	assert_int_equal(wr_layer_unlink(t->l, "d/z"), 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
	assert_false(lt_there(t->l, "d"));
}

/* Positions outlive changes: rm -rf reads a part, deletes it, and reads on. */
static void listing_positions_are_stable(void **state)
{
	struct lt *t = *state;
	char name[64];
	unsigned left = 0;
	uint64_t off = 0;

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d/n%d", i);
		assert_int_equal(wr_layer_mknod(t->l, name, S_IFREG | 0644, 0), 0);
	}
	for (;;) {
		const struct wr_layer_listing *ls;
		assert_int_equal(wr_layer_list(t->l, "d", &ls), 0);
		size_t at = wr_layer_listing_seek(ls, off), end = at + 100 < ls->n ? at + 100 : ls->n;
		if (at == ls->n) {
			left = (unsigned)ls->n - 2;
			wr_layer_listing_unref(ls);
			break;
		}
		for (; at < end; at++) {
			off = ls->entries[at].off;
			snprintf(name, sizeof(name), "d/%s", ls->entries[at].name);
			if (at > 1)
				assert_int_equal(wr_layer_unlink(t->l, name), 0);
		}
		wr_layer_listing_unref(ls);
	}
	assert_int_equal(left, 0);
	assert_int_equal(wr_layer_rmdir(t->l, "d"), 0);
}

/* The listing; for wr_layer_listing_unref(). And how many were taken from the cache for it. */
static const struct wr_layer_listing *listed(struct wr_layer *l, const char *rel, uint64_t *ret_hits)
{
	struct wr_cache_stats before, after;
	const struct wr_layer_listing *ls;

	wr_cache_stats(&before);
	assert_int_equal(wr_layer_list(l, rel, &ls), 0);
	wr_cache_stats(&after);
	*ret_hits = after.hits - before.hits;
	return ls;
}

/* What was never touched is listed from one snapshot, of which layers over the same lower have the same; the
 * numbers of "." and ".." are those of stat also when the parent is copied up. */
static void an_untouched_listing_is_shared(void **state)
{
	struct lt *t = *state;
	const char *lower = t->lower;
	char other[sizeof(t->dir) + 8];
	struct wr_layer *l;
	struct stat st;
	uint64_t hits;

	usleep(60000); /* what changed just now is not kept */
	snprintf(other, sizeof(other), "%s-2", t->dir);
	const struct wr_layer_options o = {.dir = other, .lowers = &lower, .n_lowers = 1};
	assert_int_equal(wr_layer_open(&o, &l), 0);
	const struct wr_layer_listing *first = listed(t->l, "a/b/c", &hits),
				      *again = listed(t->l, "a/b/c", &hits),
				      *in_other = listed(l, "a/b/c", &hits);
	assert_ptr_equal(first, again);
	assert_ptr_equal(first, in_other);
	assert_int_equal(hits, 1);
	wr_layer_listing_unref(again);
	wr_layer_listing_unref(in_other);

	/* a directory whose parent was copied up is each layer's own */
	assert_int_equal(wr_layer_mknod(t->l, "a/b/new", S_IFREG | 0644, 0), 0);
	again = listed(t->l, "a/b/c", &hits);
	assert_ptr_not_equal(first, again);
	_cleanup_found_ struct wr_found up = WR_FOUND_INIT;
	assert_int_equal(wr_layer_lookup(t->l, "a/b", O_DIRECTORY, &up), 0);
	assert_int_equal(fstat(up.fd, &st), 0);
	assert_int_equal(again->entries[1].ino, st.st_ino);
	assert_int_not_equal(first->entries[1].ino, st.st_ino);
	wr_layer_listing_unref(again);
	in_other = listed(l, "a/b/c", &hits);
	assert_ptr_equal(first, in_other);
	wr_layer_listing_unref(in_other);
	wr_layer_listing_unref(first);

	/* and one that the layer writes to is no longer the lower's */
	assert_int_equal(wr_layer_mknod(t->l, "a/b/c/new", S_IFREG | 0644, 0), 0);
	assert_non_null(strstr(lt_names(t->l, "a/b/c"), "new"));
	assert_null(strstr(lt_names(l, "a/b/c"), "new"));
	wr_layer_close(l);
}

/* A layer that is closed takes what was kept for it out of the cache. */
static void a_closed_layer_leaves_the_cache(void **state)
{
	struct lt *t = *state;
	struct wr_cache_stats before, after;

	usleep(60000);
	wr_layer_listing_unref(listed(t->l, "a/b", &(uint64_t){0})); /* the lower's names stay */
	lt_reopen(t);
	wr_cache_stats(&before);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(wr_layer_mknod(t->l, "a/b/new", S_IFREG | 0644, 0), 0);
		wr_layer_listing_unref(listed(t->l, "a/b", &(uint64_t){0}));
		assert_int_equal(wr_layer_unlink(t->l, "a/b/new"), 0);
		wr_layer_listing_unref(listed(t->l, "a/b", &(uint64_t){0}));
	}
	wr_cache_stats(&after);
	assert_true(after.objects > before.objects);
	lt_reopen(t);
	wr_cache_stats(&after);
	assert_int_equal(after.objects, before.objects);
	assert_int_equal(after.bytes, before.bytes);
}

#define T(name) cmocka_unit_test_setup_teardown(name, lt_setup, lt_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		T(untouched_paths_are_the_lower_ones),
		T(a_damaged_description_is_refused),
		T(a_write_copies_up_and_keeps_everything),
		T(truncating_copies_no_data),
		T(a_deleted_name_is_gone_for_every_call),
		T(a_recreated_directory_is_empty),
		T(rename_of_files_and_directories),
		T(symlinks_on_the_way_are_reported),
		T(special_files_never_block),
		T(holes_and_attributes_are_kept),
		T(a_readonly_directory_does_not_keep_a_file_from_changing),
		T(rights_are_those_of_the_lower_object),
		T(hard_links_are_within_the_layer),
		T(an_unnamed_file_gets_a_name),
		T(a_socket_bound_by_the_guest_is_settled),
		T(limits_are_errors_of_the_one_call),
		T(host_paths_lead_back),
		T(a_layer_has_one_supervisor),
		T(a_prepared_layer_is_a_lower_of_the_next),
		T(listing_positions_are_stable),
		T(an_untouched_listing_is_shared),
		T(a_closed_layer_leaves_the_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return lt_main(argc, argv, run);
}
