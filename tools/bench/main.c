/* SPDX-License-Identifier: Apache-2.0 */
/* warren bench: the command. */
#define _GNU_SOURCE
#include "../cli.h"
#include "../words.h"
#include "bench.h"
#include "present.h"
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEPARATORS " ,"

struct command {
	struct bench bench;
	const char *json, *html, *from, *compare, *other; /* other: what is compared with `compare` */
	double fail_over;				  /* percent; < 0: not asked for */
	char bad[500]; /* what is wrong with the arguments, one line; "" so far */
};

enum {
	OPT_JSON = 256,
	OPT_QUICK,
	OPT_ROUNDS,
	OPT_CALLS,
	OPT_ONLY,
	OPT_SETTING,
	OPT_HTML,
	OPT_FROM,
	OPT_COMPARE,
	OPT_FAIL_OVER,
	OPT_PEER,
	OPT_WORKLOADS,
	OPT_ROOT
};

static const struct argp_option options[] = {
	{"json", OPT_JSON, "FILE", 0, "Write all results to FILE (- is standard output)", 1},
	{"html", OPT_HTML, "FILE", 0,
	 "Write a report to FILE: one page that needs nothing else (- is standard output)", 1},
	{"from", OPT_FROM, "FILE", 0, "Measure nothing, show the results in FILE", 2},
	{"compare", OPT_COMPARE, "OLD", 0,
	 "Measure nothing, say what of warren's own changed from the results in OLD to those in the argument "
	 "NEW",
	 2},
	{"fail-over", OPT_FAIL_OVER, "PERCENT", 0,
	 "With --compare: exit with 1 if something became slower by more than that, significantly", 2},
	{"quick", OPT_QUICK, NULL, 0, "Short and few rounds, and nothing that takes long", 1},
	{"rounds", OPT_ROUNDS, "N", 0,
	 "Rounds, in which the compared ones take turns (default 3; 2 for workloads)", 1},
	{"calls", OPT_CALLS, "N", 0, "N calls for each sample (default: as many as 30 ms take)", 1},
	{"only", OPT_ONLY, "NAMES", 0,
	 "Only these calls, or layers, or starts, or throughput, e.g. \"open stat starts\"", 1},
	{"setting", OPT_SETTING, "SETTINGS", 0, "Only these, of: root foreign layer frozen touched", 1},
	{"workloads", OPT_WORKLOADS, "NAMES", OPTION_ARG_OPTIONAL,
	 "Whole workloads, too: all, or only these, e.g. \"compile tar\"; takes some six minutes more", 1},
	{"root", OPT_ROOT, "DIR", 0, "A foreign root for the workloads, with gcc, git and python3 in it", 1},
	{"peer", OPT_PEER, "NAME='COMMAND {}'", 0,
	 "Another one to compare with; {} is where the guest's command goes", 1},
	{0},
};

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

bool bench_stopped(void)
{
	return caught;
}

void bench_progress(const char *fmt, ...)
{
	va_list ap;

	if (!isatty(2))
		return;
	fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

double bench_rounded(double v, double parts)
{
	return round(v * parts) / parts;
}

cJSON *bench_samples(const double *v, unsigned n)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(list, v[i] < 0 ? cJSON_CreateNull()
						    : cJSON_CreateNumber(bench_rounded(v[i], 10)));
	return list;
}

bool bench_wants(const char *list, const char *name)
{
	size_t n = strlen(name), len;

	if (!list)
		return true;
	for (const char *s = list; *s; s += len) {
		s += strspn(s, SEPARATORS);
		len = strcspn(s, SEPARATORS);
		if (len == n && !strncmp(s, name, n))
			return true;
	}
	return false;
}

void bench_leave_out(struct bench *b, const char *who, const char *why)
{
	cJSON *o = cJSON_CreateObject();

	bench_progress("%s", "");
	fprintf(stderr, BENCH_NAME ": %s is left out: %s\n", who, why);
	cJSON_AddStringToObject(o, "who", who);
	cJSON_AddStringToObject(o, "why", why);
	cJSON_AddItemToArray(cJSON_GetObjectItem(b->results, "left_out"), o);
}

