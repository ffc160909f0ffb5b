/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. Each defines LLVMFuzzerTestOneInput(), which libFuzzer and AFL++ alike call,
 * and aborts where something is not as it must be. */
#ifndef WARREN_TESTS_FUZZ_H
#define WARREN_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                      \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* ---- an input that is taken apart; behind its end there are zeros ---- */

struct input {
	const uint8_t *at;
	size_t left;
};

static inline void take(struct input *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(to, 0, n);
	if (have)
		memcpy(to, in->at, have);
	in->at += have;
	in->left -= have;
}

static inline uint8_t take8(struct input *in)
{
	uint8_t v;
	take(in, &v, sizeof(v));
	return v;
}

static inline uint16_t take16(struct input *in)
{
	uint16_t v;
	take(in, &v, sizeof(v));
	return v;
}

static inline uint32_t take32(struct input *in)
{
	uint32_t v;
	take(in, &v, sizeof(v));
	return v;
}

static inline uint64_t take64(struct input *in)
{
	uint64_t v;
	take(in, &v, sizeof(v));
	return v;
}

/* The whole input as a string; malloc. */
static inline char *string_of(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	CHECK(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

#endif
