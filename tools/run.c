/* SPDX-License-Identifier: Apache-2.0 */
/* warren run: one program in one sandbox. */
#define _GNU_SOURCE
#include "cli.h"
#include "confine.h"
#include "layer.h"
#include "limits.h"
#include "numbers.h"
#include "options.h"
#include "words.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct run {
	struct sandbox_options sandbox;
	const char *trace;
	bool stats, json;
	const char *layer;
	enum layer_fate fate;
	bool fate_said, dry_run;
	char **command;
};

enum { OPT_TIMEOUT = OPTIONS_OWN_KEYS, OPT_STATS, OPT_TRACE, OPT_JSON, OPT_LAYER, OPT_ON_EXIT, OPT_DRY_RUN };

static const struct argp_option options[] = {
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Kill the whole sandbox after SECONDS and exit with 124", 1},
	{"layer", OPT_LAYER, "LAYER", 0,
	 "With --cow: the layer's directory, made if missing (default: a temporary one)", 1},
	{"on-exit", OPT_ON_EXIT, "keep|discard|commit|commit-on-success", 0,
	 "What becomes of the layer (default: keep with --layer, else discard)", 1},
	{"dry-run", OPT_DRY_RUN, NULL, 0, "Print what changed in DIR, then discard the layer", 1},
	{"stats", OPT_STATS, NULL, 0, "Print what was intercepted, to standard error", 1},
	{"json", OPT_JSON, NULL, 0, "Statistics as JSON", 1},
	{"trace", OPT_TRACE, "FILE", 0, "Write one line per intercepted call to FILE", 1},
	{0},
};

