/* SPDX-License-Identifier: Apache-2.0 */
/* A layer that was used becomes as good as a new one. Its own few files stay: to make and remove them for
 * each of thousands of jobs costs more than what the jobs do (ext4 does not give the numbers of removed files
 * away for some seconds, and walks past them for each new one). */
#define _GNU_SOURCE
#include "internal.h"

/* The directory itself is as it was? Its attributes are then those of the lower one, which are not copied
 * again. */
static bool root_is_as_born(struct wr_layer *l)
{
	uint64_t root = wr_index_get(l->index, "", 0);
	struct stat st;

	return !l->readonly && !atomic_load(&l->by_fd) && wr_state(root) == WR_IS_MERGED &&
	       !(root & WR_ATTR) && fstat(l->upper, &st) == 0 && st.st_mode == l->born.st_mode &&
	       st.st_uid == l->born.st_uid && st.st_gid == l->born.st_gid;
}

int wr_layer_reset(struct wr_layer *l)
{
	struct wr_index *index;
	struct wr_held *held = wr_held_new();
	struct stat low;

	int r = !held ? -ENOMEM : root_is_as_born(l) ? wr_purge_content(l->upper) : -EINVAL;
	if (r == 0)
		r = wr_purge_content(l->work);
	if (r == 0)
		r = wr_base_reset(l->base);
	if (r == 0)
		r = wr_index_new(&index);
	if (r < 0) {
		wr_held_free(held);
		return r;
	}
	wr_index_free(l->index);
	l->index = index;
	wr_held_free(l->held);
	l->held = held;
	wr_quota_close(l);
	wr_quota_init(l);
	atomic_store(&l->bytes, 0);
	atomic_store(&l->files, 0);
	wr_cache_drop(&l->cached);
	l->id = wr_layer_new_id(); /* listings are kept under it */
	if (fstat(l->lowers[0].fd, &low) < 0)
		return -errno;
	r = wr_copy_meta(&low, l->upper); /* its times */
	if (r == 0)
		r = wr_scan(l);
	if (r == 0 && fstat(l->upper, &l->born) < 0)
		r = -errno;
	if (r == 0)
		atomic_store(&l->touched, false);
	return r;
}
