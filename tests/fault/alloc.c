/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into a warren of its own, by --wrap: the allocation number WARREN_FAULT_ALLOC fails, and every one
 * that comes WARREN_FAULT_EVERY after it. When the program ends it tells into WARREN_FAULT_COUNT how many
 * there were. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

static unsigned long fail_at, every;
static atomic_ulong count;
static int count_fd = -1; /* opened first: later on the supervisor may write there no more */

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("WARREN_FAULT_ALLOC"), *step = getenv("WARREN_FAULT_EVERY");

	fail_at = at ? strtoul(at, NULL, 0) : 0;
	every = step ? strtoul(step, NULL, 0) : 0;
	count = 0;
	const char *name = getenv("WARREN_FAULT_COUNT");
	count_fd = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
}

__attribute__((destructor)) static void end(void)
{
	if (count_fd >= 0)
		dprintf(count_fd, "%lu\n", (unsigned long)count);
}

static bool fails(void)
{
	unsigned long n = atomic_fetch_add(&count, 1) + 1;

	if (!fail_at || (n != fail_at && (!every || n < fail_at || (n - fail_at) % every)))
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = __wrap_malloc(n);

	return p ? memcpy(p, s, n) : NULL;
}
