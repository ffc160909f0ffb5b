/* SPDX-License-Identifier: Apache-2.0 */
/* A task that is not dumpable, by an option with something in its upper half: nobody could read its paths. */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	syscall(SYS_prctl, 1L << 32 | PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_GET_DUMPABLE) != 1)
		ESCAPED("not dumpable");
	syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_GET_DUMPABLE) != 1)
		ESCAPED("not dumpable");
	return t_end();
}
