/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) by the i386 entry, of which the filter knows other numbers. */
#include "e.h"

#if defined(__x86_64__)
int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	REQUIRE(low != MAP_FAILED);

	for (int i = 0; i < 2; i++) {
		strcpy(low, e_path(i ? "E_DENIED" : "E_OUT", "secret"));
		pid_t pid = e_fork();
		if (!pid) {
			long r;
			__asm__ volatile("int $0x80"
					 : "=a"(r)
					 : "a"(5), "b"(low), "c"(0), "d"(0)
					 : "memory", "r8", "r9", "r10", "r11");
			e_read_fd((int)r, "int 0x80");
			_exit(0);
		}
		int st = e_wait(pid);
		if (st == 128 + SIGSEGV && e_is_control())
			T_SKIP("no i386 entry");
	}
	return t_end();
}
#else
int main(void)
{
	return 77;
}
#endif
