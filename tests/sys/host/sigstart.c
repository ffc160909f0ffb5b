/* SPDX-License-Identifier: Apache-2.0 */
/* sigstart [-i SIGNAL | -b SIGNAL]... PROGRAM [ARG]...: run it with exactly these signals ignored and
 * blocked. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int number(const char *name)
{
	for (int s = 1; s < NSIG; s++) {
		const char *abbrev = sigabbrev_np(s);

		if (abbrev && !strcmp(abbrev, name))
			return s;
	}
	return -1;
}

int main(int argc, char **argv)
{
	sigset_t set;
	int c;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&set);
	while ((c = getopt(argc, argv, "+i:b:")) != -1) {
		int s = number(optarg ? optarg : "");

		if (s < 0)
			return 2;
		if (c == 'i')
			signal(s, SIG_IGN);
		else if (c == 'b')
			sigaddset(&set, s);
		else
			return 2;
	}
	if (optind == argc || sigprocmask(SIG_SETMASK, &set, NULL))
		return 2;
	execvp(argv[optind], argv + optind);
	perror(argv[optind]);
	return 127;
}
