/* SPDX-License-Identifier: Apache-2.0 */
/* The packed filter does what libseccomp's program, and the table, say: run by an interpreter, for the real
 * policies and for random rules. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "../../engine/filter_pack.h"
#include "../../engine/policy.h"
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>

#define NUMBERS 600

static uint32_t interpret(const struct sock_filter *f, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &f[pc];
		bool taken = false;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			taken = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = (a & i->k) != 0;
			break;
		default:
			fail_msg("instruction %#x", i->code);
		}
		pc += taken ? i->jt : i->jf;
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t wanted(const struct wr_pack_number *n, const struct sock_filter *prog, size_t len,
		       const struct seccomp_data *d)
{
	if (n->kind == WR_PACK_BY_PROG)
		return interpret(prog, len, d);
	for (unsigned i = 0; n->kind == WR_PACK_BY_VALUE && i < n->n_values; i++)
		if ((uint32_t)d->args[n->arg] == n->values[i].value)
			return n->values[i].action;
	return n->action;
}

static uint64_t some_value(unsigned *seed)
{
	static const uint32_t known[] = {0,
					 1,
					 2,
					 3,
					 4,
					 5,
					 10,
					 15,
					 16,
					 17,
					 63,
					 64,
					 CLONE_NEWNS,
					 CLONE_PARENT,
					 CLONE_THREAD,
					 TIOCSTI,
					 FIOSETOWN,
					 FS_IOC_SETFLAGS,
					 UINT32_MAX,
					 1U << 31};
	uint64_t v = known[(unsigned)rand_r(seed) % WR_ARRAY_SIZE(known)];

	switch (rand_r(seed) % 8) {
	case 0:
		return v | 1ULL << 32;
	case 1:
		return v ^ 1ULL << (unsigned)rand_r(seed) % 64;
	case 2:
		return 1ULL << (unsigned)rand_r(seed) % 64;
	case 3:
		return v + 1;
	default:
		return v;
	}
}

static void compare(const struct wr_pack_number *numbers, size_t n, const struct sock_filter *prog,
		    size_t len, const struct sock_filter *packed, size_t packed_len, unsigned rounds,
		    unsigned *seed)
{
	for (uint32_t nr = 0; nr < n + 2; nr++)
		for (unsigned i = 0; i < rounds; i++) {
			struct seccomp_data d = {.nr = (int)nr, .arch = WR_AUDIT_ARCH};
			for (unsigned k = 0; k < 6; k++)
				d.args[k] = some_value(seed);
			uint32_t want =
				nr < n ? wanted(&numbers[nr], prog, len, &d) : SECCOMP_RET_ERRNO | ENOSYS;
			uint32_t got = interpret(packed, packed_len, &d);
			if (got != want)
				fail_msg("call %u (%#llx %#llx %#llx): %#x, not %#x", nr, d.args[0],
					 d.args[1], d.args[2], got, want);
		}
	const struct seccomp_data other[] = {{.nr = 2, .arch = 0x40000003},
					     {.nr = 2 | 0x40000000, .arch = WR_AUDIT_ARCH},
					     {.nr = -1, .arch = WR_AUDIT_ARCH}};
	for (unsigned i = 0; i < WR_ARRAY_SIZE(other); i++)
		assert_int_equal(interpret(packed, packed_len, &other[i]), SECCOMP_RET_ERRNO | ENOSYS);
}

static void the_filters_of_all_kinds_of_policies(void **state)
{
	const size_t n = (size_t)wr_table_max_nr + 1;
	struct wr_pack_number *numbers = malloc(n * sizeof(*numbers));
	unsigned seed = 1;

	(void)state;
	assert_non_null(numbers);
	for (unsigned i = 0; i < 16; i++) {
		struct warren_policy *p;
		struct sock_filter *prog, *packed;
		unsigned short len;
		size_t prog_len;
		assert_int_equal(warren_policy_new(&p), 0);
		assert_int_equal(warren_policy_add_rule(p, i & 1 ? WARREN_READ : WARREN_WRITE, "/"), 0);
		assert_int_equal(warren_policy_set_net(p, i & 2 ? WARREN_NET_HOST : WARREN_NET_NONE), 0);
		assert_int_equal(warren_policy_set_ipc(p, i & 4 ? WARREN_IPC_HOST : WARREN_IPC_NONE), 0);
		assert_int_equal(wr_policy_freeze(p), 0);
		assert_int_equal(wr_filter_decide(p, i & 8, numbers, &prog, &prog_len), 0);
		assert_int_equal(wr_filter_get(p, i & 8, &packed, &len), 0);
		compare(numbers, n, prog, prog_len, packed, len, 200, &seed);
		assert_true(len < 500); /* each sandbox pays for it */
		free(prog);
		warren_policy_unref(p);
	}
	free(numbers);
}

