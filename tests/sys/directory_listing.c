/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: getdents64: every name once, types, `.` and `..`, rewind, seek, buffers too small, the legacy call.
 */
#include "t.h"

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static int count(DIR *dir)
{
	int n = 0;

	while (readdir(dir))
		n++;
	return n;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char buf[4096] __attribute__((aligned(8))), name[264];
	struct dirent *e;
	struct stat st;
	DIR *dir;
	long pos, n;
	int fd, seen = 0;

	REQUIRE(!mkdir("d", 0755));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/file%d", i);
		t_put(name, "");
	}
	REQUIRE(!mkdir("d/dir", 0755) && !symlink("x", "d/link") && !mkfifo("d/fifo", 0600));
	dir = opendir("d");
	REQUIRE(dir);
	while ((e = readdir(dir))) {
		snprintf(buf, sizeof(buf), "d/%s", e->d_name);
		CHECK(!lstat(buf, &st) &&
		      (e->d_type == DT_UNKNOWN || (mode_t)DTTOIF(e->d_type) == (st.st_mode & S_IFMT)));
		if (st.st_ino != e->d_ino)
			t_fail(__FILE__, __LINE__, "%s: inode %lu in the listing, %lu in stat", e->d_name,
			       (long)e->d_ino, (long)st.st_ino);
		seen++;
	}
	CHECK_EQ(seen, 305);
	rewinddir(dir);
	CHECK_EQ(count(dir), 305);
	rewinddir(dir);
	for (int i = 0; i < 100; i++)
		readdir(dir);
	pos = telldir(dir);
	e = readdir(dir);
	snprintf(name, sizeof(name), "%s", e->d_name);
	count(dir);
	seekdir(dir, pos);
	e = readdir(dir);
	CHECK(e && !strcmp(e->d_name, name));
	closedir(dir);

	fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 8), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, fd, (void *)8, 4096), EFAULT);
	CHECK_ERR(syscall(SYS_getdents64, -1, buf, 4096), EBADF);
	CHECK_ERR(syscall(SYS_getdents64, 0, buf, 4096), ENOTDIR);
	seen = 0;
	while ((n = syscall(SYS_getdents64, fd, buf, 64)) > 0)
		for (long i = 0; i < n; i += ((struct entry *)(buf + i))->len)
			seen++;
	CHECK_EQ(n, 0);
	CHECK_EQ(seen, 305);
#ifdef SYS_getdents
	seen = 0;
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	while ((n = syscall(SYS_getdents, fd, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n; i += *(uint16_t *)(buf + i + 16)) {
			const char *nm = buf + i + 18;
			uint8_t type = (uint8_t)buf[i + *(uint16_t *)(buf + i + 16) - 1];

			if (!strcmp(nm, "dir"))
				CHECK(type == DT_DIR || type == DT_UNKNOWN);
			seen++;
		}
	CHECK_EQ(seen, 305);
#endif
	dir = opendir("/");
	while ((e = readdir(dir)))
		if (!strcmp(e->d_name, "."))
			CHECK(!stat("/", &st) && st.st_ino == e->d_ino);
	closedir(dir);
	/* A directory that has been removed lists nothing. */
	REQUIRE(!mkdir("gone", 0755));
	fd = open("gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	REQUIRE(!rmdir("gone"));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOENT);
	return t_end();
}
