/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: a directory with names in the lower directory and in the layer is listed like any other: every name
 * once, with its type and inode, by getdents64 and getdents, in any size of buffer, while names come and go.
 */
#include "t.h"

#ifndef SYS_getdents
#define SYS_getdents -1
#endif

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};
struct legacy { /* the type is in the last byte */
	unsigned long ino, off;
	unsigned short len;
	char name[];
};

static int n_names; /* with . and .. */

static void entry(const char *name, unsigned long ino, int type)
{
	struct stat st;

	n_names++;
	REQUIRE(!lstat(name, &st));
	if (strcmp(name, "..")) {
		if (ino != st.st_ino)
			t_fail(__FILE__, __LINE__, "%s: inode %lu in the listing, %lu in stat", name, ino,
			       (unsigned long)st.st_ino);
	}
	CHECK_EQ(type, IFTODT(st.st_mode));
}

/* Lists "." with a buffer of that size. The number of names, or -1. */
static int list(size_t size, bool old)
{
	static char buf[65536] __attribute__((aligned(8)));
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	n_names = 0;
	while ((n = syscall(old ? SYS_getdents : SYS_getdents64, fd, buf, size)) > 0)
		for (long at = 0; at < n;) {
			struct entry *e = (void *)(buf + at);
			struct legacy *l = (void *)(buf + at);
			if (old)
				entry(l->name, l->ino, buf[at + l->len - 1]);
			else
				entry(e->name, e->ino, e->type);
			at += old ? l->len : e->len;
		}
	close(fd);
	return n < 0 ? -1 : n_names;
}

static void all_sizes(int expected)
{
	CHECK_EQ(list(65536, false), expected);
	CHECK_EQ(list(280, false), expected);
	CHECK_ERR(list(24, false), EINVAL);
#if defined(__x86_64__)
	CHECK_EQ(list(65536, true), expected);
	CHECK_EQ(list(300, true), expected);
#endif
}

/* As rm -r does: what is read is removed before the next is read. */
static void remove_while_listing(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int made = 0;

	while ((e = readdir(d)))
		if (e->d_name[0] == 'n' || e->d_name[0] == 'm') {
			char name[32];
			CHECK_OK(unlink(e->d_name));
			if (made < 20) {
				snprintf(name, sizeof(name), "later%d", made++);
				t_put(name, "");
			}
		}
	rewinddir(d);
	while ((e = readdir(d)))
		CHECK(e->d_name[0] != 'n' && e->d_name[0] != 'm');
	closedir(d);
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	char name[32];
	REQUIRE(!chdir("/lower") && !chdir("many"));
	int before = list(65536, false);

	CHECK(before >= 106);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		t_put(name, "");
	}
	for (int i = 1; i <= 10; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CHECK_OK(unlink(name));
	}
	t_put("n1", "again");
	t_put("n20", "changed");
	CHECK_OK(unlink("n21"));
	CHECK_OK(mkdir("n21", 0755));
	all_sizes(before + 50 - 10 + 1);
	CHECK_OK(rmdir("n21"));
	remove_while_listing();
	CHECK_EQ(list(65536, false), before - 100 + 20);
	return t_end();
}
