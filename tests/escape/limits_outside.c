/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits of a process outside, and the limit that is warren's mark. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	struct rlimit lim = {1, 1}, old = {0, 0};

	if (!prlimit(e_pid(), RLIMIT_NOFILE, NULL, &old))
		ESCAPED("read");
	/* two numbers of 64 bits that the kernel cuts to 32 */
	for (int i = 0; i < 2; i++)
		if (!syscall(SYS_prlimit64, i ? 1L << 32 : 0, 1L << 32 | RLIMIT_RTTIME, &lim, NULL) ||
		    !syscall(SYS_setrlimit, 1L << 32 | RLIMIT_RTTIME, &lim))
			ESCAPED("the mark");
	return t_end();
}
