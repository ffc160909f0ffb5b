/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel translates a filter anew for every sandbox, in time proportional to its length: with
 * libseccomp's for all calls that was a quarter of what a sandbox of a short program costs
 * (docs/performance.md). So libseccomp gets the rules with conditions only, and its program is run
 * symbolically for each such number; the result is a graph of
 *
 *     RET     an action
 *     LOAD    a word of the arguments, then another node
 *     AND     with a constant, then another node
 *     BITS    has it any of these bits?
 *     SWITCH  which of these ranges is it in?
 *
 * in which equal nodes are one, comparisons of the same word one SWITCH, and tests of its bits for the same
 * outcome one BITS. The numbers themselves are a SWITCH in front of it. The unit test filter compares the
 * outcome with libseccomp's own filter. */
#define _GNU_SOURCE
#include "filter_pack.h"
#include "base/raw.h"
#include "policy.h"
#include <string.h>

#define NODES  4096
#define RANGES 16384
#define FAR    255 /* as far as a conditional jump leads */

enum kind { RET, LOAD, AND, BITS, SWITCH };
struct node {
	enum kind kind;
	uint32_t k;    /* action, offset, mask; of SWITCH its first range */
	unsigned t, f; /* nodes; LOAD, AND: t is the next; of SWITCH t is the number of ranges */
	int at;	       /* in the program, from its end; -1: not yet */
};
struct range {
	uint32_t from;
	unsigned to; /* node */
};

/* What is known of the accumulator. */
struct acc {
	enum {
		KNOWN,	/* value */
		WORD,	/* the word at offset value */
		MASKED, /* one bit of it, which was tested: bit. What was emitted left the word there */
		OTHER
	} is;
	uint32_t value, bit;
};

struct pack {
	struct node nodes[NODES];
	struct range ranges[RANGES];
	unsigned n_nodes, n_ranges;
	int error;
	/* the program that is run */
	const struct sock_filter *prog;
	size_t prog_len;
	uint32_t nr;
	unsigned *memo; /* node + 1 of each instruction and state */
	/* the one that is made, from its end */
	struct sock_filter *out;
	size_t room, len;
};

/* ---- the graph ---- */

static unsigned add(struct pack *p, enum kind kind, uint32_t k, unsigned t, unsigned f)
{
	for (unsigned i = 0; i < p->n_nodes; i++) {
		struct node *n = &p->nodes[i];
		if (n->kind == kind && n->k == k && n->t == t && n->f == f)
			return i;
	}
	if (p->n_nodes == NODES) {
		p->error = -E2BIG;
		return 0;
	}
	p->nodes[p->n_nodes] = (struct node){.kind = kind, .k = k, .t = t, .f = f, .at = -1};
	return p->n_nodes++;
}

static unsigned add_bits(struct pack *p, uint32_t mask, unsigned t, unsigned f)
{
	const struct node *n = &p->nodes[f];

	if (t == f)
		return t;
	if (n->kind == BITS && n->t == t)
		return add_bits(p, mask | n->k, t, n->f);
	return add(p, BITS, mask, t, f);
}

/* Appends to the ranges of a SWITCH that is being made, which begin at first. */
static void append(struct pack *p, unsigned first, uint32_t from, unsigned to)
{
	if (p->n_ranges > first && p->ranges[p->n_ranges - 1].to == to)
		return;
	if (p->n_ranges > first && p->ranges[p->n_ranges - 1].from == from) {
		p->ranges[p->n_ranges - 1].to = to;
		return;
	}
	if (p->n_ranges == RANGES)
		p->error = -E2BIG;
	else
		p->ranges[p->n_ranges++] = (struct range){from, to};
}

