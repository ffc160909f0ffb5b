/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "exec_argv.h"
#include "../engine/internal.h"
#include <stdlib.h>
#include <string.h>

#define PAGE	 4096UL
#define MAX_ARGS (6UL * 1024 * 1024 / 8) /* the kernel takes 6 MiB at most, pointers included */

int wr_scripts_add(struct wr_scripts *s, const struct wr_image *image)
{
	if (s->n == WR_MAX_SCRIPTS)
		return -ELOOP;
	s->interp[s->n] = strdup(image->interp);
	s->arg[s->n] = image->has_arg ? strdup(image->arg) : NULL;
	s->n++;
	return s->interp[s->n - 1] && (s->arg[s->n - 1] || !image->has_arg) ? 0 : -ENOMEM;
}

void wr_scripts_release(struct wr_scripts *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		free(s->interp[i]);
		free(s->arg[i]);
	}
	s->n = 0;
}

struct text {
	char *data;
	size_t len, size;
};

static int put(struct text *t, const void *data, size_t len)
{
	if (t->len + len > t->size) {
		size_t size = (t->len + len) * 2;
		char *d = realloc(t->data, size);
		if (!d)
			return -ENOMEM;
		t->data = d;
		t->size = size;
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
	return 0;
}

static int put_string(struct text *t, const char *text, uint64_t *offsets, unsigned *n)
{
	offsets[(*n)++] = t->len;
	return put(t, text, strlen(text) + 1);
}

/* The guest's pointers from argv[1] on, up to and with the NULL; page by page, for what follows may not be
 * mapped. */
static int put_rest(struct warren_request *rq, uint64_t argv, struct text *t)
{
	uint64_t words[PAGE / 8 + 1], none = 0;
	size_t total = 0;

	if (!argv) /* the kernel takes it for an empty one */
		return put(t, &none, sizeof(none));
	for (bool first = true;; first = false) {
		size_t n = (PAGE - argv % PAGE) / 8, i = 0;
		if (n == 0)
			n = 1; /* a pointer that lies across */
		int r = wr_guest_read(rq, argv, words, n * 8);
		if (r < 0)
			return r;
		while (i < n && words[i])
			i++;
		bool end = i < n;
		size_t skip = first && i > 0; /* argv[0] is lost */
		r = put(t, words + skip, (i - skip + end) * 8);
		if (r < 0 || end)
			return r;
		total += n;
		if (total > MAX_ARGS)
			return -E2BIG;
		argv += n * 8;
	}
}

/* interpN [argN] ... interp1 [arg1] path argv[1..] */
static int script_argv(struct warren_request *rq, const struct wr_scripts *scripts, const char *path,
		       uint64_t argv, struct text *t, struct warren_substitution *s)
{
	uint64_t offsets[2 * WR_MAX_SCRIPTS + 1];
	unsigned n = 0;
	int r = 0;

	for (unsigned i = scripts->n; r == 0 && i-- > 0;) {
		r = put_string(t, scripts->interp[i], offsets, &n);
		if (r == 0 && scripts->arg[i])
			r = put_string(t, scripts->arg[i], offsets, &n);
	}
	if (r == 0)
		r = put_string(t, path, offsets, &n);
	while (r == 0 && t->len % 8)
		r = put(t, "", 1);
	if (r < 0)
		return r;
	s->relocs = malloc(n * sizeof(*s->relocs));
	if (!s->relocs)
		return -ENOMEM;
	s->args[1] = t->len;
	s->scratch_args |= 1U << 1;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		s->relocs[s->n_relocs++] = (uint32_t)t->len;
		r = put(t, &offsets[i], sizeof(offsets[i]));
	}
	return r < 0 ? r : put_rest(rq, argv, t);
}

int wr_exec_scratch(struct warren_request *rq, const struct wr_scripts *scripts, const char *path,
		    size_t path_room, struct warren_substitution *s)
{
	struct text t = {.data = calloc(1, path_room), .len = path_room, .size = path_room};

	if (!t.data)
		return -ENOMEM;
	s->args[0] = 0;
	s->args[1] = rq->args[2];
	s->args[2] = rq->args[3];
	s->scratch_args = 1U << 0;
	int r = scripts->n ? script_argv(rq, scripts, path, rq->args[2], &t, s) : 0;
	char *fit = r == 0 ? realloc(t.data, t.len) : NULL; /* it may have to wait its turn */
	s->scratch = fit ? fit : t.data;
	s->scratch_len = t.len;
	return r;
}
