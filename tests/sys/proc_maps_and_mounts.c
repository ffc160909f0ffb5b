/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: maps, smaps and numa_maps name the guest's files; mounts and mountinfo list what is mounted in its
 * root; all can be read in pieces, sought in, and not written. */
#include "t.h"

static char text[1 << 20];

/* The line of the mapping that holds this address. */
static const char *line_of(const char *file, void *addr)
{
	static char line[PATH_MAX + 128];
	unsigned long from, to;

	REQUIRE(t_get(file, text, sizeof(text)) > 0);
	for (char *p = text; p && *p; p = strchr(p, '\n'), p += p != NULL)
		if (sscanf(p, "%lx-%lx ", &from, &to) == 2 && from <= (unsigned long)addr &&
		    (unsigned long)addr < to) {
			snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
			return line;
		}
	return "";
}

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void maps(const char *file)
{
	static const char odd[] = "a name\nof two lines";
	const char *line = line_of(file, (void *)maps);
	void *at;
	int fd;

	CHECK(ends(line, t_self) && strstr(line, " r-xp "));
	CHECK(strchr(line, '/') && strchr(line, '/') - line == 73);
	t_put(odd, "x");
	fd = open(odd, O_RDWR | O_CLOEXEC);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(ends(line_of(file, at), " /w/a name\\012of two lines"));
	CHECK_OK(unlink(odd));
	CHECK(ends(line_of(file, at), " /w/a name\\012of two lines (deleted)"));
	CHECK_OK(munmap(at, 4096));
	CHECK_STR(line_of(file, at), "");
	close(fd);
	fd = (int)syscall(SYS_memfd_create, "name", 1U);
	REQUIRE(!ftruncate(fd, 4096));
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(ends(line_of(file, at), " /memfd:name (deleted)"));
	munmap(at, 4096);
	close(fd);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(ends(line_of(file, at), " /dev/zero (deleted)"));
	munmap(at, 4096);
	CHECK(ends(line_of(file, &at), "[stack]"));
}

static void in_pieces(const char *file)
{
	char a[300], b[300];
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	CHECK(fd >= 0);
	CHECK(!fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0444);
	CHECK(!stat(file, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0444 && st.st_size == 0);
	n = read(fd, a, 1);
	CHECK_EQ(n, 1);
	CHECK(read(fd, a + 1, 99) > 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, b, 100);
	CHECK(n > 0 && !memcmp(a, b, (size_t)n));
	n = pread(fd, b, 10, 5);
	CHECK(n > 0 && !memcmp(a + 5, b, (size_t)n));
	CHECK(write(fd, "x", 1) < 0 && errno == EBADF);
	close(fd);
	fd = open(file, O_RDWR | O_CLOEXEC);
	CHECK(fd < 0 || write(fd, "x", 1) < 0);
	CHECK_ERR(open(file, O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open(file, O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
}

int main(int argc, char **argv)
{
	static const char *const files[] = {"/proc/self/maps", "/proc/self/mountinfo", "/proc/mounts",
					    "/proc/thread-self/smaps"};
	char mnt[256], root[256], opts[256], type[64];
	int id, parent, major_nr, minor_nr, n = 0;

	t_begin(argc, argv);
	maps("/proc/self/maps");
	maps("/proc/self/smaps");
	CHECK(strstr(text, "\nRss:") && strstr(text, "\nVmFlags:"));
	if (!access("/proc/self/numa_maps", F_OK)) {
		snprintf(mnt, sizeof(mnt), " file=%s ", t_self);
		CHECK(t_get("/proc/self/numa_maps", text, sizeof(text)) > 0 && strstr(text, mnt));
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		in_pieces(files[i]);

	CHECK_STR(t_readlink("/proc/mounts"), "self/mounts");
	CHECK(t_get("/proc/mounts", text, sizeof(text)) > 0);
	CHECK(strstr(text, " /proc proc rw"));
	CHECK(t_get("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (char *p = text; *p; p = strchr(p, '\n') + 1) {
		struct stat st;

		CHECK_EQ(sscanf(p, "%d %d %d:%d %255s %255s %255s - %63s", &id, &parent, &major_nr, &minor_nr,
				root, mnt, opts, type),
			 8);
		if (!strcmp(mnt, "/proc")) {
			CHECK_STR(type, "proc");
			CHECK(!stat("/proc", &st) &&
			      st.st_dev == makedev((unsigned)major_nr, (unsigned)minor_nr));
			n++;
		}
	}
	CHECK(n >= 1);
	CHECK(t_get("/proc/self/cgroup", text, sizeof(text)) > 0 && strstr(text, ":/"));
	return t_end();
}
