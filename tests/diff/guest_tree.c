/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that every sequence starts in, made from the seed alone, and its removal. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool seq_has_deep(uint64_t seed)
{
	return seed % 8 == 3;
}

bool seq_has_chain(uint64_t seed)
{
	return seed % 8 == 5;
}

static void make_file(const char *path, const char *data, size_t len, mode_t mode)
{
	int fd = (int)raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return;
	raw(SYS_write, fd, data, len);
	raw(SYS_fchmod, fd, mode);
	raw(SYS_close, fd);
}

static void make_link(const char *target, const char *path)
{
	raw(SYS_symlinkat, target, AT_FDCWD, path);
}

static void make_dir(const char *path, mode_t mode)
{
	raw(SYS_mkdirat, AT_FDCWD, path, 0700);
	raw(SYS_fchmodat, AT_FDCWD, path, mode);
}

/* A directory with one file in it, then the mode that hides it. */
static void make_hidden(const char *dir, mode_t mode)
{
	char path[64];

	make_dir(dir, 0700);
	snprintf(path, sizeof(path), "%s/k", dir);
	make_file(path, "hidden", 6, 0644);
	raw(SYS_fchmodat, AT_FDCWD, dir, mode);
}

static void make_links(struct guest *g)
{
	static const char *const pairs[][2] = {
		{"a", "la"},
		{"d", "ld"},
		{"nowhere", "lx"},
		{"lself", "lself"},
		{"loop2", "loop1"},
		{"loop1", "loop2"},
		{"../../../../../../..", "lup"},
		{"d/", "lts"},
		{"a/", "ltf"},
		{".", "ldot"},
		{"d/../e", "ldd"},
		{"n0", "lnew"},
		{"lc2", "lc1"},
		{"lc3", "lc2"},
		{"lc4", "lc3"},
		{"lc5", "lc4"},
		{"b", "lc5"},
		{"d/ld2/la", "lcm"},
		{"../e", "d/ld2"},
		{"../b", "d/la"},
		{"../d/a", "e/la"},
		{OTHER_DIR "/f", "lother"},
		{"/dev/null/x", "ldevx"},
		{"/diff-guest", "lprog"},
		{"../lprog", "d/lprog"},
	};
	char buf[128];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		make_link(pairs[i][0], pairs[i][1]);
	snprintf(buf, sizeof(buf), "%s/a", g->base);
	make_link(buf, "labs");
	snprintf(buf, sizeof(buf), "%s/d", g->base);
	make_link(buf, "ldabs");
	snprintf(buf, sizeof(buf), "../../../../..%s/b", g->base);
	make_link(buf, "lupa");
	if (g->proc) {
		make_link("/proc/self/fd", "lproc");
		make_link("/proc/self/cwd", "lcwd");
		make_link("/proc/self/root", "lroot");
		make_link("/dev/null", "ldev");
	}
	raw(SYS_linkat, AT_FDCWD, "la", AT_FDCWD, "hs", 0);
}

static void make_chain(void)
{
	char from[16], to[16];

	for (unsigned i = 6; i < CHAIN_LINKS; i++) {
		snprintf(from, sizeof(from), "lc%u", i);
		snprintf(to, sizeof(to), "lc%u", i - 1);
		make_link(to, from);
	}
}

static void make_deep(struct guest *g)
{
	char name[DEEP_NAME + 1];

	memset(name, 'D', DEEP_NAME);
	name[DEEP_NAME] = '\0';
	for (unsigned i = 0; i < DEEP_LEVELS; i++) {
		if (raw(SYS_mkdirat, AT_FDCWD, name, 0755) < 0 || raw(SYS_chdir, name) < 0)
			break;
		make_file("a", "deep", 4, 0644);
	}
	raw(SYS_chdir, g->base);
}

