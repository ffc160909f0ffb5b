/* SPDX-License-Identifier: Apache-2.0 */
/* stress_layers SANDBOXES FILES: so many sandboxes at once over one directory of FILES files, each writing
 * 100 files in a layer of its own; and, started between them, a tenth as many over a directory of 100 files.
 * All see what they wrote and nothing else, the directories stay as they were, nothing is left. Told are the
 * time to set one up over either directory, while all others wait, and the supervisor's memory for each. */
#include "held.h"
#include "layered.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITTEN	   100
#define SMALL_EACH 10 /* one over the small directory for so many over the large one */
#define WARM_UP	   20

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of those over one directory, in milliseconds; the values are sorted. */
static double percentile(double *v, unsigned n, double percent)
{
	qsort(v, n, sizeof(*v), by_value);
	return 1e3 * v[(unsigned)((n - 1) * percent / 100)];
}

static void warm_up(struct scene *s, const struct lower *const *lowers)
{
	for (unsigned i = 0; i < WARM_UP; i++) {
		struct layered l;

		layered_start(s, lowers[i % 2], i, WRITTEN, &l);
		layered_go(s, 1);
		close(s->end[1]);
		layered_end(&l, i, WRITTEN);
		close(s->end[0]);
		if (pipe(s->end) < 0)
			fail("no pipe");
	}
}

int main(int argc, char **argv)
{
	const unsigned n = argc == 3 ? (unsigned)atoi(argv[1]) : 0, files = n ? (unsigned)atoi(argv[2]) : 0;
	struct lower large, small;
	const struct lower *const lowers[] = {&large, &small};
	struct layered *all = calloc(n + n / SMALL_EACH + 1, sizeof(*all));
	double *set_up[] = {calloc(n + 1, sizeof(double)), calloc(n + 1, sizeof(double))};
	unsigned have = 0, of[2] = {0};
	struct scene s;

	if (n < SMALL_EACH || files < DIRECTORIES || !all || !set_up[0] || !set_up[1])
		fail("usage: stress_layers SANDBOXES FILES, at least %d and %d", SMALL_EACH, DIRECTORIES);
	scene_make(&s);
	scene_add_lower(&s, "large", files, &large);
	scene_add_lower(&s, "small", DIRECTORIES, &small);
	scene_open_engine(&s, lowers, 2);
	if (warren_engine_capacity(s.engine) < 10 * n)
		fail("RLIMIT_NOFILE is too low for %u sandboxes", n);
	/* twice: some things live as long as the process */
	warm_up(&s, lowers);
	scene_close_engine(&s);
	struct held was = held_now();
	scene_open_engine(&s, lowers, 2);
	warm_up(&s, lowers);

	long before = rss_kib(), peak = peak_reset() < 0 ? -1 : 0;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 2 && (k == 0 || i % SMALL_EACH == 0); k++) {
			layered_start(&s, lowers[k], have, WRITTEN, &all[have]);
			set_up[k][of[k]++] = all[have++].set_up;
		}
	}
	layered_go(&s, have);
	peak = peak < 0 ? -1 : peak_kib() - before;
	close(s.end[1]);
	for (unsigned i = 0; i < have; i++)
		layered_end(&all[i], i, WRITTEN);
	scene_close_engine(&s);
	was.fds--; /* the pipe's end */
	held_expect(was, "at the end");
	held_no_child("at the end");
	scene_end(&s, lowers, 2);

	double median[2];
	for (unsigned k = 0; k < 2; k++) {
		median[k] = percentile(set_up[k], of[k], 50);
		printf("set-up over %u files: median %.2f ms, 90 %% %.2f ms, 99 %% %.2f ms (%u sandboxes)\n",
		       lowers[k]->each * DIRECTORIES, median[k], percentile(set_up[k], of[k], 90),
		       percentile(set_up[k], of[k], 99), of[k]);
	}
	printf("supervisor's memory at the peak: %.1f KiB for each of %u at once\n",
	       peak < 0 ? -1.0 : (double)peak / have, have);
	/* of few on a busy machine it says nothing */
	if (of[1] >= 100 && percentile(set_up[0], of[0], 25) > 5 * percentile(set_up[1], of[1], 25) + 5)
		fail("the set-up depends on the size of the directory");
	return 0;
}
