/* SPDX-License-Identifier: Apache-2.0 */
/* A core dump is written by the kernel into the working directory, which must not be written. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char pattern[256];

	t_get("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern));
	if (e_is_control() && (pattern[0] == '|' || pattern[0] == '/'))
		T_SKIP("the host's cores go elsewhere");
	pid_t pid = e_fork();
	if (!pid) {
		struct rlimit lim;
		REQUIRE(!getrlimit(RLIMIT_CORE, &lim));
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_CORE, &lim);
		REQUIRE(!chdir(e_path("E_RO", "dir")));
		abort();
	}
	/* the runner looks whether there is a core now */
	t_wait(pid);
	return t_end();
}
