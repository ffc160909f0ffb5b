/* SPDX-License-Identifier: Apache-2.0 */
/* What is denied, by every spelling of its path. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	const char *denied = e_env("E_DENIED"), *last = strrchr(denied, '/');
	char path[2 * PATH_MAX];

	for (int i = 0; i < 8; i++) {
		static const char *const forms[] = {"%.*s%s/secret",
						    "%.*s/./%s/secret",
						    "%.*s//%s//secret",
						    "%.*s/w/..%s/secret",
						    "%.*s/ro/dir/../..%s/secret",
						    "/proc/self/root%.*s%s/secret",
						    "/proc/self/cwd/..%.0s%s/secret",
						    "%.*s%s/./secret"};
		if (i == 6)
			snprintf(path, sizeof(path), "/proc/self/cwd/..%s/secret", last);
		else
			snprintf(path, sizeof(path), forms[i], (int)(last - denied), denied, last);
		e_read_fd(open(path, O_RDONLY | O_CLOEXEC), path);
	}
	int dir = open(denied, O_PATH | O_DIRECTORY | O_CLOEXEC);
	e_read_fd(openat(dir, "secret", O_RDONLY | O_CLOEXEC), "openat");
	if (!chdir(denied))
		e_read_fd(open("secret", O_RDONLY | O_CLOEXEC), "chdir");
	return t_end();
}
