/* SPDX-License-Identifier: Apache-2.0 */
/* ptrace(2) of a process outside. */
#include "e.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	if (!ptrace(PTRACE_SEIZE, e_pid(), 0, 0))
		ESCAPED("PTRACE_SEIZE");
	if (!ptrace(PTRACE_ATTACH, e_pid(), 0, 0))
		ESCAPED("PTRACE_ATTACH");
	return t_end();
}
