/* SPDX-License-Identifier: Apache-2.0 */
/* A guest whose working directory and dirfd are moved out of its root: says that it is ready, waits for that,
 * and then looks for what is beside them. Exit status 0: it finds nothing of the outside. */
#include "../t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	static const char *const up[] = {"..", "../..", "../../..", "../sub/..", "./../.", "sub/../.."};
	struct stat root, w, st;
	char path[64];
	int d, p;

	REQUIRE(!chdir("/w/d") && !stat("/", &root) && !stat("/w", &w));
	d = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p = open("sub", O_PATH | O_CLOEXEC);
	t_put("/w/ready", "");
	for (int i = 0; i < 300 && !t_exists("/w/go"); i++)
		t_ms(10);
	REQUIRE(t_exists("/w/go"));
	for (size_t i = 0; i < sizeof(up) / sizeof(*up); i++)
		for (int k = 0; k < 3; k++) {
			int fd = k == 0 ? AT_FDCWD : k == 1 ? d : p;
			int got = openat(fd, up[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (got >= 0)
				CHECK(!fstat(got, &st) &&
				      (st.st_ino == root.st_ino || st.st_ino == w.st_ino));
			CHECK(fstatat(fd, up[i], &st, 0) || st.st_ino == root.st_ino ||
			      st.st_ino == w.st_ino);
			snprintf(path, sizeof(path), "%s/outside", up[i]);
			CHECK(openat(fd, path, O_RDONLY) == -1);
			snprintf(path, sizeof(path), "%s/new", up[i]);
			CHECK(openat(fd, path, O_RDWR | O_CREAT, 0644) == -1);
		}
	CHECK(chdir("..") == -1);
	CHECK(chdir("/proc/self/cwd/..") == -1);
	CHECK(open("/proc/self/cwd/../outside", O_RDONLY) == -1);
	return t_end();
}