/* The part from low to high, inclusive, of what node does with the word. */
static void append_part(struct pack *p, unsigned first, uint32_t low, uint32_t high, unsigned node)
{
	const struct node n = p->nodes[node];

	if (n.kind != SWITCH) {
		append(p, first, low, node);
		return;
	}
	for (unsigned i = 0; i < n.t; i++) {
		const struct range r = p->ranges[n.k + i];
		uint32_t last = i + 1 < n.t ? p->ranges[n.k + i + 1].from - 1 : UINT32_MAX;
		if (r.from <= high && last >= low)
			append(p, first, r.from > low ? r.from : low, r.to);
	}
}

static unsigned end_switch(struct pack *p, unsigned first)
{
	unsigned n = p->n_ranges - first;

	if (n == 1) {
		p->n_ranges = first;
		return p->ranges[first].to;
	}
	for (unsigned i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].kind == SWITCH && p->nodes[i].t == n &&
		    !memcmp(&p->ranges[p->nodes[i].k], &p->ranges[first], n * sizeof(struct range))) {
			p->n_ranges = first;
			return i;
		}
	return add(p, SWITCH, first, n, 0);
}

/* Is the word in low..high? */
static unsigned add_within(struct pack *p, uint32_t low, uint32_t high, unsigned t, unsigned f)
{
	const unsigned first = p->n_ranges;

	if (low)
		append_part(p, first, 0, low - 1, f);
	append_part(p, first, low, high, t);
	if (high < UINT32_MAX)
		append_part(p, first, high + 1, UINT32_MAX, f);
	return end_switch(p, first);
}

static unsigned add_test(struct pack *p, unsigned op, uint32_t k, unsigned t, unsigned f)
{
	switch (op) {
	case BPF_JEQ:
		return add_within(p, k, k, t, f);
	case BPF_JGE:
		return add_within(p, k, UINT32_MAX, t, f);
	case BPF_JGT:
		return k == UINT32_MAX ? f : add_within(p, k + 1, UINT32_MAX, t, f);
	default:
		return add_bits(p, k, t, f);
	}
}

/* ---- the program, run for one number ---- */

static bool is_taken(unsigned op, uint32_t a, uint32_t k)
{
	return op == BPF_JEQ ? a == k : op == BPF_JGE ? a >= k : op == BPF_JGT ? a > k : (a & k) != 0;
}

static unsigned run(struct pack *p, size_t pc, struct acc a);

static unsigned run_load(struct pack *p, size_t pc, struct acc a, uint32_t offset)
{
	if (offset == offsetof(struct seccomp_data, nr))
		return run(p, pc, (struct acc){KNOWN, p->nr, 0});
	if (offset == offsetof(struct seccomp_data, arch))
		return run(p, pc, (struct acc){KNOWN, WR_AUDIT_ARCH, 0});
	unsigned next = run(p, pc, (struct acc){WORD, offset, 0});
	return (a.is == WORD || a.is == MASKED) && a.value == offset ? next : add(p, LOAD, offset, next, 0);
}

/* A test of a single bit leaves the word where it is. */
static unsigned run_and(struct pack *p, size_t pc, struct acc a, uint32_t mask)
{
	const struct sock_filter *test = pc < p->prog_len ? &p->prog[pc] : NULL;

	if (a.is == KNOWN || a.is == MASKED)
		return run(p, pc, (struct acc){a.is, a.is == KNOWN ? a.value & mask : a.value, a.bit & mask});
	if (a.is == WORD && test && test->code == (BPF_JMP | BPF_JEQ | BPF_K) && mask &&
	    !(mask & (mask - 1)) && (test->k == mask || test->k == 0)) {
		struct acc set = {MASKED, a.value, mask}, clear = {MASKED, a.value, 0};
		unsigned equal = run(p, pc + 1 + test->jt, test->k ? set : clear);
		unsigned other = run(p, pc + 1 + test->jf, test->k ? clear : set);
		return test->k ? add_bits(p, mask, equal, other) : add_bits(p, mask, other, equal);
	}
	return add(p, AND, mask, run(p, pc, (struct acc){OTHER, 0, 0}), 0);
}

