/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: x32 numbers are refused: they would pass a filter that knows only the 64-bit ones. */
#include "t.h"

static int in_child(void (*fn)(void))
{
	pid_t pid = t_fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	return t_wait(pid);
}

#ifdef __x86_64__
#define X32 0x40000000L

/* Ends with 1 where the call had an effect. */
static void try_mkdir(void)
{
	_exit(syscall(X32 + SYS_mkdir, "x32dir", 0755) >= 0);
}

static void try_open(void)
{
	_exit(syscall(X32 + SYS_open, "x32file", O_CREAT | O_RDWR, 0644) >= 0);
}

static void try_execve(void)
{
	char *av[] = {"true", NULL};

	syscall(X32 + 520, "/bin/true", av, NULL);
	syscall(X32 + SYS_execve, "/bin/true", av, NULL);
	_exit(0);
}

static void try_getpid(void)
{
	_exit(syscall(X32 + SYS_getpid) >= 0);
}
#endif

int main(int argc, char **argv)
{
	t_begin(argc, argv);
#ifdef __x86_64__
	void (*tries[])(void) = {try_mkdir, try_open, try_execve, try_getpid};

	for (size_t i = 0; i < 4; i++) {
		int st = in_child(tries[i]);

		if (st != 0 && st != 128 + SIGSYS && st != 128 + SIGKILL)
			t_fail(__FILE__, __LINE__, "try %zu ends with %d", i, st);
	}
	CHECK(!t_exists("x32dir"));
	CHECK(!t_exists("x32file"));
#else
	T_SKIP("x86-64 only");
#endif
	return t_end();
}
