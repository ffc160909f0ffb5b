// SPDX-License-Identifier: Apache-2.0
/* bench-many: one engine and many sandboxes.
 *
 * busy N: N guests make null calls as fast as they can; the notifications answered in a second, next to a
 * bare io_uring loop (multishot poll, RECV, SEND) with as many threads over as many listeners, in alternating
 * rounds. idle N: one guest makes null calls beside 10 idle sandboxes and beside N; time for a call, the
 * supervisor's memory for a sandbox, starts and kills in a second. */
#include "many.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <warren/warren.h>

#define FEW 10

double many_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double many_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "bench-many: %s: %s\n", what, strerror(-r));
	exit(1);
}

struct many {
	struct warren_engine *e;
	struct warren_policy *p;
	struct warren_sandbox **box;
	unsigned n;
	int in; /* of idle guests: never readable */
};

static struct warren_sandbox *start(struct many *m, char *const *argv, int in, int out)
{
	static char *env[] = {NULL};
	const struct warren_command cmd = {.argv = argv, .envp = env, .stdio = {in, out, -1}};
	struct warren_sandbox *s;
	int r = warren_sandbox_start(m->e, m->p, &cmd, &s);

	if (r < 0)
		die(warren_policy_error(m->p), r);
	return s;
}

static void open_many(struct many *m, const char *root, unsigned workers)
{
	const struct warren_engine_options opt = {.workers = workers};
	int p[2], r = warren_engine_new(&opt, &m->e);

	if (r < 0 || (r = warren_policy_new(&m->p)) < 0)
		die("engine", r);
	r = warren_policy_set_root(m->p, root);
	if (r < 0)
		die(warren_policy_error(m->p), r);
	if (pipe2(p, O_CLOEXEC) < 0)
		die("pipe", -errno);
	m->in = p[0];
}

static void stop_all(struct many *m)
{
	struct warren_result res;

	for (unsigned i = 0; i < m->n; i++) {
		warren_sandbox_kill(m->box[i], 10000);
		warren_sandbox_wait(m->box[i], 10000, &res);
		warren_sandbox_unref(m->box[i]);
	}
	m->n = 0;
}

static struct rate busy_warren(const char *root, unsigned n, unsigned workers, double seconds)
{
	static char *argv[] = {"/bench-guest", "null", "1e9", NULL};
	struct many m = {.box = calloc(n, sizeof(*m.box))};
	struct warren_stats a = {0}, b = {0};

