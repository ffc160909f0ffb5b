/* SPDX-License-Identifier: Apache-2.0 */
/* A zygote for warren batch --zygote: what takes long is done once, each job is a fork.
 *
 *     cc -o zygote docs/examples/zygote.c
 *     warren batch -r / --zygote ./zygote ::: 3 4 5 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char message[131072];

/* What the job gave: its words in args, NULL-terminated, as far as there is room. */
static void take_job(size_t size, char **args, size_t room)
{
	for (char *item = message; item < message + size; item += strlen(item) + 1) {
		if (*item == 'A' && room > 1) {
			*args++ = item + 1;
			room--;
		} else if (*item == 'E') {
			putenv(item + 1);
		} else if (*item == 'C' && chdir(item + 1) < 0) {
			perror(item + 1);
			exit(1);
		}
	}
	*args = NULL;
}

/* Returns in each fork; docs/zygote.md has the protocol. */
static void next_job(char **args, size_t room)
{
	ssize_t size;

	if (write(STDIN_FILENO, "ready", 5) < 0)
		exit(1);
	while ((size = read(STDIN_FILENO, message, sizeof(message))) > 0)
		if (fork() == 0) {
			take_job((size_t)size, args, room);
			return;
		}
	exit(0);
}

int main(void)
{
	char *args[16];

	/* here is what takes long */
	next_job(args, sizeof(args) / sizeof(args[0]));
	long number = args[0] ? strtol(args[0], NULL, 10) : 0;
	printf("%ld squared is %ld\n", number, number * number);
	return 0;
}
