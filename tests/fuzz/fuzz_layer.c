/* SPDX-License-Identifier: Apache-2.0 */
/* The upper directory of a layer as an earlier guest, or anybody else, may have left it: marks of deleted
 * names and of opaque directories in all forms, where they mean something and where not. What a listing says
 * is what a lookup finds. The input: a list of objects, and the file base. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "scratch.h"
#include "../../cow/diff.h"
#include "../../cow/internal.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define MAX_OBJECTS 16

static char lower[128];
static int dir;

static const char *const names[] = {"a", "b", "d", "e"};
static const char *const marks[] = {
	XATTR_OPAQ,	     XATTR_WHITE, XATTR_MARK "redirect", XATTR_MARK "metacopy",
	XATTR_MARK "origin", "user.other"};

static void make_file(int at, const char *path)
{
	_cleanup_close_ int fd = openat(at, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
}

static void set_up(void)
{
	snprintf(lower, sizeof(lower), "%s/low", scratch());
	CHECK(!mkdir("low", 0755) && !mkdir("low/d", 0755) && !mkdir("low/d/d", 0755) &&
	      !mkdir("low/e", 0755));
	make_file(AT_FDCWD, "low/a");
	make_file(AT_FDCWD, "low/d/a");
	make_file(AT_FDCWD, "low/d/d/b");
	make_file(AT_FDCWD, "low/e/a");
}

static struct wr_layer *open_layer(bool readonly)
{
	const char *lowers[] = {lower};
	struct wr_layer_options o = {.dir = "layer", .lowers = lowers, .n_lowers = 1, .readonly = readonly};
	struct wr_layer *l = NULL;
	int r = wr_layer_open(&o, &l);

	CHECK((r == 0) == (l != NULL));
	return l;
}

/* ---- the upper directory ---- */

static void make_object(struct input *in, int upper)
{
	uint8_t type = take8(in), where = take8(in), how = take8(in);
	char path[32], full[64], value[4];

	snprintf(path, sizeof(path), "%s", names[where & 3]);
	for (unsigned depth = (where >> 2) & 3; depth; depth--)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s",
			 names[(where >> (3 + depth)) & 3]);
	switch (type % 6) {
	case 0:
		mkdirat(upper, path, 0700 | (how & 0777));
		break;
	case 1:
		mknodat(upper, path, S_IFCHR | 0600, makedev(0, how >> 7));
		break;
	case 2:
		close(openat(upper, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
		break;
	case 3:
		symlinkat("../d", upper, path);
		break;
	case 4:
		mknodat(upper, path, S_IFIFO | 0600, 0);
		break;
	default:
		break; /* a mark for what is there */
	}
	if (type & 64) {
		snprintf(full, sizeof(full), "layer/upper/%s", path);
		take(in, value, sizeof(value));
		lsetxattr(full, marks[how % WR_ARRAY_SIZE(marks)], value, 1 + (type >> 7) * 3, 0);
	}
}

static void make_upper(struct input *in)
{
	_cleanup_close_ int upper = openat(dir, "layer/upper", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK(upper >= 0);
	for (unsigned n = take8(in) % MAX_OBJECTS; n && in->left; n--)
		make_object(in, upper);
}

/* What is left of the input is what the lower objects are said to have been. */
static void make_base(struct input *in)
{
	_cleanup_close_ int fd = openat(dir, "layer/base", O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, in->at, in->left) == (ssize_t)in->left);
}

/* ---- what is seen ---- */

static void check_dir(struct wr_layer *l, const char *rel, unsigned depth)
{
	const struct wr_layer_listing *ls;
	char path[PATH_MAX];

	if (wr_layer_list(l, rel, &ls) < 0)
		return;
	for (size_t i = 2; i < ls->n; i++) {
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		struct stat st;
		snprintf(path, sizeof(path), "%s%s%s", rel, *rel ? "/" : "", ls->entries[i].name);
		CHECK(wr_layer_lookup(l, path, 0, &f) == 0 && fstat(f.fd, &st) == 0);
		CHECK(IFTODT(st.st_mode) == ls->entries[i].type && st.st_ino == ls->entries[i].ino);
		if (S_ISDIR(st.st_mode) && depth < 6)
			check_dir(l, path, depth + 1);
	}
	/* and what is not listed is not there */
	for (size_t k = 0; k < WR_ARRAY_SIZE(names); k++) {
		_cleanup_found_ struct wr_found f = WR_FOUND_INIT;
		bool listed = false;
		for (size_t i = 2; i < ls->n; i++)
			listed |= !strcmp(ls->entries[i].name, names[k]);
		snprintf(path, sizeof(path), "%s%s%s", rel, *rel ? "/" : "", names[k]);
		CHECK(listed || wr_layer_lookup(l, path, 0, &f) == -ENOENT);
	}
	wr_layer_listing_unref(ls);
}

static int on_change(void *user, const struct wr_change *c)
{
	unsigned *n = user;

	CHECK(c->path[0] && c->path[0] != '/');
	++*n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	unsigned changes = 0;

	if (!lower[0]) {
		set_up();
		dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	CHECK(wr_purge(dir, "layer") == 0);
	wr_layer_close(open_layer(false));
	make_upper(&in);
	if (in.left)
		make_base(&in);
	struct wr_layer *l = open_layer(size & 1);
	if (!l)
		return 0;
	check_dir(l, "", 0);
	wr_layer_diff(l, 0, on_change, &changes);
	wr_layer_close(l);
	return 0;
}
