/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "words.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD    40
#define MAX_OPTIONS 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

/* Insertions, deletions and replacements from one word to another; swapped neighbours count two. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[MAX_WORD + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > MAX_WORD || m > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned up = row[j];
			row[j] = min3(up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = up;
		}
	}
	return row[m];
}

const char *words_closest(const char *word, const char *const names[])
{
	const char *best = NULL;
	unsigned best_distance = 3;

	for (; *names; names++) {
		unsigned d = distance(word, *names);
		if (d < best_distance && d < strlen(*names)) {
			best_distance = d;
			best = *names;
		}
	}
	return best;
}

struct known {
	const struct argp_option *options[MAX_OPTIONS];
	const char *names[MAX_OPTIONS + 1];
	unsigned n;
};

static void collect(const struct argp *argp, struct known *k)
{
	for (const struct argp_option *o = argp->options; o && (o->name || o->key); o++)
		if (o->name && k->n < MAX_OPTIONS) {
			k->names[k->n] = o->name;
			k->options[k->n++] = o;
		}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		collect(c->argp, k);
}

/* As getopt_long(3) takes them: the whole name, or a beginning that only one name has. */
static const struct argp_option *find_long(const struct known *k, const char *name, size_t len)
{
	const struct argp_option *found = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < k->n; i++) {
		if (strncmp(k->names[i], name, len))
			continue;
		if (!k->names[i][len])
			return k->options[i];
		found = k->options[i];
		n++;
	}
	return n == 1 ? found : NULL;
}

static const struct argp_option *find_short(const struct known *k, char c)
{
	for (unsigned i = 0; i < k->n; i++)
		if (k->options[i]->key == c)
			return k->options[i];
	return NULL;
}

static bool is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "--usage") || !strcmp(arg, "-?");
}

int words_check(const struct argp *argp, const char *command, char *const argv[])
{
	struct known k = {.n = 0};

	collect(argp, &k);
	for (size_t i = 1; argv[i] && argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--"); i++) {
		const char *arg = argv[i], *close;
		char name[MAX_WORD + 1];
		bool is_long = arg[1] == '-';
		if (is_help(arg))
			return 0;
		size_t len = is_long ? strcspn(arg + 2, "=") : 1;
		const struct argp_option *o = is_long ? find_long(&k, arg + 2, len) : find_short(&k, arg[1]);
		if (!o) {
			snprintf(name, sizeof(name), "%.*s", (int)len, arg + 2);
			close = is_long ? words_closest(name, k.names) : NULL;
			fprintf(stderr, "%s: there is no option '%.*s'; ", command,
				(int)(is_long ? len + 2 : 2), arg);
			if (close)
				fprintf(stderr, "did you mean '--%s'?\n", close);
			else
				fprintf(stderr, "%s --help lists them\n", command);
			return -EINVAL;
		}
		bool attached = is_long ? arg[2 + len] == '=' : arg[2] != '\0';
		if (!o->arg && is_long && attached) {
			fprintf(stderr, "%s: --%s takes no value\n", command, o->name);
			return -EINVAL;
		}
		if (o->arg && !attached && !argv[++i]) {
			fprintf(stderr, "%s: --%s: %s is missing\n", command, o->name, o->arg);
			return -EINVAL;
		}
	}
	return 0;
}

/* ---- splitting ---- */

void words_free(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

/* The next word of *at into buf, which has room for all of the line. *ret_any: there is one. */
static int next_word(const char **at, char *buf, bool *ret_any)
{
	const char *c = *at + strspn(*at, " \t");
	char quote = 0;

	*ret_any = *c;
	for (; *c && (quote || (*c != ' ' && *c != '\t')); c++) {
		bool escapes = *c == '\\' && c[1] && quote != '\'' && (!quote || strchr("\"\\$`", c[1]));
		if (escapes)
			*buf++ = *++c;
		else if (quote ? *c == quote : *c == '\'' || *c == '"')
			quote = quote ? 0 : *c;
		else
			*buf++ = *c;
	}
	*buf = '\0';
	*at = c;
	return quote ? -EINVAL : 0;
}

int words_split(const char *line, char ***ret)
{
	char **list = calloc(strlen(line) / 2 + 2, sizeof(*list)), *buf = malloc(strlen(line) + 1);
	bool any = true;
	size_t n = 0;
	int r = list && buf ? 0 : -ENOMEM;

	while (r == 0 && (r = next_word(&line, buf, &any)) == 0 && any) {
		list[n] = strdup(buf);
		if (!list[n++])
			r = -ENOMEM;
	}
	free(buf);
	if (r < 0)
		words_free(list);
	else
		*ret = list;
	return r;
}
