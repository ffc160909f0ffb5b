/* SPDX-License-Identifier: Apache-2.0 */
/* warren batch: the command line, and the course of a batch. */
#define _GNU_SOURCE
#include "batch.h"
#include "../confine.h"
#include "../words.h"
#include "../layer.h"
#include "../limits.h"
#include "../numbers.h"
#include "../options.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME	      "warren batch"
#define MAX_SLOTS     65536
#define FDS_PER_JOB   8 /* of ours, while it runs: listener, pidfd, the pipes, and what a start takes */
#define FDS_PER_LAYER 9 /* its directories, files and lock, the covered directory, its /dev/shm */
#define FDS_PER_LOWER 2
#define FDS_MEASURED  16 /* of a layer with a limit of bytes: files that were written to last */

struct command {
	struct sandbox_options sandbox;
	struct batch batch;
	const char *results, *resume, *junit;
	FILE *junit_file;
	unsigned shard, shards;
	bool shuffle, rerun_failed;
	uint64_t seed;
	bool seeded;
	char **words;
	size_t n_words;
};

enum {
	OPT_TIMEOUT = OPTIONS_OWN_KEYS,
	OPT_RETRY,
	OPT_FAIL_FAST,
	OPT_ORDERED,
	OPT_FOLLOW,
	OPT_NO_OUTPUT,
	OPT_LIMIT,
	OPT_RESULTS,
	OPT_RESUME,
	OPT_RERUN_FAILED,
	OPT_JUNIT,
	OPT_SHARD,
	OPT_SHUFFLE,
	OPT_SEED,
	OPT_KEEP_FAILED,
	OPT_COLLECT,
	OPT_PREPARE,
	OPT_BATCH_LIMITS,
	OPT_ZYGOTE
};

static const struct argp_option options[] = {
	{"jobs", 'j', "N", 0, "Run N jobs at once (default: one per CPU)", 1},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Kill a job after SECONDS", 1},
	{"retry", OPT_RETRY, "N", 0, "Run a failed job up to N times more; what passes then is marked flaky",
	 1},
	{"fail-fast", OPT_FAIL_FAST, NULL, 0, "End the batch with the first failure", 1},
	{"batch-limits", OPT_BATCH_LIMITS, "LIST", 0,
	 "Of all jobs together, of: memory=BYTES, processes=N (what is over ends the job that has most of "
	 "it), "
	 "wall=SECONDS (ends the batch), best-effort",
	 1},
	{"shuffle", OPT_SHUFFLE, NULL, 0, "In random order", 1},
	{"seed", OPT_SEED, "N", 0, "The order that --shuffle made with this seed", 1},
	{"shard", OPT_SHARD, "K/N", 0, "Only part K of N of the jobs, the same on every machine", 1},
	{"keep-failed", OPT_KEEP_FAILED, "LAYERS", 0,
	 "With --cow (each job has a layer of its own): make them in this directory, keep those of failed "
	 "jobs",
	 1},
	{"collect", OPT_COLLECT, "DIR", 0,
	 "With --cow: copy what each job leaves, or its outputs, to a directory of its own in DIR", 1},
	{"prepare", OPT_PREPARE, "COMMAND", 0,
	 "With --cow: run COMMAND once first; all jobs start from what it wrote", 1},
	{"zygote", OPT_ZYGOTE, "COMMAND", 0,
	 "Start COMMAND once; each job is a fork of it, and its line is words for that, no shell command "
	 "(docs/zygote.md)",
	 1},
	{"results", OPT_RESULTS, "FILE", 0, "Append a line of JSON per job that ended", 2},
	{"resume", OPT_RESUME, "FILE", 0, "Skip the jobs that these results hold, append the others", 2},
	{"rerun-failed", OPT_RERUN_FAILED, NULL, 0, "With --resume: run the failed ones again, too", 2},
	{"junit", OPT_JUNIT, "FILE", 0, "Write the results as JUnit XML in the end", 2},
	{"ordered", 'k', NULL, 0, "Show outputs in the order of the jobs, not as they finish", 3},
	{"follow", OPT_FOLLOW, NULL, 0, "Show outputs line by line as they come, with the job's id", 3},
	{"no-output", OPT_NO_OUTPUT, NULL, 0, "Throw the jobs' outputs away", 3},
	{"output-limit", OPT_LIMIT, "BYTES", 0,
	 "Keep this much of each stream of a job's output (default: 16777216)", 3},
	{"quiet", 'q', NULL, 0, "No progress and no summary", 3},
	{0},
};

