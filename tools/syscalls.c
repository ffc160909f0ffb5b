/* SPDX-License-Identifier: Apache-2.0 */
/* warren syscalls: the table, for people; docs/syscalls.md is its --markdown output. */
#define _GNU_SOURCE
#include "cli.h"
#include <string.h>

static const char *const support[] = {"full", "partial", "denied"};

int cmd_syscalls(int argc, char **argv)
{
	int markdown = argc == 2 && !strcmp(argv[1], "--markdown");
	struct warren_syscall_info info;

	if (argc > 2 || (argc == 2 && !markdown)) {
		int help = !strcmp(argv[1], "--help");
		fputs("Usage: warren syscalls [--markdown]\n", help ? stdout : stderr);
		return help ? 0 : EXIT_USAGE;
	}
	if (markdown)
		puts("# System calls that warren intercepts\n\n"
		     "Generated from handlers/table.def by `warren syscalls --markdown`. A legacy call is "
		     "served by the "
		     "row that it is mapped onto. Known calls that are not listed run natively; calls newer "
		     "than the "
		     "table get ENOSYS.\n\n"
		     "| call | served as | support | note |\n| --- | --- | --- | --- |");
	for (unsigned i = 0; warren_syscall_info(i, &info) == 0; i++)
		printf(markdown ? "| %s | %s | %s | %s |\n" : "%-20s %-16s %-8s %s\n", info.name,
		       info.canonical, support[info.support], info.note);
	return 0;
}
