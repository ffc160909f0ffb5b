/* SPDX-License-Identifier: Apache-2.0 */
/* The root, working directory, program and files of a process outside, by the links of its /proc directory.
 */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char path[2 * PATH_MAX], link[64];

	snprintf(path, sizeof(path), "/proc/%d/cwd/secret", e_pid());
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "cwd");
	snprintf(path, sizeof(path), "/proc/%d/root%s/secret", e_pid(), e_env("E_OUT"));
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "root");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/cwd/secret", e_pid(), e_pid());
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "cwd of a task");
	snprintf(path, sizeof(path), "/proc/%d/fd/%s", e_pid(), e_env("E_FD"));
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "fd");
	snprintf(path, sizeof(path), "/proc/%d/environ", e_pid());
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "environ");
	snprintf(path, sizeof(path), "/proc/self/root%s/secret", e_env("E_OUT"));
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "own root");
	snprintf(path, sizeof(path), "/proc/%d/cwd/../../../../../../..%s/secret", getpid(), e_env("E_OUT"));
	e_read_fd(open(path, O_RDONLY | O_CLOEXEC), "own cwd");
	snprintf(path, sizeof(path), "/proc/%d/map_files", e_pid());
	DIR *d = opendir(path);
	if (d)
		ESCAPED("map_files");
	snprintf(link, sizeof(link), "/proc/%d/exe", e_pid());
	if (readlink(link, path, sizeof(path)) > 0)
		ESCAPED("the name of its program");
	return t_end();
}
