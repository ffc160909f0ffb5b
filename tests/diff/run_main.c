/* SPDX-License-Identifier: Apache-2.0 */
/* diff-run: options, batches, jobs. See --help. Exit: 0 no difference, 1 differences, 2 usage or trouble,
 * 77 no reference to compare with. */
#include "run.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
	"usage: diff-run (--warren BINARY | --self) [options]\n"
	"  --guest FILE     diff-guest (default: beside diff-run)\n"
	"  --seed N         first seed (1)\n"
	"  --count N        sequences (1000)\n"
	"  --calls N        calls per sequence (40)\n"
	"  --batch N        sequences per process (500; 50 with --lower)\n"
	"  -j N             jobs (1)\n"
	"  --uid N          run both sides as this user, without capabilities\n"
	"  --with-proc      /proc and /dev on both sides, and paths in them\n"
	"  --lower          the trees exist before the run: what is changed must be copied up\n"
	"  --apart          the trees are made, printed and removed outside of warren: three times as fast\n"
	"  --overlay        a layer of warren's and an overlayfs of the kernel's over one tree, both read as "
	"overlayfs in the end (root)\n"
	"  --self           compare a chroot with a chroot: shows that the test is deterministic\n"
	"  --mutate         the second guest misbehaves now and then: shows that the test can fail\n"
	"  --without A,B    leave out operations (openat2, inotify, opath ...): to see behind their "
	"failures\n"
	"  --max-diffs N    differences to print in full (20); stop after 20 times as many; 0: print none, "
	"never stop\n"
	"  --dir DIR        where the roots are made (/dev/shm, else TMPDIR or /tmp)\n"
	"  --timeout S      seconds of silence that count as a hang (45)\n"
	"  --keep           leave the roots\n"
	"  --calls-made     print the calls that the generator made\n"
	"  -v               every line; implies that the second guest writes line by line\n";

enum {
	OPT_GUEST = 256,
	OPT_SEED,
	OPT_COUNT,
	OPT_CALLS,
	OPT_BATCH,
	OPT_UID,
	OPT_PROC,
	OPT_LOWER,
	OPT_APART,
	OPT_OVERLAY,
	OPT_SELF,
	OPT_MUTATE,
	OPT_MAX,
	OPT_DIR,
	OPT_TIMEOUT,
	OPT_KEEP,
	OPT_CALLS_MADE,
	OPT_WARREN,
	OPT_HELP,
	OPT_WITHOUT
};

static const struct option long_opts[] = {
	{"guest", 1, NULL, OPT_GUEST},
	{"seed", 1, NULL, OPT_SEED},
	{"count", 1, NULL, OPT_COUNT},
	{"calls", 1, NULL, OPT_CALLS},
	{"batch", 1, NULL, OPT_BATCH},
	{"uid", 1, NULL, OPT_UID},
	{"with-proc", 0, NULL, OPT_PROC},
	{"lower", 0, NULL, OPT_LOWER},
	{"apart", 0, NULL, OPT_APART},
	{"overlay", 0, NULL, OPT_OVERLAY},
	{"self", 0, NULL, OPT_SELF},
	{"mutate", 0, NULL, OPT_MUTATE},
	{"max-diffs", 1, NULL, OPT_MAX},
	{"dir", 1, NULL, OPT_DIR},
	{"timeout", 1, NULL, OPT_TIMEOUT},
	{"keep", 0, NULL, OPT_KEEP},
	{"warren", 1, NULL, OPT_WARREN},
	{"calls-made", 0, NULL, OPT_CALLS_MADE},
	{"without", 1, NULL, OPT_WITHOUT},
	{"help", 0, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static unsigned long long number(const char *s)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 10);

	if (*end || end == s) {
		fprintf(stderr, "diff-run: not a number: %s\n", s);
		exit(2);
	}
	return v;
}