static void make_files(void)
{
	char big[5000], n255[256];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('A' + i % 23);
	memset(n255, 'N', 255);
	n255[255] = '\0';
	make_file("a", "file a\n", 7, 0644);
	make_file("b", big, sizeof(big), 0644);
	make_file("c", "", 0, 04755);
	make_file("f0", "unreadable", 10, 0);
	make_file("ro", "read only", 9, 0444);
	make_file("h1", "linked", 6, 0664);
	raw(SYS_linkat, AT_FDCWD, "h1", AT_FDCWD, "h2", 0);
	raw(SYS_linkat, AT_FDCWD, "h1", AT_FDCWD, "d/k", 0);
	make_file("\xff\xfe", "bytes", 5, 0644);
	make_file("n\nl", "newline", 7, 0644);
	make_file(n255, "long", 4, 0644);
	make_file("d/a", "file d/a", 8, 0640);
	make_file("d/b", "file d/b", 8, 0600);
	make_file("e/a", "file e/a", 8, 0644);
	raw(SYS_mknodat, AT_FDCWD, "ff", S_IFIFO | 0644, 0);
	raw(SYS_mknodat, AT_FDCWD, "so", S_IFSOCK | 0755, 0);
	raw(SYS_mknodat, AT_FDCWD, "d/y/ff", S_IFIFO | 0600, 0);
}

static void make_scripts(struct guest *g)
{
	char loop[64];

	snprintf(loop, sizeof(loop), "#!%s/scloop\n", g->base);
	make_file("sc", "#!/diff-guest\n", 14, 0755);
	make_file("scarg", "#! \t/diff-guest  1 \n", 20, 0755);
	make_file("scsc", "#!sc", 4, 0555);
	make_file("scnone", "#!/w/none\n", 10, 0755);
	make_file("scloop", loop, strlen(loop), 0755);
}

static void make_attrs(void)
{
	static const struct timespec old[2] = {{500000000, 1}, {600000000, 123456789}};

	raw(SYS_setxattr, "a", "user.a", "value", 5, 0);
	raw(SYS_setxattr, "d", "user.b", "of d", 4, 0);
	raw(SYS_setxattr, "h1", "user.b", "", 0, 0);
	raw(SYS_utimensat, AT_FDCWD, "b", old, 0);
	raw(SYS_utimensat, AT_FDCWD, "h1", old, 0);
	raw(SYS_utimensat, AT_FDCWD, "la", old, AT_SYMLINK_NOFOLLOW);
	raw(SYS_utimensat, AT_FDCWD, "e", old, 0);
}

int tree_make(struct guest *g)
{
	int r;

	raw(SYS_umask, 022);
	r = (int)raw(SYS_mkdirat, AT_FDCWD, g->top, 0755);
	if (r == 0)
		r = (int)raw(SYS_mkdirat, AT_FDCWD, g->base, 0755);
	if (r == 0)
		r = (int)raw(SYS_chdir, g->base);
	if (r < 0)
		return r;
	make_dir("d", 0755);
	make_dir("d/x", 0755);
	make_dir("d/y", 0755);
	make_dir("e", 0755);
	make_dir("sg", 02775);
	make_dir("st", 01777);
	make_file("st/a", "sticky", 6, 0644);
	make_files();
	make_scripts(g);
	make_hidden("x0", 0);
	make_hidden("ns", 0644);
	make_hidden("nw", 0555);
	make_links(g);
	if (seq_has_chain(g->seed))
		make_chain();
	if (seq_has_deep(g->seed))
		make_deep(g);
	make_attrs();
	return 0;
}