	open_many(&m, root, workers);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (; m.n < n; m.n++)
		m.box[m.n] = start(&m, argv, m.in, null);
	usleep(300000);
	warren_stats_get(m.e, NULL, &a);
	double t = many_now(), cpu = many_cpu();
	usleep((useconds_t)(seconds * 1e6));
	warren_stats_get(m.e, NULL, &b);
	double calls = (double)(b.notifications - a.notifications);
	struct rate r = {calls / (many_now() - t), (many_cpu() - cpu) * 1e6 / calls};
	stop_all(&m);
	warren_engine_free(m.e);
	warren_policy_unref(m.p);
	free(m.box);
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void busy(const char *root, unsigned n, unsigned workers, unsigned rounds, double seconds)
{
	double bare[64], ours[64], ratio[64], bare_cpu[64], cpu[64];
	char guest[4096];
	struct rate b;

	snprintf(guest, sizeof(guest), "%s/bench-guest", root);
	for (unsigned i = 0; i < rounds; i++) {
		int r = many_bare(guest, n, workers, seconds, &b);
		if (r < 0)
			die("the bare loop", r);
		struct rate w = busy_warren(root, n, workers, seconds);
		bare[i] = b.per_s;
		bare_cpu[i] = b.cpu_us;
		ours[i] = w.per_s;
		cpu[i] = w.cpu_us;
		ratio[i] = w.per_s / b.per_s;
	}
	printf("busy=%u workers=%u bare_per_s=%.0f warren_per_s=%.0f", n, workers, median(bare, rounds),
	       median(ours, rounds));
	double mid = median(ratio, rounds); /* which sorts */
	printf(" ratio=%.3f ratio_min=%.3f ratio_max=%.3f", mid, ratio[0], ratio[rounds - 1]);
	printf(" bare_cpu_us=%.2f warren_cpu_us=%.2f\n", median(bare_cpu, rounds), median(cpu, rounds));
}

/* ---- idle ---- */

/* Nanoseconds for a null call of a guest of its own. */
static double one_guest(struct many *m)
{
	static char *argv[] = {"/bench-guest", "null", "20000", NULL};
	char text[512] = "";
	struct warren_result res;
	double ns = 0;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		die("pipe", -errno);
	struct warren_sandbox *s = start(m, argv, m->in, p[1]);
	close(p[1]);
	warren_sandbox_wait(s, -1, &res);
	if (read(p[0], text, sizeof(text) - 1) > 0 && strstr(text, "batch_ns="))
		ns = strtod(strstr(text, "batch_ns=") + 9, NULL);
	close(p[0]);
	warren_sandbox_kill(s, 1000);
	warren_sandbox_unref(s);
	return ns;
}

static double rounds_of_one(struct many *m, unsigned rounds)
{
	double v[64];

	for (unsigned i = 0; i < rounds; i++)
		v[i] = one_guest(m);
	return median(v, rounds);
}

static long rss_kib(void)
{
	long kib = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void idle(const char *root, unsigned n, unsigned workers, unsigned rounds)
{
	static char *argv[] = {"/bench-guest", "--wait", "null", "1", NULL};
	struct many m = {.box = calloc(n, sizeof(*m.box))};

	open_many(&m, root, workers);
	unsigned fit = warren_engine_capacity(m.e);
	if (n + 1 > fit) {
		fprintf(stderr, "bench-many: %u sandboxes fit under RLIMIT_NOFILE, not %u\n", fit, n + 1);
		exit(1);
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (m.n < FEW)
		m.box[m.n++] = start(&m, argv, m.in, null);
	double few = rounds_of_one(&m, rounds);
	long kib = rss_kib();
	double t = many_now();
	while (m.n < n)
		m.box[m.n++] = start(&m, argv, m.in, null);
	double start_s = many_now() - t;
	kib = rss_kib() - kib;
	double many = rounds_of_one(&m, rounds);
	t = many_now();
	stop_all(&m);
	double stop_s = many_now() - t;
	printf("idle=%u ns_beside_%u=%.0f ns_beside_all=%.0f ratio=%.3f kib_per_sandbox=%.2f "
	       "starts_per_s=%.0f "
	       "kills_per_s=%.0f\n",
	       n, FEW, few, many, many / few, (double)kib / (n - FEW), (n - FEW) / start_s, n / stop_s);
	warren_engine_free(m.e);
	warren_policy_unref(m.p);
	free(m.box);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-many [-w WORKERS] [-r ROUNDS] [-s SECONDS] busy|idle N ROOT\n"
			"ROOT: a directory with bench-guest in it\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), rounds = 5;
	double seconds = 1;
	int c;

	while ((c = getopt(argc, argv, "w:r:s:")) != -1) {
		if (c == 'w')
			workers = (unsigned)atoi(optarg);
		else if (c == 'r')
			rounds = (unsigned)atoi(optarg);
		else if (c == 's')
			seconds = atof(optarg);
		else
			return usage();
	}
	if (argc - optind != 3 || !workers || !rounds || rounds > 64)
		return usage();
	unsigned n = (unsigned)atoi(argv[optind + 1]);
	if (!strcmp(argv[optind], "busy") && n)
		busy(argv[optind + 2], n, workers, rounds, seconds);
	else if (!strcmp(argv[optind], "idle") && n > FEW)
		idle(argv[optind + 2], n, workers, rounds);
	else
		return usage();
	return 0;
}