static error_t bad(struct command *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static error_t bad(struct command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!c->bad[0])
		vsnprintf(c->bad, sizeof(c->bad), fmt, ap);
	va_end(ap);
	return EINVAL;
}

/* Every word of the list must be a known one. */
static error_t check_list(struct command *c, const char *option, const char *list, bool (*know)(const char *))
{
	char word[64];
	size_t len;

	for (const char *s = list; *s; s += len) {
		s += strspn(s, SEPARATORS);
		len = strcspn(s, SEPARATORS);
		snprintf(word, sizeof(word), "%.*s", (int)len, s);
		if (len && !know(word))
			return bad(c, "%s: there is no '%s'; " BENCH_NAME " --help lists them", option, word);
	}
	return 0;
}

static bool know_part(const char *name)
{
	return calls_know(name) || !strcmp(name, "layers") || !strcmp(name, "starts") ||
	       !strcmp(name, "throughput");
}

static bool know_setting(const char *name)
{
	for (int i = 0; i < N_SETTINGS; i++)
		if (!strcmp(setting_names[i], name))
			return true;
	return false;
}

static error_t number(struct command *c, const char *option, const char *arg, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 10);

	if (end == arg || *end || !v || v > max)
		return bad(c, "%s '%s': a number from 1 to %u is wanted", option, arg, max);
	*ret = (unsigned)v;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command *c = state->input;
	unsigned calls;
	char *end;

	switch (key) {
	case OPT_JSON:
		c->json = arg;
		return 0;
	case OPT_QUICK:
		c->bench.quick = true;
		return 0;
	case OPT_ROUNDS:
		return number(c, "--rounds", arg, BENCH_MAX_ROUNDS, &c->bench.rounds);
	case OPT_CALLS:
		c->bench.amount = arg;
		return number(c, "--calls", arg, 100000000, &calls);
	case OPT_ONLY:
		c->bench.only = arg;
		return check_list(c, "--only", arg, know_part);
	case OPT_SETTING:
		for (int i = 0; i < N_SETTINGS; i++)
			c->bench.settings[i] = bench_wants(arg, setting_names[i]);
		return check_list(c, "--setting", arg, know_setting);
	case OPT_HTML:
		c->html = arg;
		return 0;
	case OPT_FROM:
		c->from = arg;
		return 0;
	case OPT_COMPARE:
		c->compare = arg;
		return 0;
	case OPT_FAIL_OVER:
		c->fail_over = strtod(arg, &end);
		return end == arg || *end || !(c->fail_over >= 0)
			       ? bad(c, "--fail-over '%s': percent are wanted", arg)
			       : 0;
	case OPT_PEER:
		return peers_add(&c->bench, arg) < 0
			       ? bad(c, "--peer '%s': NAME='COMMAND {}' is wanted, and %d of them at most",
				     arg, BENCH_MAX_PEERS)
			       : 0;
	case OPT_WORKLOADS:
		c->bench.workloads = arg ? arg : "";
		return 0;
	case OPT_ROOT:
		c->bench.workload_root = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (c->compare && !c->other) {
			c->other = arg;
			return 0;
		}
		return bad(c, "'%s': no argument is wanted", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"\n--from RESULTS [--html FILE]\n--compare OLD NEW",
	"Measure what interception costs here: single calls, natively, by the least that any supervisor "
	"needs "
	"(floor) and by warren, in turns.\v"
	"  warren bench --json results.json\n"
	"  warren bench --from results.json --html report.html\n"
	"  warren bench --compare old.json results.json\n"
	"  warren bench --quick --only \"null open stat\" --setting foreign --json -\n\n"
	"Exit status: 0; 1 when nothing could be measured, and for --fail-over; 2 for wrong use or a bad "
	"file.",
	NULL,
	NULL,
	NULL};

static int fail(int code, const char *what, int r)
{
	fprintf(stderr, BENCH_NAME ": %s%s%s\n", what, r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
	return code;
}

static void begin(struct bench *b, int argc, char **argv)
{
	time_t now = time(NULL);
	char made[32];
	struct tm tm;

	strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	b->results = cJSON_CreateObject();
	cJSON_AddStringToObject(b->results, "format", RESULTS_FORMAT);
	cJSON_AddStringToObject(b->results, "made", made);
	cJSON_AddStringToObject(b->results, "warren", WARREN_VERSION);
	cJSON *words = cJSON_AddArrayToObject(b->results, "command");
	cJSON_AddItemToArray(words, cJSON_CreateString("warren"));
	cJSON_AddItemToArray(words, cJSON_CreateString("bench"));
	for (int i = 1; i < argc; i++)
		cJSON_AddItemToArray(words, cJSON_CreateString(argv[i]));
	cJSON_AddItemToObject(b->results, "machine", machine_describe());
	cJSON_AddArrayToObject(b->results, "left_out");
}

static int write_json(const cJSON *results, const char *path)
{
	char *text = cJSON_PrintUnformatted(results);
	FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;
	int r = text ? 0 : -ENOMEM;

	if (!f)
		r = -errno;
	if (r == 0 && (fputs(text, f) < 0 || fputc('\n', f) < 0 || fflush(f) < 0))
		r = -errno;
	if (f && f != stdout && fclose(f) < 0 && r == 0)
		r = -errno;
	free(text);
	return r;
}

static int measure(struct bench *b)
{
	int r = place_make(b);

	if (r < 0)
		return fail(1, "the temporary directory cannot be filled", r);
	peers_find(b);
	r = calls_measure(b);
	if (r == 0)
		r = breakdown_measure(b);
	if (r == 0 && bench_wants(b->only, "layers"))
		r = layers_measure(b);
	if (r == 0 && bench_wants(b->only, "starts"))
		r = starts_measure(b);
	if (r == 0 && bench_wants(b->only, "throughput"))
		r = many_measure(b);
	bench_progress("%s", "");
	if (r < 0 && !bench_stopped())
		return fail(1, "the calls", r);
	b->have_calls = r == 0;
	if (r == 0 && b->workloads)
		r = workloads_measure(b);
	bench_progress("%s", "");
	if (r < 0 && !bench_stopped())
		return fail(1, "the workloads", r);
	return bench_stopped() ? 128 + caught : 0;
}

static int finish(struct command *c)
{
	int r = c->json ? write_json(c->bench.results, c->json) : 0;
	bool to_stdout = (c->json && !strcmp(c->json, "-")) || (c->html && !strcmp(c->html, "-"));

	if (r < 0)
		return fail(1, c->json, r);
	return present_results(c->bench.results, c->html, !to_stdout);
}

int cmd_bench(int argc, char **argv)
{
	static struct command c = {.bench.settings = {true, true, true, true, true}, .fail_over = -1};
	static char name[] = BENCH_NAME;
	const struct sigaction sa = {.sa_handler = on_signal};

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (words_check(&argp, name, argv) < 0)
		return EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &c))
		return fail(EXIT_USAGE, c.bad[0] ? c.bad : "wrong arguments; see " BENCH_NAME " --help", 0);
	if (c.compare && !c.other)
		return fail(EXIT_USAGE, "--compare OLD wants NEW, too", 0);
	if (c.compare)
		return present_comparison(c.compare, c.other, c.fail_over);
	if (c.from)
		return present_file(c.from, c.html);
	c.bench.rounds_given = c.bench.rounds;
	if (!c.bench.rounds)
		c.bench.rounds = 3;
	if (!c.bench.amount)
		c.bench.amount = c.bench.quick ? "10ms" : "30ms";
	if (c.bench.workload_root && !c.bench.workloads)
		return fail(EXIT_USAGE, "--root goes with --workloads", 0);
	if (place_find_programs(&c.bench) < 0)
		return fail(1,
			    "bench-guest is not there: neither installed in libexec nor in this build tree",
			    0);
	if (c.bench.workloads && !*c.bench.script)
		return fail(1,
			    "workloads.sh is not there: neither installed in libexec nor in this build tree",
			    0);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	begin(&c.bench, argc, argv);
	int code = measure(&c.bench);
	place_remove(&c.bench);
	/* who ends the workloads, which take longest, or has none of their programs, keeps the rest */
	if (code == 0 || c.bench.have_calls) {
		int shown = finish(&c);
		code = code ? code : shown;
	}
	cJSON_Delete(c.bench.results);
	return code;
}
