/* SPDX-License-Identifier: Apache-2.0 */
/* stress_layers_row [SANDBOXES]: so many sandboxes, one after another, through one engine, each with a layer
 * that it writes in. Without an argument $SANDBOXES, else a few thousand. Descriptors, threads and memory are
 * in the end what they were after the first hundreds, and no layer and no temporary file is left. */
#include "held.h"
#include "layered.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT	  3000
#define WARM_UP	  500
#define WRITTEN	  4
#define SLACK_KIB 4096 /* what the allocator may keep */

static void one(struct scene *s, const struct lower *lower, unsigned id)
{
	struct layered l;

	layered_start(s, lower, id, WRITTEN, &l);
	layered_go(s, 1);
	layered_end(&l, id, WRITTEN);
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("SANDBOXES");
	const unsigned n = text ? (unsigned)atoi(text) : DEFAULT;
	struct lower lower;
	const struct lower *const lowers[] = {&lower};
	struct held outside, inside = {0};
	unsigned run_entries = 0;
	char run[PATH_MAX + 8];
	struct scene s;
	long kib = 0;

	if (n <= WARM_UP)
		fail("usage: stress_layers_row [SANDBOXES], more than %d", WARM_UP);
	scene_make(&s);
	scene_add_lower(&s, "lower", DIRECTORIES, &lower);
	close(s.end[1]); /* nobody waits */
	snprintf(run, sizeof(run), "%s/run", s.dir);
	scene_open_engine(&s, lowers, 1);
	one(&s, &lower, 0); /* some things live as long as the process */
	scene_close_engine(&s);
	outside = held_now();
	scene_open_engine(&s, lowers, 1);
	for (unsigned i = 0; i < n; i++) {
		one(&s, &lower, i);
		if (i + 1 == WARM_UP) {
			inside = held_now();
			kib = rss_kib();
			run_entries = entries(run);
		}
		if ((i + 1) % 10000 == 0)
			printf("%u: memory %+ld KiB\n", i + 1, rss_kib() - kib);
		fflush(stdout);
	}
	held_expect(inside, "with the engine");
	long grown = rss_kib() - kib;
	if (entries(run) != run_entries)
		fail("%s has %u entries instead of %u", run, entries(run), run_entries);
	scene_close_engine(&s);
	held_expect(outside, "without the engine");
	held_no_child("without the engine");
	scene_end(&s, lowers, 1);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) /* which keep what was freed */
	if (grown > SLACK_KIB)
		fail("memory grew by %ld KiB in %u sandboxes", grown, n - WARM_UP);
#endif
	printf("%u sandboxes, each with a layer: fds %u, threads %u as after the first %d, memory %+ld KiB\n",
	       n, inside.fds, inside.threads, WARM_UP, grown);
	return 0;
}
