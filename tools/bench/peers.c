/* SPDX-License-Identifier: Apache-2.0 */
/* Other ways to run a program apart, on the same work in the same run. */
#define _GNU_SOURCE
#include "../batch/batch.h"
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct peer known[] = {
	{"bwrap", "bwrap --bind / / --dev-bind /dev /dev --proc /proc {}"},
	{"proot", "proot -r / {}"},
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

int peers_add(struct bench *b, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : 0;

	if (!n || n >= sizeof(b->peers[0].name) || !strstr(equals, "{}") ||
	    b->n_given_peers == BENCH_MAX_PEERS - N_KNOWN)
		return -EINVAL;
	struct peer *p = &b->given_peers[b->n_given_peers++];
	memcpy(p->name, text, n);
	p->name[n] = '\0';
	p->command = equals + 1;
	return 0;
}

char *peers_command(const struct peer *p, char *const *words)
{
	const char *hole = strstr(p->command, "{}");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "exec %.*s", (int)(hole - p->command), p->command);
	for (size_t i = 0; words[i]; i++) {
		char *word = shell_quote(words[i]);
		fprintf(f, "%s%s", i ? " " : "", word ? word : "");
		free(word);
	}
	fputs(hole + 2, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* Can it run anything here? */
static bool works(struct bench *b, const struct peer *p)
{
	char out[256], why[300] = "";
	char *command = peers_command(p, WORDS("/bin/true"));
	int r = command ? sample_output(WORDS("/bin/sh", "-c", command), b->dir, out, sizeof(out), why,
					sizeof(why))
			: -ENOMEM;

	free(command);
	if (r < 0)
		bench_leave_out(b, p->name, why);
	return r == 0;
}

static void find(struct bench *b, const struct peer *p)
{
	if (works(b, p))
		b->peers[b->n_peers++] = *p;
}

void peers_find(struct bench *b)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		find(b, &known[i]);
	for (size_t i = 0; i < b->n_given_peers; i++)
		find(b, &b->given_peers[i]);
}
