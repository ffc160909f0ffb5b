/* SPDX-License-Identifier: Apache-2.0 */
/* Which differences of two lines are by design: expected.def and expected_overlay.def. */
#include "run.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

static const struct expectation {
	const char *syscall, *args, *ref, *test, *words;
	enum effect effect;
	const char *reason;
} everywhere[] =
	{
#define EXPECT(syscall, args, ref, test, effect, reason) {syscall, args, ref, test, "*", effect, reason},
#include "expected.def"
},
  in_layers[] = {
#define EXPECT_WORDS(syscall, args, result, words, reason)                                                   \
	{syscall, args, result, result, words, SAME, reason},
#include "expected_overlay.def"
#undef EXPECT_WORDS
#undef EXPECT
};

/* The next byte that is no mark; 0 at the end. */
static char next_byte(struct text *t)
{
	while (t->p < t->end && *t->p == MARK)
		t->p++;
	return t->p < t->end ? *t->p++ : '\0';
}

bool same_text(struct text a, struct text b)
{
	for (;;) {
		char x = next_byte(&a), y = next_byte(&b);

		if (x != y)
			return false;
		if (!x && a.p == a.end && b.p == b.end)
			return true;
	}
}

void split_line(struct text l, char *name, size_t nsize, char *result, size_t rsize)
{
	const char *p = l.p, *eq = NULL, *paren;
	size_t n = 0;

	while (p < l.end && (*p == '+' || *p == MARK || isdigit((unsigned char)*p)))
		p++;
	if (p < l.end && *p == ' ')
		p++;
	else
		p = l.p;
	paren = memchr(p, '(', (size_t)(l.end - p));
	while (p + n < (paren ? paren : l.end) && p[n] != ' ' && n + 1 < nsize) {
		name[n] = p[n];
		n++;
	}
	name[n] = '\0';
	for (const char *q = paren; q && q + 4 <= l.end; q++)
		if (!memcmp(q, ") = ", 4)) {
			eq = q + 4;
			break;
		}
	for (n = 0; eq && eq + n < l.end && eq[n] != ' ' && n + 1 < rsize; n++)
		result[n] = eq[n];
	result[n] = '\0';
	if (eq && (isdigit((unsigned char)result[0]) || result[0] == '-'))
		snprintf(result, rsize, "ok");
}

static bool result_matches(const char *want, const char *got)
{
	return !fnmatch(want, got, FNM_EXTMATCH);
}

/* A pattern with marks is about them. */
static bool line_matches(const char *pattern, struct text l)
{
	bool marks = strchr(pattern, MARK) != NULL;
	char line[1024];
	size_t n = 0;

	for (; l.p < l.end && n + 1 < sizeof(line); l.p++)
		if (marks || *l.p != MARK)
			line[n++] = *l.p;
	line[n] = '\0';
	return !fnmatch(pattern, line, FNM_EXTMATCH);
}

struct text next_word(struct text *t)
{
	struct text w = {t->p, t->p};

	while (w.end < t->end && *w.end != ' ')
		w.end++;
	t->p = w.end + (w.end < t->end);
	return w;
}

/* Every word that differs is one that may. */
static bool words_match(const char *pattern, struct text ref, struct text test)
{
	if (!strcmp(pattern, "*"))
		return true;
	while (ref.p < ref.end || test.p < test.end) {
		struct text a = next_word(&ref), b = next_word(&test);

		if (!same_text(a, b) && (!line_matches(pattern, a) || !line_matches(pattern, b)))
			return false;
	}
	return true;
}

/* Marks are of the other side, and what begins with ">" is about it, too. */
static bool args_match(const char *pattern, struct text ref, struct text test)
{
	if (*pattern == '>')
		return line_matches(pattern + 1, test);
	return line_matches(pattern, strchr(pattern, MARK) ? test : ref);
}

static const struct expectation *find_in(const struct expectation *list, size_t n, struct text ref,
					 struct text test)
{
	char name[40], a[40], b[40], tname[40];

	split_line(ref, name, sizeof(name), a, sizeof(a));
	split_line(test, tname, sizeof(tname), b, sizeof(b));
	for (size_t i = 0; i < n; i++) {
		const struct expectation *e = &list[i];

		if (!fnmatch(e->syscall, name, FNM_EXTMATCH) && !strcmp(name, tname) &&
		    args_match(e->args, ref, test) && result_matches(e->ref, a) &&
		    result_matches(e->test, b) && words_match(e->words, ref, test))
			return e;
	}
	return NULL;
}

enum effect expected(bool overlay, struct text ref, struct text test)
{
	const struct expectation *e =
		find_in(everywhere, sizeof(everywhere) / sizeof(everywhere[0]), ref, test);

	if (!e && overlay)
		e = find_in(in_layers, sizeof(in_layers) / sizeof(in_layers[0]), ref, test);
	return e ? e->effect : NOT_EXPECTED;
}
