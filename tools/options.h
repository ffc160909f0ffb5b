/* SPDX-License-Identifier: Apache-2.0 */
/* What every command that starts sandboxes is told about them: root, rules, mounts, network, environment. An
 * argp child for run and batch alike. */
#ifndef WARREN_TOOLS_OPTIONS_H
#define WARREN_TOOLS_OPTIONS_H

#include <argp.h>
#include <limits.h>
#include <stdbool.h>
#include <warren/warren.h>

#define OPTIONS_MAX_RULES  256
#define OPTIONS_MAX_MOUNTS 256
#define OPTIONS_MAX_ENV	   1024
#define OPTIONS_MAX_COW	   32
#define OPTIONS_MAX_LOWERS 31 /* of one layer */
/* Keys of the commands' own options begin here. */
#define OPTIONS_OWN_KEYS 512

struct sandbox_options {
	const char *root, *cwd;
	struct {
		enum warren_access access;
		char *path; /* malloc */
	} rules[OPTIONS_MAX_RULES];
	unsigned n_rules;
	char *mounts[OPTIONS_MAX_MOUNTS];
	unsigned n_mounts;
	char *env[OPTIONS_MAX_ENV];
	unsigned n_env;
	struct {
		char *guest; /* malloc */
		const char *lowers[OPTIONS_MAX_LOWERS];
		unsigned n_lowers;
	} cow[OPTIONS_MAX_COW];
	unsigned n_cow;
	enum warren_ipc ipc;
	bool lower_frozen;
	uint64_t layer_size, layer_files; /* of each; 0: no limit */
	enum warren_net net;
	bool clean_env;
	struct warren_limits limits;
	double timeout;		  /* seconds; 0: none given */
	char bad[PATH_MAX + 200]; /* what is wrong with the arguments, one line; "" so far */
};

/* Its state->input is a struct sandbox_options. */
extern const struct argp sandbox_argp;

/* As the option --name does; ARGP_ERR_UNKNOWN: there is none. value is kept. */
error_t options_set(struct sandbox_options *o, const char *name, char *value);
/* Writes what is wrong, once; EINVAL. */
error_t options_bad(struct sandbox_options *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds a rule; a relative path is below the working directory. */
error_t options_rule(struct sandbox_options *o, enum warren_access access, const char *path);
/* Applies them to a policy. 0, or an exit code of warren after one line on stderr that begins with command.
 */
int options_policy(struct sandbox_options *o, struct warren_policy *p, const char *command);
/* The environment of the programs: an array of borrowed strings, malloc; NULL: no memory. */
char **options_environment(const struct sandbox_options *o);

#endif
