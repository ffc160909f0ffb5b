/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "options.h"
#include "cli.h"
#include "limits.h"
#include "profile.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPT_ROOT = 256,
	OPT_DENY,
	OPT_MOUNT,
	OPT_CWD,
	OPT_ENV,
	OPT_CLEAN,
	OPT_NET,
	OPT_IPC,
	OPT_LIMITS,
	OPT_PROFILE,
	OPT_COW,
	OPT_LOWER,
	OPT_LOWER_FROZEN,
	OPT_LAYER_SIZE,
	OPT_LAYER_FILES
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
	{"ipc", OPT_IPC, "none|host", 0, "System V IPC, shared with the host (default: none)", 0},
	{"limits", OPT_LIMITS, "LIST", 0,
	 "Of memory=, processes=, cpu=, wall=, files=, file-size=; best-effort: where memory cannot be "
	 "limited "
	 "strictly, too",
	 0},
	{"cow", OPT_COW, "DIR", 0,
	 "What is written in DIR of the sandbox goes to a layer, DIR itself stays as it is; may be given "
	 "several times",
	 0},
	{"lower", OPT_LOWER, "LAYER", 0,
	 "Put LAYER, read-only, between the last DIR of --cow and what is written; several: the topmost "
	 "first",
	 0},
	{"layer-size", OPT_LAYER_SIZE, "BYTES", 0,
	 "With --cow: let no more be written than BYTES (K, M, G), in each DIR", 0},
	{"layer-files", OPT_LAYER_FILES, "N", 0,
	 "With --cow: let no more than N files be made or changed, in each DIR", 0},
	{"lower-frozen", OPT_LOWER_FROZEN, NULL, 0,
	 "Promise that nobody changes meanwhile what the sandbox cannot change itself, as below --cow: then "
	 "what was looked up there once is remembered",
	 0},
	{"profile", OPT_PROFILE, "FILE", 0, "Take these options from FILE, JSON; see warren(1)", 0},
	{0},
};

error_t options_bad(struct sandbox_options *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(o->bad, sizeof(o->bad), fmt, ap);
	va_end(ap);
	for (char *c = o->bad; *c; c++) /* one line, whatever the words are */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return EINVAL;
}

error_t options_rule(struct sandbox_options *o, enum warren_access access, const char *path)
{
	char cwd[PATH_MAX] = "", *full;

	if (o->n_rules == OPTIONS_MAX_RULES)
		return options_bad(o, "more than %d rules (at '%s')", OPTIONS_MAX_RULES, path);
	/* the guest's name: below the caller's directory when the root is / */
	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return options_bad(o, "'%s': the working directory has no name: %s", path, strerror(errno));
	if (asprintf(&full, "%s%s%s", cwd, path[0] == '/' ? "" : "/", path) < 0)
		return ENOMEM;
	if (strlen(full) >= PATH_MAX) {
		free(full);
		return options_bad(o, "path too long: '%.100s...'", path);
	}
	o->rules[o->n_rules].access = access;
	o->rules[o->n_rules++].path = full;
	return 0;
}

