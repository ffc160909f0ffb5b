/* SPDX-License-Identifier: Apache-2.0 */
#include "held.h"
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	_exit(1);
}

unsigned entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* A line of /proc/self/status. */
static long status_kib(const char *format)
{
	long kib = -1;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

long rss_kib(void)
{
	malloc_trim(0);
	return status_kib("VmRSS: %ld");
}

long peak_kib(void)
{
	return status_kib("VmHWM: %ld");
}

int peak_reset(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");

	if (!f)
		return -errno;
	int r = fputs("5", f) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : r;
}

struct held held_now(void)
{
	struct held last = {0};

	for (int same = 0, i = 0; same < 10 && i < 500; i++) {
		struct held h = {entries("/proc/self/fd"), entries("/proc/self/task")};

		same = h.fds == last.fds && h.threads == last.threads ? same + 1 : 0;
		last = h;
		usleep(5000);
	}
	return last;
}

void held_expect(struct held was, const char *when)
{
	struct held is = held_now();

	if (is.fds != was.fds || is.threads != was.threads)
		fail("%s: %u fds and %u threads instead of %u and %u", when, is.fds, is.threads, was.fds,
		     was.threads);
}

void held_no_child(const char *when)
{
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		fail("%s: a child is left", when);
}
