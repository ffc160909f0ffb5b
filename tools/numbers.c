/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "numbers.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* The digits that arg begins with, at least one; what is behind them comes to *ret_end. */
static int digits(const char *arg, unsigned long max, unsigned long *ret, char **ret_end)
{
	if (*arg < '0' || *arg > '9') /* strtoul(3) takes blanks and signs */
		return -EINVAL;
	errno = 0;
	*ret = strtoul(arg, ret_end, 10);
	return errno || *ret > max ? -EINVAL : 0;
}

int number_whole(const char *arg, unsigned long max, unsigned long *ret)
{
	unsigned long n;
	char *end;

	if (digits(arg, max, &n, &end) < 0 || *end)
		return -EINVAL;
	*ret = n;
	return 0;
}

int number_seconds(const char *arg, double *ret)
{
	char *end;
	double s = strtod(arg, &end);

	if (end == arg || *end || !(s > 0) || s > 1e6)
		return -EINVAL;
	*ret = s;
	return 0;
}

int number_share(const char *arg, unsigned *ret_k, unsigned *ret_n)
{
	unsigned long k, n;
	char *end;

	if (digits(arg, UINT_MAX, &k, &end) < 0 || *end != '/' || number_whole(end + 1, UINT_MAX, &n) < 0 ||
	    k == 0 || k > n)
		return -EINVAL;
	*ret_k = (unsigned)k;
	*ret_n = (unsigned)n;
	return 0;
}
