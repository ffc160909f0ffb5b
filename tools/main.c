/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli.h"
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"run", cmd_run, "run a program in a sandbox"},
	{"batch", cmd_batch, "run many jobs, each in a sandbox of its own"},
	{"check", cmd_check, "what this kernel offers, and what it means"},
	{"syscalls", cmd_syscalls, "the table of intercepted system calls"},
};

static void help(FILE *f)
{
	fputs("Usage: warren COMMAND [ARGUMENT...]\n\n", f);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\nTry: warren run -r / -w \"$PWD\" -- make      or: warren COMMAND --help\n", f);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("warren 0.1.0");
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "warren: there is no command '%s'; warren --help lists them\n", argv[1]);
	return EXIT_USAGE;
}
