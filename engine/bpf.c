/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "bpf.h"
#include "internal.h"
#include <seccomp.h>
#include <stddef.h>

struct range { /* of numbers that have the same action; it ends where the next one begins */
	uint32_t first, action;
};

void wr_bpf_add(struct wr_bpf *p, uint16_t code, uint32_t k, unsigned yes, unsigned no)
{
	if (p->n < WR_BPF_MAX)
		p->code[p->n] = (struct sock_filter){code, (uint8_t)yes, (uint8_t)no, k};
	p->n++;
}

/* A binary tree: 2 n - 1 instructions. */
static void add_ranges(struct wr_bpf *p, const struct range *r, unsigned n)
{
	if (n == 1) {
		wr_bpf_add(p, r[0].action == WR_GO_ON ? BPF_JMP | BPF_JA : BPF_RET | BPF_K, r[0].action, 0,
			   0);
		return;
	}
	wr_bpf_add(p, BPF_JMP | BPF_JGE | BPF_K, r[n / 2].first, 2 * (n / 2) - 1, 0);
	add_ranges(p, r, n / 2);
	add_ranges(p, r + n / 2, n - n / 2);
}

void wr_bpf_begin(struct wr_bpf *p)
{
	wr_bpf_add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	wr_bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0);
	wr_bpf_add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	wr_bpf_add(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

int wr_bpf_table(struct wr_bpf *p, const uint32_t action[static WR_NUMBERS])
{
	struct range ranges[WR_NUMBERS + 1];
	unsigned n = 0, start = p->n;

	for (int nr = 0; nr <= wr_table_max_nr; nr++)
		if (n == 0 || ranges[n - 1].action != action[nr])
			ranges[n++] = (struct range){(uint32_t)nr, action[nr]};
	ranges[n++] = (struct range){(uint32_t)wr_table_max_nr + 1, SECCOMP_RET_ERRNO | ENOSYS};
	if (2 * (n / 2) - 1 > UINT8_MAX) /* what a jump reaches */
		return -E2BIG;
	add_ranges(p, ranges, n);
	if (p->n > WR_BPF_MAX)
		return -E2BIG;
	for (unsigned i = start; i < p->n; i++) /* there is no other jump of this kind */
		if (p->code[i].code == (BPF_JMP | BPF_JA))
			p->code[i].k = p->n - i - 1;
	return 0;
}
