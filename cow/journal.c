/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "journal.h"
#include "../engine/base/io.h"

#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC	 0x314a5257U /* "WRJ1" */
#define STEP_LEN offsetof(struct wr_step, path)

struct head {
	uint32_t magic, pad;
	uint64_t n, bytes, sum; /* of all steps */
};

int wr_sync_dir(int fd)
{
	_cleanup_close_ int d = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return d < 0 || fsync(d) < 0 ? -errno : 0;
}

int wr_journal_add(struct wr_journal *j, const struct wr_step *s)
{
	if (j->n == j->room) {
		size_t room = j->room ? j->room * 2 : 32;
		struct wr_step *v = realloc(j->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		j->v = v;
		j->room = room;
	}
	char *path = strdup(s->path);
	if (!path)
		return -ENOMEM;
	j->v[j->n] = *s;
	j->v[j->n].path = path;
	j->v[j->n++].path_len = (uint32_t)strlen(path);
	return 0;
}

void wr_journal_release(struct wr_journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free((char *)j->v[i].path);
	free(j->v);
	*j = (struct wr_journal){0};
}

char *wr_journal_print(const struct wr_journal *j, size_t *ret_len)
{
	size_t len = sizeof(struct head);

	for (size_t i = 0; i < j->n; i++)
		len += STEP_LEN + j->v[i].path_len;
	char *buf = calloc(1, len);
	if (!buf)
		return NULL;
	char *at = buf + sizeof(struct head);
	for (size_t i = 0; i < j->n; i++) {
		memcpy(at, &j->v[i], STEP_LEN);
		memcpy(at + STEP_LEN, j->v[i].path, j->v[i].path_len);
		at += STEP_LEN + j->v[i].path_len;
	}
	struct head h = {.magic = MAGIC, .n = j->n, .bytes = len - sizeof(h)};
	h.sum = XXH3_64bits(buf + sizeof(h), h.bytes);
	memcpy(buf, &h, sizeof(h));
	*ret_len = len;
	return buf;
}

int wr_journal_write(int dir, const struct wr_journal *j)
{
	size_t len;
	_cleanup_free_ char *buf = wr_journal_print(j, &len);

	if (!buf)
		return -ENOMEM;
	_cleanup_close_ int fd = openat(dir, "journal.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int r = wr_write_at(fd, buf, len, 0);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dir, "journal.new", dir, "journal") < 0)
		r = -errno;
	return r < 0 ? r : wr_sync_dir(dir);
}

/* As the diff writes them: no empty component, no "." and no "..". */
static bool is_plain(const char *path, size_t len)
{
	if (!len || memchr(path, '\0', len))
		return false;
	for (const char *c = path;; c++) {
		size_t n = strcspn(c, "/");
		if (!n || n > NAME_MAX || (n == 1 && c[0] == '.') || (n == 2 && c[0] == '.' && c[1] == '.'))
			return false;
		c += n;
		if (!*c)
			return true;
	}
}

static int parse(const char *buf, size_t len, struct wr_journal *j)
{
	struct head h;
	struct wr_step s;
	char path[PATH_MAX];

	if (len < sizeof(h))
		return -EUCLEAN;
	memcpy(&h, buf, sizeof(h));
	const char *at = buf + sizeof(h), *end = buf + len;
	if (h.magic != MAGIC || h.bytes != len - sizeof(h) || h.sum != XXH3_64bits(at, h.bytes))
		return -EUCLEAN;
	for (uint64_t i = 0; i < h.n; i++) {
		if ((size_t)(end - at) < STEP_LEN)
			return -EUCLEAN;
		memcpy(&s, at, STEP_LEN);
		at += STEP_LEN;
		if (s.path_len >= PATH_MAX || (size_t)(end - at) < s.path_len)
			return -EUCLEAN;
		memcpy(path, at, s.path_len);
		path[s.path_len] = '\0';
		at += s.path_len;
		if (s.kind < WR_STEP_REMOVE || s.kind > WR_STEP_ATTR || !is_plain(path, s.path_len))
			return -EUCLEAN;
		s.path = path;
		int r = wr_journal_add(j, &s);
		if (r < 0)
			return r;
	}
	return 0;
}

int wr_journal_parse(const char *buf, size_t len, struct wr_journal *ret)
{
	*ret = (struct wr_journal){0};
	int r = parse(buf, len, ret);
	if (r < 0)
		wr_journal_release(ret);
	return r;
}

int wr_journal_read(int dir, struct wr_journal *ret)
{
	struct stat st;
	_cleanup_close_ int fd = openat(dir, "journal", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*ret = (struct wr_journal){0};
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	_cleanup_free_ char *buf = malloc((size_t)st.st_size + 1);
	if (!buf)
		return -ENOMEM;
	ssize_t len = wr_read_at(fd, buf, (size_t)st.st_size, 0);
	if (len < st.st_size)
		return len < 0 ? (int)len : -EUCLEAN;
	int r = wr_journal_parse(buf, (size_t)len, ret);
	ret->undo = faccessat(dir, "undo", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return r;
}

int wr_journal_mark_undo(int dir)
{
	_cleanup_close_ int fd = openat(dir, "undo", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return wr_sync_dir(dir);
}

/* The mark goes last: a journal without it would be applied. */
int wr_journal_remove(int dir)
{
	if (unlinkat(dir, "journal", 0) < 0 && errno != ENOENT)
		return -errno;
	int r = wr_sync_dir(dir);
	if (r < 0)
		return r;
	if (unlinkat(dir, "undo", 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return wr_sync_dir(dir);
}
