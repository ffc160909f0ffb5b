// SPDX-License-Identifier: Apache-2.0
/* bench-guest: repeat one system call and print how long it takes. Static, so that it starts in any root and
 * makes no path calls of its own.
 *
 * Two passes. The first times batches and gives the figure to compare, free of the clock's own cost; the
 * second times calls one by one, less the clock, for the percentiles. */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SAMPLES (1u << 20)
#define WARM_UP	    200

static double batches[MAX_SAMPLES], singles[MAX_SAMPLES];

struct amount {
	uint64_t calls; /* 0: until the time is over */
	uint64_t ns;
};

static int parse_amount(struct amount *ret, const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || v <= 0)
		return -EINVAL;
	if (!*end)
		*ret = (struct amount){.calls = (uint64_t)v};
	else if (!strcmp(end, "s"))
		*ret = (struct amount){.ns = (uint64_t)(v * 1e9)};
	else
		return -EINVAL;
	return 0;
}

/* What one reading of the clock adds to a call timed alone. */
static double clock_cost(void)
{
	double v[999];

	for (size_t i = 0; i < 999; i++) {
		uint64_t t = loop_now_ns();

		v[i] = (double)(loop_now_ns() - t);
	}
	return loop_percentile(v, 999, 50);
}

static size_t run_batches(const struct loop_op *op, struct amount a, uint64_t *ret_calls)
{
	uint64_t end = loop_now_ns() + a.ns, done = 0;
	size_t n = 0;

	while (n < MAX_SAMPLES && (a.calls ? done < a.calls : loop_now_ns() < end)) {
		unsigned k = LOOP_BATCH;

		if (a.calls && a.calls - done < k)
			k = (unsigned)(a.calls - done);
		batches[n++] = (double)loop_batch(op, k) / k;
		done += k;
	}
	*ret_calls = done;
	return n;
}

static size_t run_singles(const struct loop_op *op, uint64_t calls)
{
	double cost = clock_cost();
	size_t n = 0;

	for (; n < calls && n < MAX_SAMPLES; n++) {
		double ns = (double)loop_batch(op, 1) - cost;

		singles[n] = ns > 0 ? ns : 0;
	}
	return n;
}

/* With --wait the driver decides when the loop begins and when the process ends, so that a tracer can be
 * attached to the supervisor for the loop alone. */
static void meet(const char *word)
{
	char c;

	printf("%s\n", word);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) < 0 && errno == EINTR)
		;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: bench-guest [--wait] OP PATH AMOUNT\n"
		"       bench-guest [--wait] getppid|null AMOUNT\n"
		"       bench-guest [--wait] call NR [ARG...] AMOUNT\n"
		"OP: open stat statx access readlink enoent. AMOUNT: 20000 (calls) or 2s (seconds).\n"
		"ARG: a number, or @text for a pointer to text. --wait: exactly AMOUNT calls, batches\n"
		"only; a byte from standard input starts them and another ends the program.\n");
	return 2;
}

static void print_result(const struct loop_op *op, uint64_t calls, size_t nb, size_t ns)
{
	double median = loop_percentile(batches, nb, 50);

	printf("op=%s calls=%llu batch_ns=%.1f min_ns=%.1f", op->name, (unsigned long long)calls, median,
	       batches[0]);
	if (ns)
		printf(" p50_ns=%.0f p90_ns=%.0f p99_ns=%.0f", loop_percentile(singles, ns, 50),
		       loop_percentile(singles, ns, 90), loop_percentile(singles, ns, 99));
	printf("\n");
}

int main(int argc, char **argv)
{
	struct amount amount;
	struct loop_op op;
	uint64_t calls;
	size_t nb, ns = 0;
	int wait, r;

	wait = argc > 1 && !strcmp(argv[1], "--wait");
	argc -= 1 + wait;
	argv += 1 + wait;
	if (argc < 2 || parse_amount(&amount, argv[argc - 1]) < 0 ||
	    loop_parse(&op, argc - 1, argv) != argc - 1)
		return usage();
	r = loop_check(&op);
	if (r < 0) {
		fprintf(stderr, "bench-guest: %s %s: %s\n", op.name, op.path ? op.path : "", strerror(-r));
		return 1;
	}
	if (wait) {
		meet("ready");
		nb = run_batches(&op, amount, &calls);
		meet("done");
	} else {
		loop_batch(&op, WARM_UP);
		nb = run_batches(&op, amount, &calls);
		ns = run_singles(&op, calls / 4 + 1);
	}
	print_result(&op, calls, nb, ns);
	return 0;
}
