// SPDX-License-Identifier: Apache-2.0
#include "loop.h"
#include "loop_calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_call(struct loop_op *op, int argc, char **argv)
{
	char *end;

	if (argc < 2 || argc > 8)
		return -EINVAL;
	for (int i = 1; i < argc; i++) {
		long v;

		if (i > 1 && argv[i][0] == '@') {
			v = (long)(argv[i] + 1);
		} else {
			v = strtol(argv[i], &end, 0);
			if (*end || end == argv[i])
				return -EINVAL;
		}
		if (i == 1)
			op->nr = v;
		else
			op->args[i - 2] = v;
	}
	return argc;
}

int loop_parse(struct loop_op *ret_op, int argc, char **argv)
{
	struct loop_op op = {.kind = LOOP_CALL};
	int words = -EINVAL;

	if (argc < 1)
		return -EINVAL;
	op.name = argv[0];
	if (!strcmp(argv[0], "call")) {
		words = parse_call(&op, argc, argv);
	} else {
		for (int k = LOOP_GETPPID; k < N_LOOP_KINDS && words < 0; k++) {
			const struct loop_call *c = &loop_calls[k];

			if (strcmp(argv[0], c->name) || argc < 1 + c->wants_path)
				continue;
			op.kind = (enum loop_kind)k;
			op.path = c->wants_path ? argv[1] : NULL;
			words = 1 + c->wants_path;
		}
	}
	if (words > 0 && op.path)
		snprintf(op.other, sizeof(op.other), "%s.x", op.path);
	if (words > 0)
		*ret_op = op;
	return words;
}

long loop_once(const struct loop_op *op)
{
	long r = loop_calls[op->kind].once(op);

	return r < 0 ? -errno : r;
}

int loop_check(const struct loop_op *op)
{
	long r = loop_once(op);

	switch (op->kind) {
	case LOOP_CALL:
	case LOOP_NULL:
		return 0; /* a call that fails early is a fair thing to measure */
	case LOOP_ENOENT:
	case LOOP_OPEN_ENOENT:
		return r == -ENOENT ? 0 : r < 0 ? (int)r : -EEXIST;
	case LOOP_XATTR:
		return r < 0 && r != -ENODATA ? (int)r : 0;
	default:
		return r < 0 ? (int)r : 0;
	}
}

uint64_t loop_batch(const struct loop_op *op, unsigned n)
{
	uint64_t start = loop_now_ns();

	for (unsigned i = 0; i < n; i++)
		loop_once(op);
	return loop_now_ns() - start;
}
