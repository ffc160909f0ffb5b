/* SPDX-License-Identifier: Apache-2.0 */
/* warren run: one program in one sandbox. */
#define _GNU_SOURCE
#include "cli.h"
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct rule {
	enum warren_access access;
	const char *path;
};

struct run {
	const char *root, *cwd, *trace;
	struct rule rules[256];
	unsigned n_rules;
	char *mounts[256];
	unsigned n_mounts;
	char *env[1024];
	unsigned n_env;
	enum warren_net net;
	double timeout;
	bool clean_env, stats, json;
	char **command;
	char bad[PATH_MAX + 200]; /* what is wrong with the arguments */
};

enum {
	OPT_ROOT = 256,
	OPT_DENY,
	OPT_MOUNT,
	OPT_CWD,
	OPT_ENV,
	OPT_CLEAN,
	OPT_NET,
	OPT_TIMEOUT,
	OPT_STATS,
	OPT_TRACE,
	OPT_JSON
};

static const struct argp_option options[] = {
	{"root", OPT_ROOT, "DIR", 0, "The directory that the program sees as / (default: /)", 0},
	{"read", 'r', "PATH", 0, "PATH, and what is below it, may be read and executed", 0},
	{"write", 'w', "PATH", 0, "PATH, and what is below it, may be read and changed", 0},
	{"deny", OPT_DENY, "PATH", 0, "Nothing at or below PATH, whatever else is said", 0},
	{"mount", OPT_MOUNT, "HOST:GUEST[:ro]", 0, "Show HOST at GUEST in the sandbox", 0},
	{"cwd", OPT_CWD, "DIR", 0,
	 "Start in DIR of the sandbox (default: here if it is visible there, else /)", 0},
	{"env", OPT_ENV, "NAME=VALUE", 0, "Set an environment variable", 0},
	{"clean-env", OPT_CLEAN, NULL, 0, "Start from an empty environment (PATH, HOME and TERM are set)", 0},
	{"net", OPT_NET, "none|host", 0, "The network (default: none)", 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Kill the whole sandbox after SECONDS and exit with 124", 0},
	{"stats", OPT_STATS, NULL, 0, "Print what was intercepted, to standard error", 0},
	{"json", OPT_JSON, NULL, 0, "Statistics as JSON", 0},
	{"trace", OPT_TRACE, "FILE", 0, "Write one line per intercepted call to FILE", 0},
	{0},
};

static error_t bad(struct run *run, const char *fmt, const char *arg)
{
	snprintf(run->bad, sizeof(run->bad), fmt, arg);
	return EINVAL;
}

static error_t add_rule(struct run *run, enum warren_access access, const char *path)
{
	static char full[256][PATH_MAX];

	if (run->n_rules == 256)
		return bad(run, "more than 256 rules (at '%s')", path);
	if (path[0] != '/') { /* the guest's name: below the caller's directory when the root is / */
		char cwd[PATH_MAX];
		if (!getcwd(cwd, sizeof(cwd)) || strlen(cwd) + strlen(path) + 2 > PATH_MAX)
			return bad(run, "path too long: '%s'", path);
		strcpy(full[run->n_rules], cwd);
		strcat(full[run->n_rules], "/");
		strcat(full[run->n_rules], path);
		path = full[run->n_rules];
	}
	run->rules[run->n_rules++] = (struct rule){access, path};
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;
	char *end;

	switch (key) {
	case OPT_ROOT:
		run->root = arg;
		return 0;
	case 'r':
		return add_rule(run, WARREN_READ, arg);
	case 'w':
		return add_rule(run, WARREN_WRITE, arg);
	case OPT_DENY:
		return add_rule(run, WARREN_DENY, arg);
	case OPT_MOUNT:
		if (run->n_mounts == 256)
			return bad(run, "more than 256 mounts (at '%s')", arg);
		run->mounts[run->n_mounts++] = arg;
		return 0;
	case OPT_CWD:
		run->cwd = arg;
		return 0;
	case OPT_ENV:
		if (!strchr(arg, '=') || arg[0] == '=')
			return bad(run, "--env '%s': NAME=VALUE is wanted", arg);
		if (run->n_env == 1024)
			return bad(run, "more than 1024 variables (at '%s')", arg);
		run->env[run->n_env++] = arg;
		return 0;
	case OPT_CLEAN:
		run->clean_env = true;
		return 0;
	case OPT_NET:
		if (strcmp(arg, "none") && strcmp(arg, "host"))
			return bad(run, "--net '%s': none or host is wanted", arg);
		run->net = arg[0] == 'h' ? WARREN_NET_HOST : WARREN_NET_NONE;
		return 0;
	case OPT_TIMEOUT:
		run->timeout = strtod(arg, &end);
		if (end == arg || *end || !(run->timeout > 0) || run->timeout > 1e6)
			return bad(run, "--timeout '%s': a number of seconds above 0 is wanted", arg);
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
				 "  warren run --root /srv/trixie --mount \"$PWD\":/src:ro -- ls /src\n\n"
				 "Exit status: the program's own; 128+N when signal N ended it; 124 after "
				 "--timeout; 125 when the sandbox or "
				 "the program could not be started; 2 for wrong use.",
				 NULL,
				 NULL,
				 NULL};

static int fail(int code, const char *what)
{
	fprintf(stderr, "warren run: %s\n", what);
	return code;
}

static int add_mount(struct warren_policy *p, char *spec)
{
	char *guest = strchr(spec, ':');
	int ro = 0;

	if (!guest)
		return -EINVAL;
	*guest++ = '\0';
	char *opt = strchr(guest, ':');
	if (opt) {
		*opt++ = '\0';
		if (strcmp(opt, "ro") && strcmp(opt, "rw"))
			return -EINVAL;
		ro = opt[1] == 'o';
	}
	if (!*spec || guest[0] != '/')
		return -EINVAL;
	return warren_policy_add_mount(p, spec, guest, ro);
}

/* Root keeps its rights over files only, and so does everything that works for it. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};
	const unsigned keep = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH |
			      1U << CAP_FOWNER | 1U << CAP_FSETID | 1U << CAP_KILL | 1U << CAP_SETPCAP;

	if (syscall(SYS_capget, &h, d) < 0)
		return;
	d[0].effective &= keep;
	d[0].permitted &= keep;
	d[0].inheritable = d[1].effective = d[1].permitted = d[1].inheritable = 0;
	syscall(SYS_capset, &h, d);
}

static char **environment(struct run *run)
{
	size_t n = 0;
	char **env;
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		    home[] = "HOME=/";

	while (environ[n])
		n++;
	env = calloc(n + run->n_env + 4, sizeof(*env));
	if (!env)
		return NULL;
	n = 0;
	if (run->clean_env) {
		env[n++] = path;
		env[n++] = home;
		for (char **e = environ; *e; e++)
			if (!strncmp(*e, "TERM=", 5))
				env[n++] = *e;
	} else {
		for (char **e = environ; *e; e++)
			env[n++] = *e;
	}
	for (unsigned i = 0; i < run->n_env; i++) {
		size_t len = strcspn(run->env[i], "=") + 1, at = 0;
		while (at < n && strncmp(env[at], run->env[i], len))
			at++;
		env[at] = run->env[i];
		n += at == n;
	}
	return env;
}

#define GRACE_ROUNDS 5 /* of 200 ms, between a signal that is passed on and SIGKILL */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static int make_policy(struct run *run, struct warren_policy *p)
{
	char text[PATH_MAX + 64];

	if (run->root)
		warren_policy_set_root(p, run->root);
	warren_policy_set_net(p, run->net);
	for (unsigned i = 0; i < run->n_rules; i++)
		if (warren_policy_add_rule(p, run->rules[i].access, run->rules[i].path) < 0)
			return fail(EXIT_USAGE, warren_policy_error(p));
	for (unsigned i = 0; i < run->n_mounts; i++)
		if (add_mount(p, run->mounts[i]) < 0) {
			snprintf(text, sizeof(text), "--mount '%s': HOST:/GUEST or HOST:/GUEST:ro is wanted",
				 run->mounts[i]);
			return fail(EXIT_USAGE, text);
		}
	return 0;
}

/* Waits for the program; a signal to us goes to the sandbox. */
static int wait_for(struct run *run, struct warren_sandbox *s, struct warren_result *res)
{
	double left = run->timeout;
	int r, grace = 0;

	do {
		int ms = run->timeout > 0 ? (int)(left > 0.2 ? 200 : left * 1000 + 1) : -1;
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
		if (run->timeout > 0) {
			left -= 0.2;
			if (r == -ETIMEDOUT && left <= 0)
				return -ETIMEDOUT;
		}
	} while (r == -ETIMEDOUT || r == -EINTR);
	return r;
}

static int start_and_wait(struct run *run, struct warren_engine *e, struct warren_policy *p)
{
	char cwd[PATH_MAX];
	struct warren_sandbox *s;
	struct warren_result res;
	char **env = environment(run);
	bool tty = isatty(0);
	struct warren_command cmd = {
		.argv = run->command, .envp = env, .cwd = run->cwd, .stdio = {-1, -1, -1}, .foreground = tty};

	if (!run->cwd && !run->root && getcwd(cwd, sizeof(cwd)))
		cmd.cwd = cwd;
	int r = env ? warren_sandbox_start(e, p, &cmd, &s) : -ENOMEM;
	free(env);
	if (r < 0)
		return fail(EXIT_NO_START, *warren_policy_error(p) ? warren_policy_error(p) : strerror(-r));
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
	return WIFSIGNALED(res.status) ? 128 + WTERMSIG(res.status) : WEXITSTATUS(res.status);
}

int cmd_run(int argc, char **argv)
{
	static struct run run;
	static char name[] = "warren run";
	struct warren_engine_options opt = {0};
	struct warren_engine *e;
	struct warren_policy *p;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &run))
		return fail(EXIT_USAGE, run.bad[0] ? run.bad : "wrong arguments; see warren run --help");
	if (!run.command || !run.command[0])
		return fail(EXIT_USAGE,
			    "no program given; e.g. warren run -r / -- ls (see warren run --help)");
	if (!run.root && !run.n_rules)
		return fail(EXIT_USAGE,
			    "with / as the root, say what may be read and written, e.g. -r / -w \"$PWD\"");
	if (warren_policy_new(&p) < 0)
		return fail(EXIT_NO_START, "out of memory");
	int code = make_policy(&run, p);
	if (code == 0 && run.trace) {
		opt.trace = fopen(run.trace, "we");
		if (!opt.trace) {
			fprintf(stderr, "warren run: --trace '%s': %s\n", run.trace, strerror(errno));
			code = EXIT_USAGE;
		}
	}
	if (code == 0) {
		drop_capabilities();
		int r = warren_engine_new(&opt, &e);
		if (r < 0) {
			fprintf(stderr, "warren run: the engine could not start: %s\n", strerror(-r));
			code = EXIT_NO_START;
		} else {
			code = start_and_wait(&run, e, p);
			warren_engine_free(e);
		}
	}
	warren_policy_unref(p);
	if (opt.trace)
		fclose(opt.trace);
	return code;
}