static void set_option(struct opts *o, int c)
{
	switch (c) {
	case OPT_GUEST:
		o->guest = optarg;
		break;
	case OPT_SEED:
		o->seed = number(optarg);
		break;
	case OPT_COUNT:
		o->count = number(optarg);
		break;
	case OPT_CALLS:
		o->calls = (unsigned)number(optarg);
		break;
	case OPT_BATCH:
		o->batch = (unsigned)number(optarg);
		break;
	case 'j':
		o->jobs = (unsigned)number(optarg);
		break;
	case OPT_UID:
		o->uid = (uid_t)number(optarg);
		o->have_uid = true;
		break;
	case OPT_MAX:
		o->max_diffs = (unsigned)number(optarg);
		break;
	case OPT_DIR:
		o->base = optarg;
		break;
	case OPT_TIMEOUT:
		o->timeout = (unsigned)number(optarg);
		break;
	case OPT_WITHOUT:
		o->without = optarg;
		break;
	case OPT_WARREN:
		o->warren = optarg;
		break;
	default:
		o->proc |= c == OPT_PROC;
		o->lower |= c == OPT_LOWER || c == OPT_APART || c == OPT_OVERLAY;
		o->apart |= c == OPT_APART || c == OPT_OVERLAY;
		o->overlay |= c == OPT_OVERLAY;
		o->self |= c == OPT_SELF;
		o->mutate |= c == OPT_MUTATE;
		o->keep |= c == OPT_KEEP;
		o->calls_made |= c == OPT_CALLS_MADE;
		o->verbose |= c == 'v';
	}
}

static void default_guest(struct opts *o)
{
	static char path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "diff-guest");
	o->guest = path;
}

/* ext4 avoids inodes that were deleted lately: thousands of short-lived trees make it search for long. */
static const char *default_dir(void)
{
	struct statvfs sv;

	if (access("/dev/shm", W_OK | X_OK) == 0 && statvfs("/dev/shm", &sv) == 0 && !(sv.f_flag & ST_NOEXEC))
		return "/dev/shm";
	return getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
}

static void parse(struct opts *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "j:v", long_opts, NULL)) >= 0) {
		if (c == '?' || c == OPT_HELP) {
			fputs(usage, c == '?' ? stderr : stdout);
			exit(c == '?' ? 2 : 0);
		}
		set_option(o, c);
	}
	if (!o->guest)
		default_guest(o);
	if (!o->batch)
		o->batch = o->lower ? 50 : 500;
	if (!o->base)
		o->base = default_dir();
	o->as_root = geteuid() == 0;
	if (o->jobs == 0)
		o->jobs = 1;
	if (o->mutate && !o->warren)
		o->self = true;
}

/* So many differences that more would teach nothing. Without reports (--max-diffs 0) they are only counted.
 */
static bool enough(const struct opts *o, const struct tally *t)
{
	return o->max_diffs && tally_diffs(t) >= 20ULL * o->max_diffs;
}

static int make_root(const struct opts *o, enum side s, const char *dir, char path[static PATH_MAX + 32])
{
	snprintf(path, PATH_MAX + 32, "%s/%s", dir, s == SIDE_REF ? "ref" : "test");
	if (o->overlay)
		return overlay_make(o, s, dir);
	rm_tree(path);
	return root_make(o, path);
}

/* Fresh roots and a scratch directory for what warren keeps. */
static int make_side(const struct opts *o, enum side s, const char *dir, uint64_t seed, uint64_t count)
{
	char path[PATH_MAX + 32];
	int r = make_root(o, s, dir, path);

	if (r < 0) {
		fprintf(stderr, "diff-run: %s: %s\n", path, strerror(-r));
		return r;
	}
	snprintf(path, sizeof(path), "%s/state", dir);
	rm_tree(path);
	if (mkdir(path, 0700) < 0 || (o->as_root && o->have_uid && chown(path, o->uid, o->uid) < 0))
		return -errno;
	return o->lower && (!o->overlay || s == SIDE_REF) ? side_prepare(o, s, dir, seed, count) : 0;
}

/* The trees that the sequences left, on both sides: of those up to next, which were compared so far. */
static int compare_trees(const struct opts *o, struct tally *t, const char *dir, uint64_t seed, uint64_t next,
			 bool *differs)
{
	struct run ref, test;
	int r = side_dump(o, SIDE_REF, dir, seed, next - seed, &ref);

	if (r < 0)
		return r;
	r = side_dump(o, SIDE_TEST, dir, seed, next - seed, &test);
	if (r == 0) {
		compare(o, t, &ref, &test, seed, next - seed, differs);
		run_free(&test);
	}
	run_free(&ref);
	return r;
}