static void a_key_opens_two_calls(void **state)
{
	const struct sock_filter deny = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	const uint64_t key = 0x123456789abcdef1;
	const struct {
		int nr;
		uint32_t arch;
		uint64_t key;
		bool opens;
	} cases[] = {{SYS_seccomp, WR_AUDIT_ARCH, key, true},
		     {SYS_clone, WR_AUDIT_ARCH, key, true},
		     {SYS_seccomp, WR_AUDIT_ARCH, key ^ 1, false},
		     {SYS_seccomp, WR_AUDIT_ARCH, key ^ 1ULL << 63, false},
		     {SYS_clone, WR_AUDIT_ARCH, 0, false},
		     {SYS_mount, WR_AUDIT_ARCH, key, false},
		     {SYS_seccomp, WR_AUDIT_ARCH ^ 1, key, false}};
	struct sock_filter *f;
	unsigned short len = 1;

	(void)state;
	assert_int_equal(wr_filter_key(&deny, &len, key, &f), 0);
	for (unsigned i = 0; i < WR_ARRAY_SIZE(cases); i++) {
		struct seccomp_data d = {
			.nr = cases[i].nr, .arch = cases[i].arch, .args = {[5] = cases[i].key}};
		assert_int_equal(interpret(f, len, &d), cases[i].opens ? SECCOMP_RET_ALLOW : deny.k);
	}
	free(f);
}

/* ---- random rules ---- */

static size_t export(scmp_filter_ctx ctx, struct sock_filter *prog, size_t room)
{
	int fd = memfd_create("filter", 0);

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	ssize_t n = pread(fd, prog, room * sizeof(*prog), 0);
	assert_true(n > 0 && (size_t)n < room * sizeof(*prog));
	close(fd);
	return (size_t)n / sizeof(*prog);
}

static void add_random_rules(scmp_filter_ctx ctx, int nr, unsigned *seed)
{
	static const enum scmp_compare ops[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,	     SCMP_CMP_EQ,
						SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};

	for (int rules = 1 + rand_r(seed) % 8; rules; rules--) {
		struct scmp_arg_cmp cmp[2];
		unsigned n = 1 + (unsigned)rand_r(seed) % 2, arg = (unsigned)rand_r(seed) % 5;
		for (unsigned i = 0; i < n; i++) {
			uint64_t a = some_value(seed), b = some_value(seed);
			enum scmp_compare op = ops[(unsigned)rand_r(seed) % WR_ARRAY_SIZE(ops)];
			cmp[i] = (struct scmp_arg_cmp){arg + i, op, a, op == SCMP_CMP_MASKED_EQ ? b & a : 0};
		}
		/* what contradicts an earlier one is refused */
		(void)seccomp_rule_add_array(
			ctx, rand_r(seed) % 2 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)(rand_r(seed) % 5)),
			nr, n, cmp);
	}
}

static void random_rules(void **state)
{
	struct wr_pack_number *numbers = calloc(NUMBERS, sizeof(*numbers));
	struct sock_filter *prog = malloc(BPF_MAXINSNS * sizeof(*prog)),
			   *packed = malloc(BPF_MAXINSNS * sizeof(*packed));
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)atoi(given) : 7;

	(void)state;
	assert_true(numbers && prog && packed);
	for (unsigned round = 0; round < 60; round++) {
		unsigned was = seed;
		scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
		assert_non_null(ctx);
		for (int nr = 0; nr < NUMBERS; nr++) {
			numbers[nr] = (struct wr_pack_number){.kind = WR_PACK_PLAIN,
							      .action = SECCOMP_RET_ERRNO |
									(uint32_t)(rand_r(&seed) % 3)};
			if (nr < 450 && rand_r(&seed) % 30 == 0) {
				numbers[nr].kind = WR_PACK_BY_PROG;
				add_random_rules(ctx, nr, &seed);
			}
		}
		size_t len = export(ctx, prog, BPF_MAXINSNS);
		seccomp_release(ctx);
		int r = wr_filter_pack(numbers, NUMBERS, SECCOMP_RET_ERRNO | ENOSYS, prog, len, packed,
				       BPF_MAXINSNS);
		if (r < 0)
			fail_msg("seed %u: %s", was, strerror(-r));
		compare(numbers, NUMBERS, prog, len, packed, (size_t)r, 40, &seed);
	}
	free(numbers);
	free(prog);
	free(packed);
}

static void what_is_not_known_is_refused(void **state)
{
	const struct sock_filter odd[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
					  BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
				 endless = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16);
	const struct wr_pack_number by_prog = {.kind = WR_PACK_BY_PROG};
	struct sock_filter out[16];

	(void)state;
	assert_int_equal(wr_filter_pack(&by_prog, 1, 0, odd, 3, out, 16), -EOPNOTSUPP);
	assert_int_equal(wr_filter_pack(&by_prog, 1, 0, &endless, 1, out, 16), -EOPNOTSUPP);
	assert_int_equal(
		wr_filter_pack(&(struct wr_pack_number){.kind = WR_PACK_PLAIN}, 1, 1, odd, 3, out, 3),
		-E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_filters_of_all_kinds_of_policies),
		cmocka_unit_test(a_key_opens_two_calls),
		cmocka_unit_test(random_rules),
		cmocka_unit_test(what_is_not_known_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