static const struct argp_child children[] = {{&sandbox_argp, 0, NULL, 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &run->sandbox;
		return 0;
	case OPT_TIMEOUT:
		if (number_seconds(arg, &run->sandbox.timeout) < 0)
			return options_bad(&run->sandbox,
					   "--timeout '%s': a number of seconds above 0 is wanted", arg);
		return 0;
	case OPT_LAYER:
		run->layer = arg;
		return 0;
	case OPT_ON_EXIT:
		run->fate_said = true;
		if (layer_fate_parse(arg, &run->fate) < 0)
			return options_bad(
				&run->sandbox,
				"--on-exit '%s': keep, discard, commit or commit-on-success is wanted", arg);
		return 0;
	case OPT_DRY_RUN:
		run->dry_run = true;
		return 0;
	case OPT_STATS:
		run->stats = true;
		return 0;
	case OPT_JSON:
		run->json = true;
		return 0;
	case OPT_TRACE:
		run->trace = arg;
		return 0;
	case ARGP_KEY_ARGS:
		run->command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options,
				 parse,
				 "-- PROGRAM [ARGUMENT...]",
				 "Run PROGRAM in a sandbox of its own.\v"
				 "Without rules, a root other than / may be read and written as a whole; "
				 "with / as the root, say what may be "
				 "read and written:\n\n"
				 "  warren run -r / -w \"$PWD\" -- make\n"
				 "  warren run --root /srv/trixie -- /bin/sh\n"
				 "  warren run -r / --cow . --dry-run -- make install\n"
				 "  warren run --root /srv/trixie --mount \"$PWD\":/src:ro -- ls /src\n\n"
				 "Exit status: the program's own; 128+N when signal N ended it; 124 after "
				 "--timeout; 125 when the sandbox or "
				 "the program could not be started; 2 for wrong use.",
				 children,
				 NULL,
				 NULL};

static int fail(int code, const char *what)
{
	fprintf(stderr, "warren run: %s\n", what);
	return code;
}

#define GRACE_ROUNDS 5 /* of 200 ms, between a signal that is passed on and SIGKILL */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* Waits for the program; a signal to us goes to the sandbox. */
static int wait_for(struct run *run, struct warren_sandbox *s, struct warren_result *res)
{
	double left = run->sandbox.timeout;
	int r, grace = 0;

	do {
		int ms = run->sandbox.timeout > 0 ? (int)(left > 0.2 ? 200 : left * 1000 + 1) : -1;
		r = warren_sandbox_wait(s, ms < 0 ? 200 : ms, res);
		if (caught) {
			kill(warren_sandbox_pid(s), caught);
			caught = 0;
			grace = GRACE_ROUNDS;
		} else if (grace && --grace == 0) {
			/* it did not heed the signal: the whole sandbox is killed */
			return warren_sandbox_kill(s, 10000) < 0 ? -ETIMEDOUT
								 : warren_sandbox_wait(s, 1000, res);
		}
		if (run->sandbox.timeout > 0) {
			left -= 0.2;
			if (r == -ETIMEDOUT && left <= 0)
				return -ETIMEDOUT;
		}
	} while (r == -ETIMEDOUT || r == -EINTR);
	return r;
}

/* Rules are enforced by the supervisor; Landlock is what is left when a guest finds a way around it. */
static void warn_of_missing_backstop(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
		fputs("warren run: warning: this kernel has no Landlock, so nothing backs the rules up; see "
		      "warren check\n",
		      stderr);
}

static int no_start(const struct run *run, const struct warren_policy *p, int r)
{
	const char *text = warren_policy_error(p);
	char line[2 * PATH_MAX];

	snprintf(line, sizeof(line), "%s%s", *text ? text : strerror(-r),
		 r == -EACCES && run->sandbox.n_rules ? " (may it be seen? -r PATH or -w PATH let it)" : "");
	return fail(EXIT_NO_START, line);
}

static int start_and_wait(struct run *run, struct warren_engine *e, struct warren_policy *p)
{
	char cwd[PATH_MAX];
	struct warren_sandbox *s;
	struct warren_result res;
	char **env = options_environment(&run->sandbox);
	bool tty = isatty(0);
	struct warren_command cmd = {.argv = run->command,
				     .envp = env,
				     .cwd = run->sandbox.cwd,
				     .stdio = {-1, -1, -1},
				     .limits = limits_any(&run->sandbox.limits) ? &run->sandbox.limits : NULL,
				     .foreground = tty};

	if (!run->sandbox.cwd && !run->sandbox.root && getcwd(cwd, sizeof(cwd)))
		cmd.cwd = cwd;
	int r = env ? warren_sandbox_start(e, p, &cmd, &s) : -ENOMEM;
	free(env);
	if (r < 0)
		return no_start(run, p, r);
	const struct sigaction sa = {.sa_handler = on_signal};
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (!tty)
		sigaction(SIGINT, &sa, NULL);
	r = wait_for(run, s, &res);
	/* what the program left running ends with it */
	warren_sandbox_kill(s, 10000);
	if (tty) {
		pid_t pgrp = getpgrp();
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(0, pgrp);
	}
	if (run->stats)
		report_stats(stderr, e, s, run->json);
	warren_sandbox_unref(s);
	if (r == -ETIMEDOUT)
		return EXIT_TIMEOUT;
	if (r < 0)
		return fail(EXIT_NO_START, strerror(-r));
	if (res.limit)
		fprintf(stderr, "warren run: ended, over its limit: %s\n", warren_limit_name(res.limit));
	if (res.limit == WARREN_LIMIT_WALL)
		return EXIT_TIMEOUT;
	return WIFSIGNALED(res.status) ? 128 + WTERMSIG(res.status) : WEXITSTATUS(res.status);
}

/* 0, or an exit code after one line. */
static int prepare_layer(struct run *run, struct warren_policy *p)
{
	static char temporary[PATH_MAX];
	char text[PATH_MAX + 100];

	if (!run->sandbox.n_cow)
		return run->layer || run->fate_said || run->dry_run || run->sandbox.layer_size ||
				       run->sandbox.layer_files
			       ? fail(EXIT_USAGE,
				      "--layer, --layer-size, --layer-files, --on-exit and --dry-run go "
				      "with --cow DIR")
			       : 0;
	if (run->dry_run && run->fate_said)
		return fail(EXIT_USAGE, "--dry-run discards the layer; it does not go with --on-exit");
	for (unsigned i = 0; run->fate_said && i < run->sandbox.n_cow; i++)
		if (run->sandbox.cow[i].n_lowers &&
		    (run->fate == LAYER_COMMIT || run->fate == LAYER_COMMIT_ON_SUCCESS))
			return fail(EXIT_USAGE, "a layer with --lower cannot be committed; --on-exit keep or "
						"discard is wanted");
	if (!run->fate_said)
		run->fate = run->layer && !run->dry_run ? LAYER_KEEP : LAYER_DISCARD;
	if (!run->layer) {
		int r = layer_make_temporary(temporary, sizeof(temporary),
					     run->fate == LAYER_KEEP || run->fate == LAYER_COMMIT_ON_SUCCESS);
		if (r < 0) {
			snprintf(text, sizeof(text), "no temporary layer can be made ('%s'): %s", temporary,
				 strerror(-r));
			return fail(EXIT_NO_START, text);
		}
		run->layer = temporary;
		if (run->fate == LAYER_KEEP || run->fate == LAYER_COMMIT_ON_SUCCESS)
			fprintf(stderr, "warren run: the layer is %s\n", run->layer);
	}
	char *command = layer_command(run->command);
	int r = layer_attach(p, &run->sandbox, run->layer, command, text, sizeof(text));
	free(command);
	return r < 0 ? fail(EXIT_USAGE, text) : 0;
}

/* Before the engine starts. What it will need must be known: the limits have their place, the layer is there.
 * 0, or an exit code after one line. */
static int confine(const struct run *run, struct warren_policy *p, bool has_layer)
{
	const bool commits = run->fate == LAYER_COMMIT || run->fate == LAYER_COMMIT_ON_SUCCESS;
	const struct warren_writable layer = {run->layer, 1};
	char why[512];

	if (warren_limits_check(&run->sandbox.limits, why, sizeof(why)) < 0)
		return fail(EXIT_NO_START, why);
	int r = confine_supervisor(p, &layer, has_layer, has_layer && commits);
	return r < 0 ? no_start(run, p, r) : 0;
}

int cmd_run(int argc, char **argv)
{
	static struct run run;
	static char name[] = "warren run";
	struct warren_engine_options opt = {.confine = confine_wanted()};
	struct warren_engine *e;
	struct warren_policy *p;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (words_check(&argp, name, argv) < 0)
		return EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &run))
		return fail(EXIT_USAGE,
			    run.sandbox.bad[0] ? run.sandbox.bad : "wrong arguments; see warren run --help");
	if (!run.command || !run.command[0])
		return fail(EXIT_USAGE,
			    "no program given; e.g. warren run -r / -- ls (see warren run --help)");
	if (!run.sandbox.root && !run.sandbox.n_rules)
		return fail(EXIT_USAGE,
			    "with / as the root, say what may be read and written, e.g. -r / -w \"$PWD\"");
	if (warren_policy_new(&p) < 0)
		return fail(EXIT_NO_START, "out of memory");
	int code = options_policy(&run.sandbox, p, "warren run");
	if (code == 0)
		code = prepare_layer(&run, p);
	const bool has_layer = code == 0 && run.sandbox.n_cow;
	if (code == 0 && run.trace) {
		opt.trace = fopen(run.trace, "we");
		if (!opt.trace) {
			fprintf(stderr, "warren run: --trace '%s': %s\n", run.trace, strerror(errno));
			code = EXIT_USAGE;
		}
	}
	if (code == 0) {
		warn_of_missing_backstop();
		code = confine(&run, p, has_layer);
	}
	if (code == 0) {
		int r = warren_engine_new(&opt, &e);
		if (r < 0) {
			fprintf(stderr, "warren run: the engine could not start: %s; see warren check\n",
				strerror(-r));
			code = EXIT_NO_START;
		} else {
			code = start_and_wait(&run, e, p);
			warren_engine_free(e);
		}
	}
	warren_policy_unref(p);
	if (has_layer)
		code = layer_end(run.layer, run.fate, run.dry_run, code, name);
	if (opt.trace)
		fclose(opt.trace);
	return code;
}