static const struct argp_child children[] = {{&sandbox_argp, 0, "The sandboxes:", 4}, {0}};

static error_t parse_number(struct command *c, int key, const char *arg)
{
	unsigned long n = 0;

	switch (key) {
	case 'j':
		if (number_whole(arg, MAX_SLOTS, &n) < 0 || n == 0)
			return options_bad(&c->sandbox, "--jobs '%s': a number from 1 to %d is wanted", arg,
					   MAX_SLOTS);
		c->batch.slots = (unsigned)n;
		return 0;
	case OPT_TIMEOUT:
		if (number_seconds(arg, &c->batch.timeout) < 0)
			return options_bad(&c->sandbox,
					   "--timeout '%s': a number of seconds above 0 is wanted", arg);
		return 0;
	case OPT_RETRY:
		if (number_whole(arg, 1000, &n) < 0)
			return options_bad(&c->sandbox, "--retry '%s': a number up to 1000 is wanted", arg);
		c->batch.retries = (unsigned)n;
		return 0;
	case OPT_LIMIT:
		if (number_whole(arg, 1UL << 40, &n) < 0)
			return options_bad(&c->sandbox, "--output-limit '%s': a number of bytes is wanted",
					   arg);
		c->batch.output_limit = n;
		return 0;
	case OPT_SEED:
		if (number_whole(arg, UINT64_MAX, &n) < 0)
			return options_bad(&c->sandbox, "--seed '%s': a number is wanted", arg);
		c->seed = n;
		c->seeded = c->shuffle = true;
		return 0;
	default:
		if (number_share(arg, &c->shard, &c->shards) < 0)
			return options_bad(&c->sandbox,
					   "--shard '%s': K/N is wanted, with K from 1 to N, e.g. 1/4", arg);
		return 0;
	}
}

