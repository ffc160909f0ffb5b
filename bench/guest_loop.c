// SPDX-License-Identifier: Apache-2.0
/* bench-guest: repeat one system call and print how long it takes. Static, so that it starts in any root and
 * makes no path calls of its own.
 *
 * Two passes. The first times batches and gives the figure to compare, free of the clock's own cost; the
 * second times calls one by one, less the clock, for the histogram. */
#include "guest.h"
#include "histogram.h"
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_BATCHES (1u << 20)
#define WARM_UP	    200
#define WARM_UP_NS  5000000
#define BATCH_NS    50000 /* short enough that most are not disturbed by other work */

static double batches[MAX_BATCHES];
static struct histogram singles;

struct amount {
	uint64_t calls; /* 0: until the time is over */
	uint64_t ns;
};

struct pass {
	uint64_t calls;
	size_t batches;
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
	else if (!strcmp(end, "ms"))
		*ret = (struct amount){.ns = (uint64_t)(v * 1e6)};
	else
		return -EINVAL;
	return 0;
}

static struct amount half(struct amount a)
{
	return (struct amount){.calls = (a.calls + 1) / 2, .ns = a.ns / 2};
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

/* Until it is warm. Returns how many calls make a batch: fewer than LOOP_BATCH when they are slow. */
static unsigned warm_up(const struct loop_op *op)
{
	uint64_t start = loop_now_ns(), spent = 0, n = 0;

	while (n < WARM_UP && spent < WARM_UP_NS) {
		loop_once(op);
		n++;
		spent = loop_now_ns() - start;
	}
	n = BATCH_NS / (spent / n + 1);
	return n < 1 ? 1 : n < LOOP_BATCH ? (unsigned)n : LOOP_BATCH;
}

static struct pass run_batches(const struct loop_op *op, struct amount a, unsigned batch)
{
	uint64_t end = loop_now_ns() + a.ns;
	struct pass p = {0};

	while (p.batches < MAX_BATCHES && (a.calls ? p.calls < a.calls : !p.calls || loop_now_ns() < end)) {
		unsigned k = batch;

		if (a.calls && a.calls - p.calls < k)
			k = (unsigned)(a.calls - p.calls);
		batches[p.batches++] = (double)loop_batch(op, k) / k;
		p.calls += k;
	}
	return p;
}

static uint64_t run_singles(const struct loop_op *op, struct amount a)
{
	uint64_t cost = (uint64_t)clock_cost(), end = loop_now_ns() + a.ns, n = 0;

	while (a.calls ? n < a.calls : !n || loop_now_ns() < end) {
		uint64_t ns = loop_batch(op, 1);

		singles.count[histogram_bucket(ns > cost ? ns - cost : 0)]++;
		n++;
	}
	return n;
}

/* The driver decides when the loop begins and when the process ends, so that it can look at the supervisor,
 * or have it traced, for the loop alone. */
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
		"usage: bench-guest [--wait|--sample] [--touch] [--sigsys ROOT] OP PATH AMOUNT\n"
		"       bench-guest [--wait|--sample] getppid|null|getcwd AMOUNT\n"
		"       bench-guest [--wait] call NR [ARG...] AMOUNT\n"
		"       bench-guest now|exit\n"
		"       bench-guest threads N SECONDS\n"
		"OP: open openat2 stat statx access readlink enoent open-enoent getdents mkdir create "
		"rename\n"
		"symlink chdir xattr exec. AMOUNT: 20000 (calls), 2s or 30ms. ARG: a number, or @text for a "
		"pointer to "
		"text.\n"
		"--wait, --sample: a byte from standard input starts the loop and another ends the program;\n"
		"--wait: exactly AMOUNT calls, batches only; --sample: the histogram is printed, too.\n"
		"--touch: write to what is looked at first. now: print the monotonic clock in "
		"nanoseconds.\n");
	return 2;
}

/* Of children that were waited for: the driver cannot look at those any more. */
static double children_cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return 1e9 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e3 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void print_sample(const struct loop_op *op, struct pass p, uint64_t n_singles, double children)
{
	printf("op=%s calls=%llu ns=%.1f children_cpu_ns=%.0f\n", op->name,
	       (unsigned long long)(p.calls + n_singles), loop_percentile(batches, p.batches, 50), children);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (singles.count[i])
			printf("%llu %llu\n", (unsigned long long)histogram_lower(i),
			       (unsigned long long)singles.count[i]);
}

static void sample(const struct loop_op *op, struct amount a)
{
	unsigned batch = warm_up(op);
	struct pass p;
	double children;
	uint64_t n;

	meet("ready");
	children = children_cpu_ns();
	p = run_batches(op, half(a), batch);
	n = run_singles(op, half(a));
	children = children_cpu_ns() - children;
	meet("done");
	print_sample(op, p, n, children);
}

static void print_result(const struct loop_op *op, struct pass p, uint64_t n_singles)
{
	double median = loop_percentile(batches, p.batches, 50);

	printf("op=%s calls=%llu batch_ns=%.1f min_ns=%.1f", op->name, (unsigned long long)p.calls, median,
	       batches[0]);
	if (n_singles)
		printf(" p50_ns=%.0f p90_ns=%.0f p99_ns=%.0f", histogram_percentile(&singles, 50),
		       histogram_percentile(&singles, 90), histogram_percentile(&singles, 99));
	printf("\n");
}

static void measure(const struct loop_op *op, struct amount a, bool wait)
{
	struct pass p;
	uint64_t n = 0;

	if (wait) {
		meet("ready");
		p = run_batches(op, a, LOOP_BATCH);
		meet("done");
	} else {
		p = run_batches(op, a, warm_up(op));
		n = run_singles(op, (struct amount){.calls = p.calls / 4 + 1});
	}
	print_result(op, p, n);
}

static int fail(const struct loop_op *op, const char *what, int r)
{
	fprintf(stderr, "bench-guest: %s%s %s: %s\n", what, op->name, op->path ? op->path : "", strerror(-r));
	return 1;
}

static int fail_plain(const char *what)
{
	fprintf(stderr, "bench-guest: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	bool wait = false, sampling = false, touch = false;
	struct amount amount;
	struct loop_op op;
	int i = 1, r;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	if (argc == 2 && !strcmp(argv[1], "now"))
		return printf("%llu\n", (unsigned long long)loop_now_ns()) < 0;
	if (argc == 4 && !strcmp(argv[1], "threads"))
		return guest_threads((unsigned)atoi(argv[2]), atof(argv[3]));
	for (; i < argc && argv[i][0] == '-'; i++) {
		wait |= !strcmp(argv[i], "--wait");
		sampling |= !strcmp(argv[i], "--sample");
		touch |= !strcmp(argv[i], "--touch");
		if (!strcmp(argv[i], "--sigsys") && i + 1 < argc && guest_sigsys(argv[++i]) < 0)
			return fail_plain("--sigsys");
	}
	argc -= i;
	argv += i;
	if (argc < 2 || parse_amount(&amount, argv[argc - 1]) < 0 ||
	    loop_parse(&op, argc - 1, argv) != argc - 1)
		return usage();
	r = touch ? loop_touch(&op) : 0;
	if (r < 0)
		return fail(&op, "touch for ", r);
	r = loop_check(&op);
	if (r < 0)
		return fail(&op, "", r);
	if (sampling)
		sample(&op, amount);
	else
		measure(&op, amount, wait);
	return 0;
}