static unsigned run_one(struct pack *p, size_t pc, struct acc a)
{
	const struct sock_filter *i = &p->prog[pc];
	const unsigned op = BPF_OP(i->code);

	if (i->code == (BPF_LD | BPF_W | BPF_ABS))
		return run_load(p, pc + 1, a, i->k);
	if (i->code == (BPF_RET | BPF_K))
		return add(p, RET, i->k, 0, 0);
	if (i->code == (BPF_JMP | BPF_JA))
		return run(p, pc + 1 + i->k, a);
	if (i->code == (BPF_ALU | BPF_AND | BPF_K))
		return run_and(p, pc + 1, a, i->k);
	if (BPF_CLASS(i->code) != BPF_JMP || BPF_SRC(i->code) != BPF_K ||
	    (op != BPF_JEQ && op != BPF_JGE && op != BPF_JGT && op != BPF_JSET)) {
		p->error = -EOPNOTSUPP;
		return 0;
	}
	if (a.is == KNOWN || a.is == MASKED)
		return run(p, pc + 1 + (is_taken(op, a.is == KNOWN ? a.value : a.bit, i->k) ? i->jt : i->jf),
			   a);
	unsigned t = run(p, pc + 1 + i->jt, a), f = run(p, pc + 1 + i->jf, a);
	return add_test(p, op, i->k, t, f);
}

/* Words at offsets up to 64, and one more. What is known is not remembered: it leads straight on. */
#define STATES 17

static unsigned run(struct pack *p, size_t pc, struct acc a)
{
	if (pc >= p->prog_len)
		p->error = -EOPNOTSUPP;
	if (p->error)
		return 0;
	if (a.is == KNOWN || a.is == MASKED)
		return run_one(p, pc, a);
	unsigned *m = &p->memo[pc * STATES + (a.is == OTHER ? STATES - 1 : a.value / 4 % (STATES - 1))];
	if (!*m)
		*m = run_one(p, pc, a) + 1;
	return *m - 1;
}

/* ---- the program, from its end ---- */

static int put(struct pack *p, uint16_t code, uint32_t k, int jt, int jf)
{
	if (p->len == p->room) {
		p->error = -E2BIG;
		return 0;
	}
	p->out[p->len] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
	return (int)p->len++;
}

static int emit(struct pack *p, unsigned node);

/* In an instruction that comes next: how far it is to that at. */
static int distance(const struct pack *p, int at)
{
	return (int)p->len - at - 1;
}

static bool near(struct pack *p, unsigned node, int *at)
{
	if (distance(p, *at) <= FAR)
		return true;
	if (p->nodes[node].kind == RET)
		*at = p->nodes[node].at = put(p, BPF_RET | BPF_K, p->nodes[node].k, 0, 0);
	else
		*at = put(p, BPF_JMP | BPF_JA, (uint32_t)distance(p, *at), 0, 0);
	return false;
}

/* A test whose outcomes are at t and f already. t_node, f_node: what these are; any node where they are none.
 */
static int put_test(struct pack *p, unsigned op, uint32_t k, unsigned t_node, int t, unsigned f_node, int f)
{
	while (!p->error && (!near(p, t_node, &t) || !near(p, f_node, &f)))
		;
	return put(p, (uint16_t)(BPF_JMP | op | BPF_K), k, distance(p, t), distance(p, f));
}

static int emit_switch(struct pack *p, const struct range *r, unsigned n, unsigned self)
{
	if (n == 1)
		return emit(p, r->to);
	if (n == 3 && r[0].to == r[2].to && r[2].from == r[1].from + 1) {
		int f = emit(p, r[0].to), t = emit(p, r[1].to);
		return put_test(p, BPF_JEQ, r[1].from, r[1].to, t, r[0].to, f);
	}
	unsigned half = n / 2;
	int high = emit_switch(p, r + half, n - half, self), low = emit_switch(p, r, half, self);
	return put_test(p, BPF_JGE, r[half].from, n - half == 1 ? r[half].to : self, high,
			half == 1 ? r->to : self, low);
}

