/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of warren, one file each. */
#ifndef WARREN_TOOLS_CLI_H
#define WARREN_TOOLS_CLI_H

#include <stdio.h>
#include <warren/warren.h>

enum { /* exit codes of warren itself */
       EXIT_USAGE = 2,
       EXIT_NO_START = 125,
       EXIT_TIMEOUT = 124, /* as timeout(1) */
};

int cmd_run(int argc, char **argv);
int cmd_batch(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_syscalls(int argc, char **argv);

/* report.c: the counters as a table, or as JSON. */
void report_stats(FILE *f, struct warren_engine *e, struct warren_sandbox *s, int json);

#endif
