/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "escape.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

char *escape_utf8(const char *s)
{
	char *out = malloc(3 * strlen(s) + 1), *to = out;

	if (!out)
		return NULL;
	while (*s) {
		unsigned char c = (unsigned char)*s;
		int n = c < 0x80		? 1
			: c >= 0xc2 && c < 0xe0 ? 2
			: c >= 0xe0 && c < 0xf0 ? 3
			: c >= 0xf0 && c < 0xf5 ? 4
						: 0;
		bool good = n > 0;
		for (int i = 1; i < n && good; i++)
			good = ((unsigned char)s[i] & 0xc0) == 0x80;
		/* no longer than need be, no surrogates, nothing above U+10FFFF, and not U+FFFE and U+FFFF */
		unsigned char d = good && n > 1 ? (unsigned char)s[1] : 0x80;
		if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
		    (c == 0xf4 && d > 0x8f) ||
		    (good && n == 3 && !memcmp(s, "\xef\xbf", 2) && (unsigned char)s[2] >= 0xbe))
			good = false;
		if (good) {
			memcpy(to, s, (size_t)n);
			to += n;
			s += n;
		} else {
			to = stpcpy(to, "\xef\xbf\xbd");
			s++;
		}
	}
	*to = '\0';
	return out;
}

void escape_xml(FILE *f, const char *s)
{
	char *text = escape_utf8(s);

	for (const char *c = text; c && *c; c++) {
		switch (*c) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\n':
			fputs("&#10;", f);
			break;
		case '\t':
			fputs("&#9;", f);
			break;
		default:
			fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, f);
		}
	}
	free(text);
}

/* Of UTF-8: U+0000 to U+001F, U+007F to U+009F. */
static bool is_control(const unsigned char *c)
{
	return *c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
}

int escape_terminal(FILE *f, const char *s, int most)
{
	char *text = escape_utf8(s);
	int columns = 0;

	for (const unsigned char *c = (const unsigned char *)text; c && *c; c++) {
		bool control = is_control(c);
		if ((*c & 0xc0) != 0x80 && columns++ == most) { /* not the rest of a character */
			columns = most;
			break;
		}
		if (f)
			fputc(control ? '?' : *c, f);
		c += control && *c == 0xc2;
	}
	free(text);
	return columns;
}