static error_t parse_batch_limits(struct command *c, const char *arg)
{
	struct warren_limits *l = &c->batch.limits;
	char why[300];

	if (limits_parse(l, arg, why, sizeof(why)) < 0)
		return options_bad(&c->sandbox, "--batch-limits: %s", why);
	if (l->cpu_ms || l->files || l->file_size)
		return options_bad(
			&c->sandbox,
			"--batch-limits '%.80s': of a whole batch there are memory, processes and wall", arg);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->sandbox;
		return 0;
	case 'j':
	case OPT_TIMEOUT:
	case OPT_RETRY:
	case OPT_LIMIT:
	case OPT_SEED:
	case OPT_SHARD:
		return parse_number(c, key, arg);
	case OPT_KEEP_FAILED:
		c->batch.layers = arg;
		c->batch.keep_failed = true;
		return 0;
	case OPT_COLLECT:
		c->batch.collect = arg;
		return 0;
	case OPT_BATCH_LIMITS:
		return parse_batch_limits(c, arg);
	case OPT_PREPARE:
		c->batch.prepare = arg;
		return 0;
	case OPT_ZYGOTE:
		c->batch.zygote = arg;
		c->batch.jobs.words = true;
		words_free(c->batch.zygote_argv);
		c->batch.zygote_argv = NULL;
		if (words_split(arg, &c->batch.zygote_argv) < 0 || !*c->batch.zygote_argv)
			return options_bad(&c->sandbox,
					   "--zygote '%s': a command is wanted, with its quotes closed", arg);
		return 0;
	case OPT_FAIL_FAST:
		c->batch.fail_fast = true;
		return 0;
	case OPT_SHUFFLE:
		c->shuffle = true;
		return 0;
	case OPT_RESULTS:
		c->results = arg;
		return 0;
	case OPT_RESUME:
		c->resume = arg;
		return 0;
	case OPT_RERUN_FAILED:
		c->rerun_failed = true;
		return 0;
	case OPT_JUNIT:
		c->junit = arg;
		return 0;
	case 'k':
		c->batch.ordered = true;
		return 0;
	case OPT_FOLLOW:
		c->batch.show = SHOW_FOLLOW;
		return 0;
	case OPT_NO_OUTPUT:
		c->batch.show = SHOW_NONE;
		return 0;
	case 'q':
		c->batch.quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		c->words = state->argv + state->next;
		c->n_words = (size_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"[FILE|-]\nCOMMAND... ::: ARGUMENT...",
	"Run many jobs, each in a sandbox of its own.\v"
	"FILE (or standard input) holds one job a line: a shell command, or JSON with the members id, argv "
	"(a "
	"list) or sh, env, cwd, stdin, timeout, limits, outputs. With ::: the words before it are a shell "
	"command that is run "
	"once per argument, which takes the place of {} (or comes last); {#} is its number.\n\n"
	"  warren batch -r / -w /tmp jobs.txt\n"
	"  warren batch -r / -j8 --timeout 60 --results r.jsonl 'python3 {}' ::: tests/*.py\n"
	"  warren batch -r / --resume r.jsonl jobs.txt\n\n"
	"Exit status: 0 all jobs passed; 1 some did not; 2 wrong use; 125 no sandbox can be made here; 128+N "
	"when signal N ended the batch.",
	children,
	NULL,
	NULL};

static int fail(int code, const char *what)
{
	fprintf(stderr, NAME ": %s\n", what);
	return code;
}

/* ---- the jobs ---- */

static int read_file(struct command *c, char *text, size_t size)
{
	const char *name = c->n_words ? c->words[0] : "-";
	bool standard = !strcmp(name, "-");

	if (c->n_words > 1) {
		snprintf(text, size,
			 "'%s': one FILE of jobs is wanted, or COMMAND ::: ARGUMENT... (there is no ':::')",
			 c->words[1]);
		return -EINVAL;
	}
	FILE *f = standard ? stdin : fopen(name, "re");
	if (!f) {
		snprintf(text, size, "'%s': %s", name, strerror(errno));
		return -errno;
	}
	int r = jobs_read(&c->batch.jobs, f, standard ? "standard input" : name, text, size);
	if (!standard)
		fclose(f);
	return r;
}

static int get_jobs(struct command *c, char *text, size_t size)
{
	struct jobs *j = &c->batch.jobs;
	size_t at = 0;
	int r;

	while (at < c->n_words && strcmp(c->words[at], ":::"))
		at++;
	if (at < c->n_words && at == 0 && !j->words) {
		snprintf(text, size, "no command before ':::'; e.g. 'python3 {}' ::: tests/*.py");
		return -EINVAL;
	}
	r = at < c->n_words
		    ? jobs_from_template(j, c->words, at, c->words + at + 1, c->n_words - at - 1, text, size)
		    : read_file(c, text, size);
	if (r == 0)
		r = jobs_check_ids(j, text, size);
	if (r == 0 && c->shards)
		jobs_shard(j, c->shard, c->shards);
	if (r == 0 && c->shuffle) {
		if (!c->seeded && getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed))
			c->seed = (uint64_t)getpid();
		c->seed &= UINT32_MAX;
		if (!c->seeded && !c->batch.quiet)
			fprintf(stderr, NAME ": this order again: --seed %llu\n",
				(unsigned long long)c->seed);
		jobs_shuffle(j, c->seed);
	}
	return r;
}

/* ---- results ---- */

static int open_results(struct command *c, char *text, size_t size)
{
	const char *path = c->results ? c->results : c->resume;

	return path ? results_open(&c->batch, path, c->resume, c->rerun_failed, text, size) : 0;
}

