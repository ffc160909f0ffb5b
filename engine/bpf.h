/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for seccomp(2) from a table of actions, one for each number of a system call. */
#ifndef WARREN_ENGINE_BPF_H
#define WARREN_ENGINE_BPF_H

#include <linux/filter.h>
#include <stdint.h>

#define WR_NUMBERS 512 /* above every number in the table */
#define WR_BPF_MAX 1024
/* No action of the kernel's: the program goes on behind what was made of the table. */
#define WR_GO_ON 1U

struct wr_bpf {
	struct sock_filter code[WR_BPF_MAX];
	unsigned n; /* above WR_BPF_MAX: it did not fit */
};

void wr_bpf_add(struct wr_bpf *p, uint16_t code, uint32_t k, unsigned yes, unsigned no);
/* Loads the number, of this architecture; those of others are ENOSYS. */
void wr_bpf_begin(struct wr_bpf *p);
/* What is to be done with the number that is loaded. One that wr_table does not know is ENOSYS, too. -E2BIG.
 */
int wr_bpf_table(struct wr_bpf *p, const uint32_t action[static WR_NUMBERS]);

#endif