/* One name of one directory: without doubled slashes, "." and a slash at the end. */
static void tidy(char *path)
{
	char *to = path;

	for (const char *c = path; *c;) {
		size_t n = strcspn(c + 1, "/") + 1;
		if (n > 1 && !(n == 2 && c[1] == '.')) {
			memmove(to, c, n);
			to += n;
		}
		c += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

static error_t set_cow(struct sandbox_options *o, char *arg)
{
	const unsigned n = o->n_rules;

	if (o->n_cow == OPTIONS_MAX_COW)
		return options_bad(o, "more than %d layers (at '%s')", OPTIONS_MAX_COW, arg);
	/* what goes to the layer may be written */
	error_t e = options_rule(o, WARREN_WRITE, arg);
	if (e)
		return e;
	char *guest = strdup(o->rules[n].path);
	if (!guest)
		return ENOMEM;
	tidy(guest);
	for (unsigned i = 0; i < o->n_cow; i++)
		if (!strcmp(o->cow[i].guest, guest)) {
			free(guest);
			return options_bad(o, "--cow '%s' is given twice", arg);
		}
	o->cow[o->n_cow++].guest = guest;
	return 0;
}

static error_t set_lower(struct sandbox_options *o, char *arg)
{
	if (!o->n_cow)
		return options_bad(o, "--lower '%s': which --cow DIR is it for? That comes before it", arg);
	if (o->cow[o->n_cow - 1].n_lowers == OPTIONS_MAX_LOWERS)
		return options_bad(o, "more than %d directories below one layer (at '%s')",
				   OPTIONS_MAX_LOWERS, arg);
	o->cow[o->n_cow - 1].lowers[o->cow[o->n_cow - 1].n_lowers++] = arg;
	return 0;
}

/* Of what takes a path: the name of the option. */
static const char *option_of_path(int key)
{
	static const int keys[] = {OPT_ROOT, 'r', 'w', OPT_DENY, OPT_CWD, OPT_COW, OPT_LOWER};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (const struct argp_option *opt = options; keys[i] == key && opt->name; opt++)
			if (opt->key == key)
				return opt->name;
	return NULL;
}

static error_t set(struct sandbox_options *o, int key, char *arg)
{
	const char *name = option_of_path(key);

	if (name && !*arg)
		return options_bad(o, "--%s '': a path is wanted", name);
	switch (key) {
	case OPT_ROOT:
		o->root = arg;
		return 0;
	case 'r':
		return options_rule(o, WARREN_READ, arg);
	case 'w':
		return options_rule(o, WARREN_WRITE, arg);
	case OPT_DENY:
		return options_rule(o, WARREN_DENY, arg);
	case OPT_MOUNT:
		if (o->n_mounts == OPTIONS_MAX_MOUNTS)
			return options_bad(o, "more than %d mounts (at '%s')", OPTIONS_MAX_MOUNTS, arg);
		o->mounts[o->n_mounts++] = arg;
		return 0;
	case OPT_CWD:
		o->cwd = arg;
		return 0;
	case OPT_ENV:
		if (!strchr(arg, '=') || arg[0] == '=')
			return options_bad(o, "--env '%s': NAME=VALUE is wanted", arg);
		if (o->n_env == OPTIONS_MAX_ENV)
			return options_bad(o, "more than %d variables (at '%s')", OPTIONS_MAX_ENV, arg);
		o->env[o->n_env++] = arg;
		return 0;
	case OPT_CLEAN:
		o->clean_env = true;
		return 0;
	case OPT_NET:
		if (!strcmp(arg, "loopback"))
			return options_bad(
				o, "--net loopback: a network of its own takes a namespace, which warren "
				   "does without; none or host is wanted");
		if (strcmp(arg, "none") && strcmp(arg, "host"))
			return options_bad(o, "--net '%s': none or host is wanted", arg);
		o->net = arg[0] == 'h' ? WARREN_NET_HOST : WARREN_NET_NONE;
		return 0;
	case OPT_IPC:
		if (strcmp(arg, "none") && strcmp(arg, "host"))
			return options_bad(o, "--ipc '%s': none or host is wanted", arg);
		o->ipc = arg[0] == 'h' ? WARREN_IPC_HOST : WARREN_IPC_NONE;
		return 0;
	case OPT_LIMITS: {
		char why[300];
		return limits_parse(&o->limits, arg, why, sizeof(why)) < 0
			       ? options_bad(o, "--limits: %s", why)
			       : 0;
	}
	case OPT_COW:
		return set_cow(o, arg);
	case OPT_LOWER:
		return set_lower(o, arg);
	case OPT_LAYER_SIZE:
		return limits_bytes(arg, &o->layer_size) < 0
			       ? options_bad(o, "--layer-size '%s': a number of bytes is wanted, e.g. 100M",
					     arg)
			       : 0;
	case OPT_LAYER_FILES:
		return limits_count(arg, &o->layer_files) < 0
			       ? options_bad(o, "--layer-files '%s': a number above 0 is wanted", arg)
			       : 0;
	case OPT_LOWER_FROZEN:
		o->lower_frozen = true;
		return 0;
	case OPT_PROFILE:
		return profile_read(o, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

error_t options_set(struct sandbox_options *o, const char *name, char *value)
{
	for (const struct argp_option *opt = options; opt->name; opt++)
		if (!strcmp(opt->name, name))
			return set(o, opt->key, value);
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	return set(state->input, key, arg);
}

const struct argp sandbox_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* HOST:GUEST[:ro]; the argument is left as it is. */
static int add_mount(struct warren_policy *p, const char *arg)
{
	char *spec = strdup(arg), *guest = spec ? strchr(spec, ':') : NULL;
	int ro = 0, r = -EINVAL;

	if (!guest)
		goto out;
	*guest++ = '\0';
	char *opt = strchr(guest, ':');
	if (opt) {
		*opt++ = '\0';
		if (strcmp(opt, "ro") && strcmp(opt, "rw"))
			goto out;
		ro = opt[1] == 'o';
	}
	if (!*spec || guest[0] != '/')
		goto out;
	r = warren_policy_add_mount(p, spec, guest, ro);
out:
	free(spec);
	return r;
}

char **options_environment(const struct sandbox_options *o)
{
	size_t n = 0;
	char **env;
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		    home[] = "HOME=/";

	while (environ[n])
		n++;
	env = calloc(n + o->n_env + 4, sizeof(*env));
	if (!env)
		return NULL;
	n = 0;
	if (o->clean_env) {
		env[n++] = path;
		env[n++] = home;
		for (char **e = environ; *e; e++)
			if (!strncmp(*e, "TERM=", 5))
				env[n++] = *e;
	} else {
		for (char **e = environ; *e; e++)
			env[n++] = *e;
	}
	for (unsigned i = 0; i < o->n_env; i++) {
		size_t len = strcspn(o->env[i], "=") + 1, at = 0;
		while (at < n && strncmp(env[at], o->env[i], len))
			at++;
		env[at] = o->env[i];
		n += at == n;
	}
	return env;
}

int options_policy(struct sandbox_options *o, struct warren_policy *p, const char *command)
{
	if (o->root)
		warren_policy_set_root(p, o->root);
	warren_policy_set_net(p, o->net);
	warren_policy_set_ipc(p, o->ipc);
	warren_policy_set_lower_frozen(p, o->lower_frozen);
	for (unsigned i = 0; i < o->n_rules; i++)
		if (warren_policy_add_rule(p, o->rules[i].access, o->rules[i].path) < 0) {
			fprintf(stderr, "%s: %s\n", command, warren_policy_error(p));
			return EXIT_USAGE;
		}
	for (unsigned i = 0; i < o->n_mounts; i++)
		if (add_mount(p, o->mounts[i]) < 0) {
			fprintf(stderr, "%s: --mount '%s': HOST:/GUEST or HOST:/GUEST:ro is wanted\n",
				command, o->mounts[i]);
			return EXIT_USAGE;
		}
	return 0;
}
