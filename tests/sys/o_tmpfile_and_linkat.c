/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: O_TMPFILE: the file has no name until linkat gives it one, by either way; with O_EXCL never. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat st;
	char link[64];
	DIR *dir;
	int fd, r;

	REQUIRE(!mkdir("d", 0755));
	fd = open("d", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	if (fd < 0 && errno == EOPNOTSUPP)
		T_SKIP("no O_TMPFILE on this filesystem");
	CHECK(fd >= 0 && !fstat(fd, &st) && st.st_nlink == 0);
	CHECK_EQ(write(fd, "text", 4), 4);
	dir = opendir("d");
	REQUIRE(dir);
	for (struct dirent *e; (e = readdir(dir));)
		CHECK(e->d_name[0] == '.');
	closedir(dir);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_OK(linkat(AT_FDCWD, link, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW));
	CHECK(t_holds("d/named", "text"));
	CHECK_EQ(t_mode("d/named"), 0640);
	CHECK_ERR(linkat(AT_FDCWD, link, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW), EEXIST);
	close(fd);
	fd = open(".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	r = linkat(fd, "", AT_FDCWD, "empty", AT_EMPTY_PATH);
	CHECK(!r || errno == ENOENT); /* before Linux 6.10 it takes a capability */
	if (!r)
		CHECK_EQ(t_type("empty"), S_IFREG);
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_ERR(linkat(AT_FDCWD, link, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
	CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0644), EINVAL);
	t_put("f", "x");
	CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0644), ENOTDIR);
	CHECK_ERR(open("missing", O_TMPFILE | O_RDWR, 0644), ENOENT);
	return t_end();
}
