/* SPDX-License-Identifier: Apache-2.0 */
/* From what each system call number gets to a small BPF program. */
#ifndef WARREN_ENGINE_FILTER_PACK_H
#define WARREN_ENGINE_FILTER_PACK_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct wr_pack_value {
	uint32_t value, action;
};
struct wr_pack_number {
	enum {
		WR_PACK_PLAIN,	  /* action, whatever the arguments */
		WR_PACK_BY_VALUE, /* by the low half of argument arg: that of values, else action */
		WR_PACK_BY_BITS,  /* ... has it one of the bits of values[0]? Then that action */
		WR_PACK_BY_PROG,  /* what prog says */
	} kind;
	uint32_t action; /* SECCOMP_RET_* */
	unsigned arg, n_values;
	struct wr_pack_value values[32];
};

/* The program: for the native architecture and numbers 0 to n - 1 as said, for all else action. prog is a
 * filter for the native architecture that looks at nothing but struct seccomp_data. Its length, or -E2BIG,
 * -ENOMEM, or -EOPNOTSUPP: prog has an instruction that is not known here. */
int wr_filter_pack(const struct wr_pack_number *numbers, size_t n, uint32_t action,
		   const struct sock_filter *prog, size_t prog_len, struct sock_filter *ret, size_t room);

#endif
