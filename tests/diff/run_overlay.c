/* SPDX-License-Identifier: Apache-2.0 */
/* --overlay: the reference is a chroot in an overlayfs of the kernel's, the other side a layer of warren's,
 * over one lower tree. Both are read as overlayfs in the end. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

void overlay_lower(const char *dir, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/lower", dir);
}

void overlay_layer(const char *dir, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/state/layer", dir);
}

/* In the mount namespace of the run, which takes it away. */
int overlay_mount(enum side s, const char *dir, const char *at)
{
	char lower[PATH_MAX], layer[PATH_MAX], options[4 * PATH_MAX];

	overlay_lower(dir, lower);
	if (s == SIDE_REF)
		snprintf(layer, sizeof(layer), "%s/kernel", dir);
	else
		overlay_layer(dir, layer);
	snprintf(options, sizeof(options), "userxattr,lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower,
		 layer, layer);
	return mount("overlay", at, "overlay", 0, options) < 0 ? -errno : 0;
}

/* Empty, with the attributes that the lower one has. */
static int make_upper(const char *dir)
{
	static const char *const names[] = {"kernel", "kernel/work", "kernel/upper"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (i == 0)
			rm_tree(path);
		if (mkdir(path, 0755) < 0 || chmod(path, 0755) < 0)
			return -errno;
	}
	return 0;
}

int overlay_make(const struct opts *o, enum side s, const char *dir)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, s == SIDE_REF ? "ref" : "test");
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (s == SIDE_TEST)
		return 0;
	overlay_lower(dir, path);
	rm_tree(path);
	r = root_make(o, path);
	return r < 0 ? r : make_upper(dir);
}

/* ---- whether the lower tree is what it was ---- */

static uint64_t sum;

static void add(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ ((const unsigned char *)p)[i]) * 0x100000001b3ULL;
}

/* A change of anything but the time of access changes the ctime (of a FIFO writing into it does, which is no
 * change of the tree). Sums are added up: the order does not matter. */
static int look(const char *path, const struct stat *st, int type, struct FTW *f)
{
	uint64_t before = sum;

	(void)type;
	(void)f;
	sum = 0xcbf29ce484222325ULL;
	add(path, strlen(path));
	add(&st->st_ino, sizeof(st->st_ino));
	add(&st->st_mode, sizeof(st->st_mode));
	add(&st->st_nlink, sizeof(st->st_nlink));
	add(&st->st_size, sizeof(st->st_size));
	if (!S_ISFIFO(st->st_mode))
		add(&st->st_ctim, sizeof(st->st_ctim));
	sum += before;
	return 0;
}

int overlay_fingerprint(const char *dir, uint64_t *ret)
{
	char lower[PATH_MAX];

	overlay_lower(dir, lower);
	sum = 0;
	if (nftw(lower, look, 64, FTW_PHYS) < 0)
		return -errno;
	*ret = sum;
	return 0;
}
