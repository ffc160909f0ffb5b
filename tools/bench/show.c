/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as words. */
#define _GNU_SOURCE
#include "show.h"
#include <math.h>
#include <string.h>

/* Three digits that count; an exponent only for what nobody has measured. */
static void digits(char *to, size_t size, double v)
{
	if (v >= 99999.5)
		snprintf(to, size, "%.0e", v);
	else
		snprintf(to, size, "%.*f", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v);
}

static struct shown with_unit(double v, const char *const units[], size_t n)
{
	struct shown r = {"-"};
	size_t i = 0;

	if (isnan(v))
		return r;
	for (; i + 1 < n && v >= 999.5; i++)
		v /= 1000;
	digits(r.s, sizeof(r.s) - 4, v);
	strcat(r.s, units[i]);
	return r;
}

struct shown show_ns(double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	return with_unit(ns, units, 4);
}

struct shown show_bytes(double bytes)
{
	static const char *const units[] = {" B", " kB", " MB", " GB", " TB"};
	return with_unit(bytes, units, 5);
}

struct shown show_ratio(double ratio)
{
	static const char *const none[] = {""};
	return with_unit(ratio, none, 1);
}

struct shown show_spread(struct spread s, size_t room)
{
	struct shown r = show_ratio(s.median);

	if (s.n > 1)
		snprintf(r.s, sizeof(r.s), "%.15s %.15s-%.15s", show_ratio(s.median).s, show_ratio(s.low).s,
			 show_ratio(s.high).s);
	return strlen(r.s) <= room ? r : show_ratio(s.median);
}

struct shown show_count(double count)
{
	struct shown r = {"-"};
	char plain[32];
	size_t n, k = 0;

	if (isnan(count))
		return r;
	snprintf(plain, sizeof(plain), "%.0f", fmin(count, 1e15));
	n = strlen(plain);
	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			r.s[k++] = ',';
		r.s[k++] = plain[i];
	}
	r.s[k] = '\0';
	return r;
}
