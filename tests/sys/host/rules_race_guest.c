/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that races against itself to get at what its rules keep from it. Of its root, /w may be written,
 * the rest read, /secret neither. Exit status 0: it never got there. */
#include "../t.h"

#define MS 700

static atomic_bool stop;
static int slot, mine, theirs; /* fd numbers */

static bool classified(int fd)
{
	char buf[64];

	if (fd < 0)
		return false;
	t_slurp(fd, buf, sizeof(buf));
	close(fd);
	return strstr(buf, "classified") != NULL;
}

static void *swap_link(void *arg)
{
	for (unsigned i = 0; !stop; i++) {
		unlink("/w/new");
		if (!symlink(i % 2 ? "/secret" : "/w/open", "/w/new"))
			rename("/w/new", "/w/link");
	}
	return arg;
}

static void *exchange(void *arg)
{
	while (!stop)
		syscall(SYS_renameat2, AT_FDCWD, "/w/dir", AT_FDCWD, "/w/other", 2 /* EXCHANGE */);
	return arg;
}

static void *swap_fd(void *arg)
{
	for (unsigned i = 0; !stop; i++)
		dup2(i % 2 ? mine : theirs, slot);
	return arg;
}

static void read_by(const char *const *paths, size_t n)
{
	int d = open("/w/dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	REQUIRE(!chdir("/w/open"));
	for (long end = t_now_ms() + MS; t_now_ms() < end && !t_failures;)
		for (size_t i = 0; i < n; i++) {
			CHECK(!classified(open(paths[i], O_RDONLY | O_CLOEXEC)));
			CHECK(!classified(openat(d, paths[i], O_RDONLY | O_CLOEXEC)));
			if (!stat(paths[i], &st))
				CHECK(st.st_size != 11); /* "classified\n" */
		}
}

static void race_links(void)
{
	static const char *const paths[] = {"/w/link/f", "../link/f", "/w/link/../secret/f",
					    "../link/../open/f", "/w/link/./sub/../f"};
	pthread_t t;

	REQUIRE(!mkdir("/w/open", 0755) && !mkdir("/w/open/sub", 0755) && !mkdir("/w/dir", 0755));
	REQUIRE(!symlink("/w/open", "/w/link"));
	t_put("/w/open/f", "open");
	t = t_thread(swap_link, NULL);
	read_by(paths, sizeof(paths) / sizeof(*paths));
	stop = true;
	t_join(t);
}

static void race_directories(void)
{
	static const char *const paths[] = {
		"/w/dir/f", "/w/dir/../f", "../dir/f",	 "../dir/../../secret/f",
		"f",	    "../f",	   "../other/f", "/w/dir/sub/../../other/f"};
	pthread_t t;

	REQUIRE(!mkdir("/w/open", 0755) && !mkdir("/w/dir", 0755) && !mkdir("/w/dir/sub", 0755));
	REQUIRE(!symlink("/secret", "/w/other"));
	t_put("/w/open/f", "open");
	t_put("/w/dir/f", "open");
	t = t_thread(exchange, NULL);
	read_by(paths, sizeof(paths) / sizeof(*paths));
	stop = true;
	t_join(t);
}

/* The number that a call is about is, now and then, another thread's to change. */
static void race_fds(void)
{
	const struct timespec old[2] = {{1, 0}, {1, 0}};
	struct stat ro, st;
	char link[64];
	pthread_t t;
	int fd;

	mine = open("/w/mine", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	theirs = open("/ro", O_RDONLY | O_CLOEXEC);
	REQUIRE(mine >= 0 && theirs >= 0 && !fstat(theirs, &ro));
	/* by a name it would be found at once */
	REQUIRE(!unlink("/w/mine"));
	slot = dup(mine);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", slot);
	t = t_thread(swap_fd, NULL);
	for (long end = t_now_ms() + 2 * MS; t_now_ms() < end && !t_failures;) {
		fd = open(link, O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			CHECK(!fstat(fd, &st) && st.st_ino != ro.st_ino);
			close(fd);
		}
		chmod(link, 0777);
		syscall(SYS_fchmodat2, slot, "", 0777, AT_EMPTY_PATH);
		utimensat(slot, "", old, AT_EMPTY_PATH);
		truncate(link, 1);
		linkat(slot, "", AT_FDCWD, "/w/linked", AT_EMPTY_PATH);
		linkat(AT_FDCWD, link, AT_FDCWD, "/w/linked", AT_SYMLINK_FOLLOW);
		CHECK(stat("/w/linked", &st) || st.st_ino != ro.st_ino);
		unlink("/w/linked");
	}
	stop = true;
	t_join(t);
	CHECK(!fstat(theirs, &st) && st.st_mode == ro.st_mode && st.st_size == ro.st_size &&
	      st.st_mtime == ro.st_mtime && st.st_nlink == ro.st_nlink);
}

/* Standard input is a file of the host, open for reading: no name in /w makes it writable. */
static void link_stdin(void)
{
	CHECK(linkat(0, "", AT_FDCWD, "/w/linked", AT_EMPTY_PATH) == -1);
	CHECK(linkat(AT_FDCWD, "/proc/self/fd/0", AT_FDCWD, "/w/linked", AT_SYMLINK_FOLLOW) == -1);
	CHECK(syscall(SYS_fchmodat2, 0, "", 0777, AT_EMPTY_PATH) == -1);
	CHECK(open("/proc/self/fd/0", O_RDWR) == -1);
	CHECK(!t_exists("/w/linked"));
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "links"))
		race_links();
	else if (!strcmp(what, "directories"))
		race_directories();
	else if (!strcmp(what, "fds"))
		race_fds();
	else if (!strcmp(what, "stdin"))
		link_stdin();
	else
		return 2;
	return t_end();
}
