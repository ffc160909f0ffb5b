/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli.h"
#include "layer.h"
#include "words.h"
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"run", cmd_run, "run a program in a sandbox"},
	{"batch", cmd_batch, "run many jobs, each in a sandbox of its own"},
	{"report", cmd_report, "sum up the results of batches"},
	{"shell", cmd_shell, "look around in a layer that was kept"},
	{"diff", cmd_diff, "say what a layer changes"},
	{"commit", cmd_commit, "apply a layer to the directory that it lies over"},
	{"discard", cmd_discard, "throw a layer away"},
	{"layers", cmd_layers, "list layers, and remove what crashes left"},
	{"bench", cmd_bench, "measure what interception costs here"},
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

static int unknown(const char *name)
{
	const char *names[sizeof(commands) / sizeof(commands[0]) + 1] = {NULL};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		names[i] = commands[i].name;
	const char *close = words_closest(name, names);
	fprintf(stderr, "warren: there is no command '%s'; ", name);
	if (close)
		fprintf(stderr, "did you mean 'warren %s'?\n", close);
	else if (strchr(name, '/'))
		fputs("to run a program: warren run -r / -- PROGRAM\n", stderr);
	else
		fputs("warren --help lists them\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static char long_help[] = "--help";

	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (argc > 2 && !strcmp(argv[1], "help")) { /* warren help run */
		argv[1] = argv[2];
		argv[2] = long_help;
		argc = 3;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("warren " WARREN_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return unknown(argv[1]);
}
