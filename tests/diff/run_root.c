/* SPDX-License-Identifier: Apache-2.0 */
/* Root directories for both sides. */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), fd = -1, r = 0;
	ssize_t n = 0;

	if (in < 0)
		return -errno;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		r = -errno;
	while (r == 0 && (n = sendfile(fd, in, NULL, 1 << 22)) > 0)
		;
	if (n < 0)
		r = -errno;
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	close(in);
	if (fd >= 0)
		close(fd);
	return r;
}

static int put_dir(const char *root, const char *name, mode_t mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		return -errno;
	return 0;
}

static int put_file(const char *root, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, "root's\n", 7) != 7 || fchmod(fd, mode) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* Objects of another user: what a guest without rights may do to them. */
static int make_other(const char *root)
{
	static const struct {
		const char *name;
		mode_t mode;
	} list[] = {
		{"/other", 0755},	  {"/other/d", 0755},	{"/other/priv", 0700},
		{"/other/sticky", 01777}, {"/other/f", 0},	{"/other/secret", 0},
		{"/other/d/f", 0},	  {"/other/priv/f", 0}, {"/other/sticky/f", 0},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		bool secret = strstr(list[i].name, "secret");
		int r = list[i].mode ? put_dir(root, list[i].name, list[i].mode)
				     : put_file(root, list[i].name, secret ? 0600 : 0644);

		if (r < 0)
			return r;
	}
	return 0;
}

int root_make(const struct opts *o, const char *root)
{
	char path[PATH_MAX];
	int r;

	if (mkdir(root, 0755) < 0 || chmod(root, 0755) < 0)
		return -errno;
	r = put_dir(root, "/proc", 0555);
	if (r == 0)
		r = put_dir(root, "/dev", 0755);
	if (r == 0)
		r = put_dir(root, "/w", 0777);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/w", root);
	if (o->as_root && o->have_uid && chown(path, o->uid, o->uid) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/diff-guest", root);
	r = copy_file(o->guest, path, 0755);
	if (r == 0 && o->as_root && o->have_uid && o->uid != 0)
		r = make_other(root);
	return r;
}

static int rm_at(int dirfd, const char *name, dev_t dev, unsigned depth)
{
	struct dirent *e;
	struct stat st;
	int fd, r = 0;
	DIR *d;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
	if (st.st_dev != dev)
		return -EXDEV;
	if (depth > 300)
		return -ELOOP;
	if ((st.st_mode & 0700) != 0700)
		(void)!fchmodat(dirfd, name, 0700, 0);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = rm_at(fd, e->d_name, dev, depth + 1);
	closedir(d);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int rm_tree(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return rm_at(AT_FDCWD, path, st.st_dev, 0);
}

int dev_make(const struct opts *o, const char *path)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {{"null", 1, 3},   {"zero", 1, 5},	  {"full", 1, 7},
		     {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
	static const char *const links[][2] = {{"fd", "/proc/self/fd"},
					       {"stdin", "/proc/self/fd/0"},
					       {"stdout", "/proc/self/fd/1"},
					       {"stderr", "/proc/self/fd/2"}};
	char p[PATH_MAX];

	if (mount("tmpfs", path, "tmpfs", MS_NOSUID, "mode=0755") < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(p, sizeof(p), "%s/%s", path, nodes[i].name);
		if (mknod(p, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0 ||
		    chmod(p, 0666) < 0)
			return -errno;
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(p, sizeof(p), "%s/%s", path, links[i][0]);
		if (symlink(links[i][1], p) < 0 || (o->have_uid && lchown(p, o->uid, o->uid) < 0))
			return -errno;
	}
	snprintf(p, sizeof(p), "%s/shm", path);
	if (mkdir(p, 0777) < 0 || chmod(p, 01777) < 0)
		return -errno;
	return 0;
}
