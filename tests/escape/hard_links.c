/* SPDX-License-Identifier: Apache-2.0 */
/* Hard links to what is denied or read-only, by every way to name it. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	const char *where[] = {"E_OUT", "E_DENIED", "E_RO"}, *names[] = {"secret", "secret", "file"};

	for (int i = 0; i < 3; i++) {
		const char *path = e_path(where[i], names[i]);
		int fd = open(path, O_PATH | O_CLOEXEC), dir = open(e_env(where[i]), O_PATH | O_CLOEXEC);
		char link_path[64];
		snprintf(link_path, sizeof(link_path), "/proc/self/fd/%d", fd);
		link(path, "a");
		linkat(dir, names[i], AT_FDCWD, "b", 0);
		linkat(fd, "", AT_FDCWD, "c", AT_EMPTY_PATH);
		linkat(AT_FDCWD, link_path, AT_FDCWD, "d", AT_SYMLINK_FOLLOW);
		rename(path, "e");
		for (char name[2] = "a"; *name <= 'e'; name[0]++) {
			struct stat st;
			if (!stat(name, &st))
				ESCAPED("%s has the name %s", path, name);
		}
	}
	return t_end();
}