/* fds of all kinds to start with, among them those of objects that are gone. */
void tree_open_slots(struct guest *g)
{
	static const struct {
		const char *path;
		int flags;
	} init[] = {
		{".", O_PATH},
		{".", O_RDONLY | O_DIRECTORY},
		{"a", O_RDWR},
		{"b", O_RDONLY},
		{"a", O_PATH},
		{"la", O_PATH | O_NOFOLLOW},
		{"d", O_RDONLY | O_DIRECTORY},
		{"x0", O_PATH},
		{"gone", O_RDONLY | O_DIRECTORY},
		{"gonef", O_RDWR | O_CREAT},
		{"ff", O_RDWR | O_NONBLOCK},
		{"so", O_PATH},
	};
	unsigned i;

	for (i = 0; i < NSLOT; i++)
		g->slot[i] = -1;
	raw(SYS_mkdirat, AT_FDCWD, "gone", 0755);
	for (i = 0; i < sizeof(init) / sizeof(init[0]); i++) {
		int flags = init[i].flags;
		long r;

		if (g->no_opath && (flags & O_PATH))
			flags = O_RDONLY | O_NONBLOCK;
		r = raw(SYS_openat, AT_FDCWD, init[i].path, flags, 0644);

		g->slot[i] = r < 0 ? -1 : (int)r;
		out(g, "slot %u %s", i, init[i].path);
		res(g, r < 0 ? r : r - g->fd0);
		out(g, "\n");
	}
	raw(SYS_unlinkat, AT_FDCWD, "gone", AT_REMOVEDIR);
	raw(SYS_unlinkat, AT_FDCWD, "gonef", 0);
}

static void remove_in(struct guest *g, int dirfd, const char *name, unsigned depth);

static void remove_entries(struct guest *g, int fd, unsigned depth)
{
	struct entry *e = NULL;
	unsigned n = 0;

	if (read_dir(fd, false, 32768, &e, &n) < 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		const char *s = e[i].name;

		if (!strcmp(s, ".") || !strcmp(s, ".."))
			continue;
		remove_in(g, fd, s, depth);
	}
	free(e);
}

static void remove_in(struct guest *g, int dirfd, const char *name, unsigned depth)
{
	long r = raw(SYS_unlinkat, dirfd, name, 0), fd;

	if (r == 0)
		return;
	/* A directory: EISDIR, from some file systems EPERM. */
	raw(SYS_fchmodat, dirfd, name, 0700);
	fd = raw(SYS_openat, dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && depth < 200) {
		remove_entries(g, (int)fd, depth + 1);
		raw(SYS_close, fd);
	}
	r = raw(SYS_unlinkat, dirfd, name, AT_REMOVEDIR);
	if (r < 0) {
		out(g, "cannot remove");
		out_bytes(g, name, strlen(name));
		res(g, r);
		out(g, "\n");
	}
}

void tree_remove(struct guest *g)
{
	raw(SYS_umask, 022);
	raw(SYS_chdir, "/");
	remove_in(g, AT_FDCWD, g->top, 0);
}

void tree_restore(struct guest *g)
{
	static const char *const keep[] = {".",	   "..",  "w",	   "diff-guest",
					   "proc", "dev", "other", "lost+found"};
	struct entry *e = NULL;
	unsigned n = 0;
	long fd;

	raw(SYS_umask, 022);
	raw(SYS_chdir, "/");
	raw(SYS_fchownat, AT_FDCWD, WORK_DIR, g->uid, g->gid, 0);
	raw(SYS_fchmodat, AT_FDCWD, WORK_DIR, 0777);
	raw(SYS_removexattr, WORK_DIR, "user.a");
	raw(SYS_removexattr, WORK_DIR, "user.b");
	if (g->uid != 0)
		return;
	raw(SYS_fchmodat, AT_FDCWD, "/", 0755);
	raw(SYS_fchownat, AT_FDCWD, "/", 0, 0, 0);
	raw(SYS_removexattr, "/", "user.a");
	raw(SYS_removexattr, "/", "user.b");
	fd = raw(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read_dir((int)fd, false, 32768, &e, &n) == 0)
		for (unsigned i = 0; i < n; i++) {
			bool kept = false;

			for (size_t k = 0; k < sizeof(keep) / sizeof(keep[0]); k++)
				kept |= !strcmp(e[i].name, keep[k]);
			if (!kept)
				remove_in(g, (int)fd, e[i].name, 0);
		}
	free(e);
	raw(SYS_close, fd);
}