static int emit_new(struct pack *p, unsigned node)
{
	const struct node n = p->nodes[node];
	int t, f;

	switch (n.kind) {
	case RET:
		return put(p, BPF_RET | BPF_K, n.k, 0, 0);
	case LOAD:
	case AND:
		t = emit(p, n.t);
		if (t + 1 != (int)p->len)
			put(p, BPF_JMP | BPF_JA, (uint32_t)distance(p, t), 0, 0);
		return put(p, n.kind == LOAD ? BPF_LD | BPF_W | BPF_ABS : BPF_ALU | BPF_AND | BPF_K, n.k, 0,
			   0);
	case BITS:
		f = emit(p, n.f);
		t = emit(p, n.t);
		return put_test(p, BPF_JSET, n.k, n.t, t, n.f, f);
	default:
		return emit_switch(p, p->ranges + n.k, n.t, node);
	}
}

static int emit(struct pack *p, unsigned node)
{
	if (p->error)
		return 0;
	if (p->nodes[node].at < 0) {
		int at = emit_new(p, node);
		p->nodes[node].at = at;
	}
	return p->nodes[node].at;
}

/* ---- all of it ---- */

static unsigned by_value(struct pack *p, const struct wr_pack_number *n)
{
	const unsigned low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
	unsigned node = add(p, RET, n->action, 0, 0);

	for (unsigned i = n->n_values; i--;)
		node = add_test(p, n->kind == WR_PACK_BY_BITS ? BPF_JSET : BPF_JEQ, n->values[i].value,
				add(p, RET, n->values[i].action, 0, 0), node);
	return add(p, LOAD, (uint32_t)offsetof(struct seccomp_data, args) + 8 * n->arg + low, node, 0);
}

static unsigned of_number(struct pack *p, const struct wr_pack_number *n, uint32_t nr)
{
	switch (n->kind) {
	case WR_PACK_PLAIN:
		return add(p, RET, n->action, 0, 0);
	case WR_PACK_BY_VALUE:
	case WR_PACK_BY_BITS:
		return by_value(p, n);
	default:
		memset(p->memo, 0, p->prog_len * STATES * sizeof(*p->memo));
		p->nr = nr;
		return run(p, 0, (struct acc){OTHER, 0, 0});
	}
}

static int pack(struct pack *p, const struct wr_pack_number *numbers, size_t n, uint32_t action)
{
	unsigned *nodes = malloc(n * sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (size_t nr = 0; nr < n; nr++)
		nodes[nr] = of_number(p, &numbers[nr], (uint32_t)nr);
	unsigned other = add(p, RET, action, 0, 0), first = p->n_ranges;
	for (size_t nr = 0; nr < n; nr++)
		append(p, first, (uint32_t)nr, nodes[nr]);
	append(p, first, (uint32_t)n, other);
	free(nodes);
	unsigned top = add(p, LOAD, offsetof(struct seccomp_data, nr), end_switch(p, first), 0);
	top = add(p, LOAD, offsetof(struct seccomp_data, arch),
		  add_within(p, WR_AUDIT_ARCH, WR_AUDIT_ARCH, top, other), 0);
	emit(p, top);
	for (size_t i = 0; i < p->len / 2; i++) {
		struct sock_filter x = p->out[i];
		p->out[i] = p->out[p->len - 1 - i];
		p->out[p->len - 1 - i] = x;
	}
	return p->error ? p->error : (int)p->len;
}

int wr_filter_pack(const struct wr_pack_number *numbers, size_t n, uint32_t action,
		   const struct sock_filter *prog, size_t prog_len, struct sock_filter *ret, size_t room)
{
	struct pack *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (p && (p->memo = malloc((prog_len + 1) * STATES * sizeof(*p->memo)))) {
		p->prog = prog;
		p->prog_len = prog_len;
		p->out = ret;
		p->room = room;
		r = pack(p, numbers, n, action);
		free(p->memo);
	}
	free(p);
	return r;
}
