/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: a directory moved while another task walks through it: no walk ever ends outside of the root. */
#include "t.h"

static atomic_bool stop;

static void *mover(void *arg)
{
	(void)arg;
	while (!stop) {
		rename("a/b/c", "c");
		rename("c", "a/b/c");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct stat root, st;
	pthread_t th;
	char cwd[PATH_MAX];

	REQUIRE(!mkdir("a", 0755) && !mkdir("a/b", 0755) && !mkdir("a/b/c", 0755) && !mkdir("a/b/c/d", 0755));
	REQUIRE(!stat("/", &root));
	th = t_thread(mover, NULL);
	for (long end = t_now_ms() + 700; t_now_ms() < end && !t_failures;) {
		int fd = open("a/b/c/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (!stat("a/b/c/d/../../../../../../../..", &st))
			CHECK(st.st_ino == root.st_ino && st.st_dev == root.st_dev);
		else
			CHECK(errno == ENOENT);
		if (fd < 0) {
			CHECK(errno == ENOENT);
			continue;
		}
		/* By way of the dirfd, wherever the directory is now. The kernel may give up with EAGAIN. */
		if (!fstatat(fd, "../../../../../../../..", &st, 0))
			CHECK(st.st_ino == root.st_ino && st.st_dev == root.st_dev);
		else
			CHECK(errno == ENOENT || errno == EAGAIN || errno == EXDEV);
		if (!fchdir(fd)) {
			if (getcwd(cwd, sizeof(cwd)))
				CHECK(!strcmp(cwd, "/w/a/b/c/d") || !strcmp(cwd, "/w/c/d"));
			else
				CHECK(errno == ENOENT);
			CHECK_OK(chdir("/w"));
		}
		close(fd);
	}
	stop = true;
	t_join(th);
	return t_end();
}
