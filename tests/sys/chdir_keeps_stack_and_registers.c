/* SPDX-License-Identifier: Apache-2.0 */
/* cwd: the substituted call leaves the stack, the red zone and the registers of the caller alone. */
#include "t.h"

#ifdef __x86_64__
/* chdir with known callee-saved and argument registers, and a pattern in the 128 bytes of the red zone. */
__attribute__((noinline)) static long guarded(const char *path, uint64_t out[24])
{
	long ret;

	__asm__ volatile("sub $1024, %%rsp\n\t"
			 "movq $0x1111111111111111, %%r12\n\t"
			 "movq $0x2222222222222222, %%r13\n\t"
			 "movq $0x3333333333333333, %%r14\n\t"
			 "movq $0x4444444444444444, %%r10\n\t"
			 "movq $0x5555555555555555, %%r8\n\t"
			 "movq $0x6666666666666666, %%r9\n\t"
			 "movq %%r12, -8(%%rsp)\n\t"
			 "movq %%r13, -64(%%rsp)\n\t"
			 "movq %%r14, -128(%%rsp)\n\t"
			 "movq %%rdi, %%r15\n\t"
			 "movq $0x7777777777777777, %%rdx\n\t"
			 "movq $0x1234567, %%rsi\n\t"
			 "movq %[nr], %%rax\n\t"
			 "syscall\n\t"
			 "movq %%r12, 0(%[out])\n\t"
			 "movq %%r13, 8(%[out])\n\t"
			 "movq %%r14, 16(%[out])\n\t"
			 "movq %%r10, 24(%[out])\n\t"
			 "movq %%r8, 32(%[out])\n\t"
			 "movq %%r9, 40(%[out])\n\t"
			 "movq %%rdx, 48(%[out])\n\t"
			 "movq %%rsi, 56(%[out])\n\t"
			 "movq -8(%%rsp), %%rcx\n\t"
			 "movq %%rcx, 64(%[out])\n\t"
			 "movq -64(%%rsp), %%rcx\n\t"
			 "movq %%rcx, 72(%[out])\n\t"
			 "movq -128(%%rsp), %%rcx\n\t"
			 "movq %%rcx, 80(%[out])\n\t"
			 "subq %%rdi, %%r15\n\t"
			 "movq %%r15, 88(%[out])\n\t"
			 "add $1024, %%rsp\n\t"
			 : "=&a"(ret)
			 : "D"(path), [out] "b"(out), [nr] "i"(SYS_chdir)
			 : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
			   "memory");
	return ret;
}

static void check(const char *path, long want)
{
	static const uint64_t expect[12] = {0x1111111111111111, 0x2222222222222222, 0x3333333333333333,
					    0x4444444444444444, 0x5555555555555555, 0x6666666666666666,
					    0x7777777777777777, 0x1234567,	    0x1111111111111111,
					    0x2222222222222222, 0x3333333333333333, 0};
	uint64_t out[24] = {0};

	CHECK_EQ(guarded(path, out), want);
	for (int i = 0; i < 12; i++)
		if (out[i] != expect[i])
			t_fail(__FILE__, __LINE__, "chdir(\"%s\"): value %d is %lx", path, i, (long)out[i]);
}
#endif

int main(int argc, char **argv)
{
	t_begin(argc, argv);
#ifdef __x86_64__
	REQUIRE(!mkdir("d", 0755));
	check("d", 0);
	check("/w", 0);
	check("missing", -ENOENT);
	check("/", 0);
	check("/w/d", 0);
#else
	T_SKIP("x86-64 only");
#endif
	return t_end();
}