/* Now, since later on warren cannot make it any more. What it holds stays until the batch has ended. */
static int open_junit(struct command *c, char *text, size_t size)
{
	if (!c->junit)
		return 0;
	int fd = open(c->junit, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	c->junit_file = fd < 0 ? NULL : fdopen(fd, "w");
	if (c->junit_file)
		return 0;
	snprintf(text, size, "--junit '%s': %s", c->junit, strerror(errno));
	return -EINVAL;
}

/* Where the jobs' layers are made. 0, or an exit code after one line. */
static int place_layers(struct batch *b)
{
	static char temporary[PATH_MAX];
	char text[PATH_MAX + 100];
	int r = 0;

	if (!b->sandbox->n_cow)
		return b->keep_failed || b->collect || b->prepare || b->sandbox->layer_size ||
				       b->sandbox->layer_files
			       ? fail(EXIT_USAGE, "--keep-failed, --collect, --prepare, --layer-size and "
						  "--layer-files go with --cow DIR")
			       : 0;
	if (b->collect && mkdir(b->collect, 0777) < 0 && errno != EEXIST) {
		snprintf(text, sizeof(text), "--collect '%s': %s", b->collect, strerror(errno));
		return fail(EXIT_USAGE, text);
	}
	if (b->keep_failed && mkdir(b->layers, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (!b->keep_failed) {
		r = layer_make_temporary(temporary, sizeof(temporary), false);
		b->layers = temporary;
	}
	if (r == 0)
		return 0;
	snprintf(text, sizeof(text), "no place for layers ('%s'): %s", b->layers, strerror(-r));
	return fail(EXIT_USAGE, text);
}

/* A limit that does not hold here is told before the first job runs. */
static int check_limits(struct command *c, char *text, size_t size)
{
	char why[512];

	int all = warren_limits_check(&c->batch.limits, why, sizeof(why));
	if (all < 0) {
		snprintf(text, size, "--batch-limits: %.400s", why);
		return all;
	}
	for (size_t i = 0; i < c->batch.jobs.n; i++) {
		struct warren_limits l = c->batch.jobs.list[i].limits;
		limits_merge(&l, &c->sandbox.limits);
		int r = warren_limits_check(&l, why, sizeof(why));
		if (r < 0) {
			snprintf(text, size, "job '%.60s': %.400s", c->batch.jobs.list[i].id, why);
			return r;
		}
	}
	return 0;
}

/* ---- the course ---- */

static unsigned cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > 0 ? (unsigned)n : 1;
}

static unsigned fds_per_job(const struct sandbox_options *o)
{
	unsigned n = FDS_PER_JOB;

	for (unsigned i = 0; i < o->n_cow; i++)
		n += FDS_PER_LAYER + FDS_PER_LOWER * o->cow[i].n_lowers + (o->layer_size ? FDS_MEASURED : 0);
	return n;
}

int stopped(const struct batch *b)
{
	if (!b->signal)
		fprintf(stderr,
			NAME ": --batch-limits: the time is up; the batch was ended, --resume goes on\n");
	return b->signal ? 128 + b->signal : 1;
}

static int run_all(struct batch *b)
{
	pthread_t progress;
	char text[200];
	size_t todo = b->jobs.n - b->skipped;

	unsigned fits = warren_engine_capacity(b->engine) * 2 / fds_per_job(b->sandbox);
	if (b->slots > todo)
		b->slots = todo ? (unsigned)todo : 1;
	if (b->slots > fits) {
		snprintf(
			text, sizeof(text),
			"--jobs %u: only %u fit under the limit of open files; raise it (ulimit -Hn), or use "
			"--jobs %u",
			b->slots, fits, fits);
		return fail(EXIT_USAGE, text);
	}
	b->results = calloc(b->jobs.n + 1, sizeof(*b->results));
	b->finished = calloc(b->jobs.n + 1, sizeof(*b->finished));
	if (!b->results || !b->finished)
		return fail(EXIT_NO_START, "out of memory");
	if (signals_begin(b) < 0)
		return fail(EXIT_NO_START, "no thread can be made");
	int code = prepare(b);
	if (code == 0)
		code = zygote_begin(b);
	if (code) {
		zygote_end(b);
		signals_end(b);
		return code;
	}
	if ((b->prepared || b->zygote_layer) && b->keep_failed) { /* it stays, so it can be said */
		free((char *)(uintptr_t)b->rerun);
		b->rerun = rerun_command(b->sandbox, b->cwd, b->zygote);
	}
	b->began = now_seconds();
	bool shown = !b->quiet && pthread_create(&progress, NULL, progress_thread, b) == 0;
	int r = slots_run(b);
	zygote_end(b);
	batch_stop(b);
	signals_end(b);
	if (shown)
		pthread_join(progress, NULL);
	summary(b);
	if (r < 0)
		return fail(EXIT_NO_START, strerror(-r));
	if (b->results_error) {
		fprintf(stderr, NAME ": '%s': %s; the batch was ended, --resume goes on\n", b->results_path,
			strerror(-b->results_error));
		return EXIT_NO_START;
	}
	if (b->signal || b->time_is_up)
		return stopped(b);
	return b->failed || b->done < todo;
}

/* Before the engine starts. All jobs' policies are like that of the first. 0, or an exit code after one line.
 */
static int confine(struct batch *b)
{
	struct warren_writable also[2];
	struct job_layer *l = NULL;
	char *error = NULL;
	size_t n = 0;

	if (b->sandbox->n_cow) {
		also[n++] = (struct warren_writable){b->layers, !b->keep_failed};
		if (b->collect)
			also[n++] = (struct warren_writable){b->collect, 0};
		if (layer_take(b, "", &l, &error) < 0)
			l = NULL; /* the jobs will say why */
		free(error);
	}
	struct warren_policy *p = l ? layer_policy(l) : b->policy;
	int r = confine_supervisor(p, also, n, false);
	if (r < 0)
		fail(EXIT_NO_START, *warren_policy_error(p) ? warren_policy_error(p) : strerror(-r));
	if (l && (r < 0 || b->prepare || b->zygote))
		layer_drop(l); /* the jobs' lie over what those wrote */
	else if (l)
		layer_give(b, l);
	return r < 0 ? EXIT_NO_START : 0;
}

static int with_engine(struct command *c)
{
	struct batch *b = &c->batch;
	char here[PATH_MAX];

	b->cwd = c->sandbox.cwd;
	if (!b->cwd && !c->sandbox.root && getcwd(here, sizeof(here)))
		b->cwd = here;
	b->env = options_environment(&c->sandbox);
	b->rerun = rerun_command(&c->sandbox, b->cwd, b->zygote);
	b->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (!b->env || !b->rerun || b->stop_fd < 0)
		return fail(EXIT_NO_START, "out of memory");
	const struct warren_engine_options opt = {.confine = confine_wanted(), .limits = &b->limits};
	int code = confine(b);
	if (code)
		return code;
	int r = warren_engine_new(&opt, &b->engine);
	if (r < 0) {
		fprintf(stderr, NAME ": the engine could not start: %s; see warren check\n", strerror(-r));
		return EXIT_NO_START;
	}
	code = run_all(b);
	warren_engine_free(b->engine);
	if (c->junit_file && b->results && b->finished && (r = results_junit(b, c->junit_file)) < 0) {
		fprintf(stderr, NAME ": --junit '%s': %s\n", c->junit, strerror(-r));
		code = code ? code : 1;
	}
	return code;
}

int cmd_batch(int argc, char **argv)
{
	static struct command c = {.batch = {.output_limit = 16U << 20,
					     .lock = PTHREAD_MUTEX_INITIALIZER,
					     .idle_lock = PTHREAD_MUTEX_INITIALIZER}};
	static char name[] = NAME;
	char text[512] = "";
	int code;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (words_check(&argp, name, argv) < 0)
		return EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &c))
		return fail(EXIT_USAGE,
			    c.sandbox.bad[0] ? c.sandbox.bad : "wrong arguments; see " NAME " --help");
	if (!c.sandbox.root && !c.sandbox.n_rules)
		return fail(EXIT_USAGE,
			    "with / as the root, say what may be read and written, e.g. -r / -w \"$PWD\"");
	if (c.rerun_failed && !c.resume)
		return fail(EXIT_USAGE, "--rerun-failed goes with --resume FILE");
	if (!c.n_words && isatty(0))
		return fail(EXIT_USAGE,
			    "no jobs given; a FILE, - for standard input, or COMMAND ::: ARGUMENT...");
	if (!c.batch.slots)
		c.batch.slots = cpus();
	if (!(c.batch.timeout > 0)) /* of a profile */
		c.batch.timeout = c.sandbox.timeout;
	if (get_jobs(&c, text, sizeof(text)) < 0 || check_limits(&c, text, sizeof(text)) < 0 ||
	    open_results(&c, text, sizeof(text)) < 0 || open_junit(&c, text, sizeof(text)) < 0)
		return fail(EXIT_USAGE, text);
	if (warren_policy_new(&c.batch.policy) < 0)
		return fail(EXIT_NO_START, "out of memory");
	c.batch.sandbox = &c.sandbox;
	c.batch.idle_end = &c.batch.idle;
	code = options_policy(&c.sandbox, c.batch.policy, NAME);
	if (code == 0)
		code = place_layers(&c.batch);
	signals_block(&c.batch);
	if (code == 0)
		code = with_engine(&c);
	layers_end(&c.batch);
	zygote_end_layer(&c.batch, c.batch.keep_failed && code != EXIT_NO_START);
	prepare_end(&c.batch, c.batch.keep_failed && code != EXIT_NO_START);
	warren_policy_unref(c.batch.policy);
	if (c.sandbox.n_cow && c.batch.layers && !c.batch.keep_failed)
		rmdir(c.batch.layers); /* the jobs' are gone */
	for (size_t i = 0; c.batch.results && i < c.batch.jobs.n; i++)
		result_free(&c.batch.results[i]);
	jobs_free(&c.batch.jobs);
	words_free(c.batch.zygote_argv);
	if (c.batch.results_file)
		fclose(c.batch.results_file);
	if (c.junit_file)
		fclose(c.junit_file);
	return code;
}
