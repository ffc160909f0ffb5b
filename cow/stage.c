/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "stage.h"

#include <stdio.h>
#include <sys/random.h>

#define IN_LAYER "staging"
#define IN_LOWER ".warren-commit-" /* and 16 hexadecimal digits */

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

static bool same_mount(int a, int b)
{
	struct statx x, y;

	if (statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &x) < 0 ||
	    statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &y) < 0)
		return false;
	return (x.stx_mask & y.stx_mask & STATX_MNT_ID) && x.stx_mnt_id == y.stx_mnt_id &&
	       x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}

static int write_note(struct wr_layer *l, const char *name)
{
	_cleanup_close_ int fd = openat(l->dir, "stage.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t len = (ssize_t)strlen(name);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, name, (size_t)len);
	if (n != len)
		return n < 0 ? -errno : -ENOSPC;
	if (fsync(fd) < 0 || renameat(l->dir, "stage.new", l->dir, "stage") < 0)
		return -errno;
	return wr_sync_dir(l->dir);
}

int wr_stage_make(struct wr_layer *l, struct wr_stage *ret)
{
	unsigned long long id;

	if (same_mount(l->dir, wr_bottom(l))) {
		ret->top = l->dir;
		snprintf(ret->name, sizeof(ret->name), "%s", IN_LAYER);
	} else {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			return -EIO;
		ret->top = wr_bottom(l);
		snprintf(ret->name, sizeof(ret->name), IN_LOWER "%016llx", id);
	}
	int r = write_note(l, ret->name);
	if (r == 0 && mkdirat(ret->top, ret->name, 0700) < 0)
		r = -errno;
	if (r < 0)
		return r;
	ret->fd = openat(ret->top, ret->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 ? -errno : 0;
}

/* Whatever else the note says: that directory is somebody else's, and would be emptied. */
static bool is_stage(const char *name)
{
	const char *id = name + strlen(IN_LOWER);

	return !strcmp(name, IN_LAYER) || (!strncmp(name, IN_LOWER, strlen(IN_LOWER)) &&
					   strspn(id, "0123456789abcdef") == 16 && !id[16]);
}

int wr_stage_find(struct wr_layer *l, struct wr_stage *ret)
{
	_cleanup_close_ int fd = openat(l->dir, "stage", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, ret->name, sizeof(ret->name) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EUCLEAN;
	ret->name[n] = '\0';
	if (!is_stage(ret->name))
		return -EUCLEAN;
	ret->top = strcmp(ret->name, IN_LAYER) ? wr_bottom(l) : l->dir;
	ret->fd = openat(ret->top, ret->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->fd < 0 && errno != ENOENT ? -errno : 0;
}

int wr_stage_remove(struct wr_layer *l, struct wr_stage *s)
{
	int r = 0;

	/* what has to be moved out while removing goes into the layer, or into the staging directory itself
	 */
	if (s->fd >= 0)
		r = wr_purge_content(s->fd);
	wr_cleanup_close(&s->fd);
	if (r == 0 && unlinkat(s->top, s->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && unlinkat(l->dir, "stage", 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

void wr_step_new_name(const struct wr_step *s, char buf[static 32])
{
	snprintf(buf, 32, "%u", s->number);
}

void wr_step_old_name(const struct wr_step *s, char buf[static 32])
{
	snprintf(buf, 32, "old-%u", s->number);
}
