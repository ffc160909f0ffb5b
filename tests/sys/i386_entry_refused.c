/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: the i386 entry is refused: int 0x80 has other numbers for everything. */
#include "t.h"

int main(int argc, char **argv)
{
	t_begin(argc, argv);
#ifdef __x86_64__
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	pid_t pid;
	int st;

	REQUIRE(low != MAP_FAILED);
	strcpy(low, "i386dir");
	pid = t_fork();
	if (!pid) {
		long r = 39; /* mkdir */

		__asm__ volatile("int $0x80"
				 : "+a"(r)
				 : "b"((uint32_t)(uintptr_t)low), "c"(0755)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(r >= 0);
	}
	st = t_wait(pid);
	if (st != 0 && st != 128 + SIGSYS && st != 128 + SIGKILL && st != 128 + SIGSEGV)
		t_fail(__FILE__, __LINE__, "int 0x80 ends with %d", st);
	CHECK(!t_exists("i386dir"));
#else
	T_SKIP("x86-64 only");
#endif
	return t_end();
}