/* The user may have too many processes for a while, elsewhere: warren says so when it cannot start. */
#define MAX_STARTS 50

static int run_batch(const struct opts *o, struct tally *t, const char *dir, uint64_t seed, uint64_t count)
{
	bool *differs = calloc(count, sizeof(*differs));
	struct run ref, test;
	uint64_t from, next = seed, before = 0, after = 0;
	unsigned starts = 0;
	int r = differs ? make_side(o, SIDE_REF, dir, seed, count) : -ENOMEM;

	if (r == 0 && o->overlay)
		r = overlay_fingerprint(dir, &before);
	if (r == 0)
		r = side_run(o, SIDE_REF, dir, seed, count, &ref);
	if (r < 0) {
		free(differs);
		return r;
	}
	/* A guest that crashes costs its sequence, not the batch. */
	while (r == 0 && next < seed + count && !enough(o, t)) {
		from = next;
		r = make_side(o, SIDE_TEST, dir, from, seed + count - from);
		if (r == 0)
			r = side_run(o, SIDE_TEST, dir, from, seed + count - from, &test);
		if (r < 0)
			break;
		if (test.len == 0 && strstr(test.err, strerror(EAGAIN)) && starts++ < MAX_STARTS) {
			run_free(&test);
			usleep(200000);
			continue;
		}
		next = compare(o, t, &ref, &test, from, seed + count - from, differs + (from - seed));
		run_free(&test);
		tally_count(t, next - from);
		if (o->apart)
			r = compare_trees(o, t, dir, from, next, differs + (from - seed));
	}
	if (r == 0 && o->overlay) {
		r = overlay_fingerprint(dir, &after);
		if (r == 0 && before != after)
			tally_lower_changed(t, seed);
	}
	run_free(&ref);
	free(differs);
	return r;
}

static int run_job(const struct opts *o, struct tally *t, const char *base, unsigned job)
{
	char dir[PATH_MAX + 16];
	int r = 0;

	snprintf(dir, sizeof(dir), "%s/%u", base, job);
	if (mkdir(dir, 0755) < 0 || chmod(dir, 0755) < 0)
		return -errno;
	for (uint64_t i = (uint64_t)job * o->batch; i < o->count && r == 0;
	     i += (uint64_t)o->jobs * o->batch) {
		uint64_t n = o->count - i < o->batch ? o->count - i : o->batch;

		if (enough(o, t))
			break;
		r = run_batch(o, t, dir, o->seed + i, n);
	}
	if (r < 0)
		fprintf(stderr, "diff-run: job %u: %s\n", job, strerror(-r));
	return r;
}

static int run_jobs(const struct opts *o, struct tally *t, const char *base)
{
	int ret = 0, status;

	fflush(NULL);
	for (unsigned j = 0; j < o->jobs; j++) {
		pid_t pid = fork();

		if (pid == 0) {
			int r = run_job(o, t, base, j);

			fflush(NULL);
			_exit(r < 0 ? 2 : 0);
		}
		if (pid < 0)
			ret = 2;
	}
	while (wait(&status) > 0 || errno == EINTR)
		if (status != 0)
			ret = 2;
	return ret;
}

int main(int argc, char **argv)
{
	struct opts o = {.seed = 1, .count = 1000, .calls = 40, .jobs = 1, .max_diffs = 20, .timeout = 45};
	char base[PATH_MAX];
	struct tally *t;
	const char *why;
	int r;

	parse(&o, argc, argv);
	why = side_unavailable(&o);
	if (!why && !o.self && (!o.warren || access(o.warren, X_OK) < 0))
		why = "no warren binary";
	if (why) {
		printf("SKIP: %s\n", why);
		return EXIT_SKIP;
	}
	t = tally_new();
	snprintf(base, sizeof(base), "%s/warren-diff.XXXXXX", o.base);
	if (!t || !mkdtemp(base) || chmod(base, 0755) < 0) {
		perror("diff-run");
		return 2;
	}
	r = run_jobs(&o, t, base);
	if (o.keep)
		printf("roots: %s\n", base);
	else
		rm_tree(base);
	if (o.calls_made)
		tally_print_calls(t);
	tally_print(t);
	return r ? r : tally_diffs(t) ? 1 : 0;
}
